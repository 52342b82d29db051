"""News in words: a headline for the center and its popups, and the whole mail.

Pure but for the language (flask_babel's) and the settings: no database, no request. What happened comes as the event's
snapshot, why somebody is told as the rule that found them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import css_inline
from flask import current_app, render_template
from flask_babel import gettext

from app import clock
from app.catalogue import KINDS, Rule
from app.channels.base import Message, Urgency
from app.services import labels
from app.services.account import error_words
from app.services.calls import call_words
from app.services.chats import added_words
from app.services.imports import import_words
from app.services.limits import limit_words
from app.services.mails import mail_words
from app.services.payments import billing_words, stripe_words
from app.services.people import hand_over_words
from app.services.talks import talk_words
from app.services.wording import TaskNews, one_line, title_and_body

SETTINGS_PATH = "/profile/#notifications"
SUBJECT_LENGTH = 120
INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)


@dataclass(frozen=True, slots=True)
class Headline:
    """One line and a half: what the feed, a popup and a push show. ``icon`` is a name of the sprite."""

    title: str
    body: str
    url: str
    icon: str


class Recipient(Protocol):
    """Who reads it; a user's row will do."""

    @property
    def zone(self) -> str: ...


class Numbered(Protocol):
    """A delivery's row."""

    @property
    def id(self) -> int: ...


def headline(
    tag: str, rule: str, data: Mapping[str, Any], zone: str = "UTC", now: dt.datetime | None = None
) -> Headline:
    """The headline of one event for one person.

    ``zone`` is the reader's; ``now`` makes "tomorrow" mean something. Raises KeyError for a tag without words.
    """
    if tag.startswith(error_words.PREFIX):
        title, body = error_words.title_and_body(tag, data, rule)
        data = {**data, "url": error_words.url_of(data, rule)}
    elif talk_words.knows(tag):
        title, body = talk_words.title_and_body(tag, data, rule)
    elif tag.startswith(limit_words.PREFIX):
        title, body = limit_words.title_and_body(tag, data, rule)
        data = {**data, "url": limit_words.url_of(data, rule)}
    elif tag == import_words.TAG:
        title, body = import_words.title_and_body(data)
    elif tag == hand_over_words.TAG:
        title, body = hand_over_words.title_and_body(data)
    elif tag.startswith(stripe_words.PREFIX):
        title, body = stripe_words.title_and_body(tag, data)
        data = {**data, "url": stripe_words.url_of(data, rule)}
    elif tag.startswith(call_words.PREFIX):
        title, body = call_words.title_and_body(tag, data)
    elif tag.startswith(billing_words.PREFIX):
        title, body = billing_words.title_and_body(tag, data, now or clock.now())
    elif tag == "report:ready":
        title, body = one_line(data.get("title")), one_line(data.get("summary"))
    elif tag.startswith(mail_words.PREFIX):
        title, body = mail_words.title_and_body(data)
    elif tag.startswith(added_words.PREFIX):
        title, body = added_words.title_and_body(data)
    else:
        title, body = title_and_body(tag, TaskNews.read(data, zone, now or clock.now()), rule)
    icon = KINDS[tag].icon if tag in KINDS else "bell"
    return Headline(title, body, str(data.get("url") or ""), icon)


def letter(delivery: Numbered, folder: str, tag: str, line: Headline, **context: Any) -> Message:
    """A mail that is no news and has nothing to unsubscribe from: an invitation, a new password.

    ``line.url`` is the whole address that the button leads to; ``context`` is for ``templates/email/<folder>``.
    """
    whole = {"headline": line, "subject": cut(line.title), "link": line.url} | context
    whole |= {"settings_url": "", "unsubscribe_url": "", "required_by": ""}
    return Message(
        delivery_id=delivery.id,
        subject=cut(line.title),
        title=line.title,
        text=squeeze(render_template(f"email/{folder}/body.txt", **whole)),
        html=INLINER.inline(render_template(f"email/{folder}/body.html", **whole)),
        url=line.url,
        tag=tag,
    )


def email_message(
    tag: str,
    rule: str,
    data: Mapping[str, Any],
    recipient: Recipient,
    delivery: Numbered,
    *,
    unsubscribe_url: str = "",
    required_by: str = "",
    hidden: bool = False,
    now: dt.datetime | None = None,
) -> Message:
    """The mail about one event to one person, from ``templates/email/<event>``.

    ``data["link"]`` is where the button leads (it marks the item as read), else ``data["url"]`` under PUBLIC_URL.
    ``unsubscribe_url`` sets the headers of RFC 8058; ``required_by`` names who made this mail mandatory instead.
    ``hidden``: it says that there is news, and of what kind, but not which.
    """
    at = now or clock.now()
    home = current_app.config["PUBLIC_URL"]
    line = headline(tag, rule, data, recipient.zone, at)
    link = absolute(home, str(data.get("link") or line.url))
    folder = "email/hidden" if hidden else folder_of(tag)
    if hidden:
        line = Headline(hidden_title(tag), "", line.url, line.icon)
    context = {
        "headline": line,
        "task": TaskNews.read(data, recipient.zone, at),
        "for_author": rule == Rule.AUTHOR,
        "data": data,
        "concerned": rule == Rule.CONCERNED,
        "link": link,
        "settings_url": absolute(home, SETTINGS_PATH),
        "unsubscribe_url": unsubscribe_url,
        "required_by": required_by,
    }
    subject = cut(one_line(render_template(f"{folder}/subject.txt", **context)))
    context["subject"] = subject
    return Message(
        delivery_id=delivery.id,
        subject=subject,
        title=line.title,
        text=squeeze(render_template(f"{folder}/body.txt", **context)),
        html=INLINER.inline(render_template(f"{folder}/body.html", **context)),
        url=link,
        tag=tag,
        thread=f"task:{data['task_id']}" if data.get("task_id") is not None else "",
        headers={} if required_by else unsubscribe_headers(unsubscribe_url),
        urgency=Urgency.HIGH if tag in KINDS and KINDS[tag].urgent else Urgency.NORMAL,
    )


def folder_of(tag: str) -> str:
    """Where a kind's mail is written."""
    if talk_words.knows(tag):
        return "email/talk"
    if tag.startswith(limit_words.PREFIX):
        return "email/limit"
    if tag.startswith(call_words.PREFIX):
        return "email/call"
    if tag.startswith(stripe_words.PREFIX):
        return "email/payment"
    if tag.startswith(billing_words.PREFIX):
        return "email/billing"
    return "email/error" if tag.startswith(error_words.PREFIX) else f"email/{tag.replace(':', '_')}"


def hidden_title(tag: str) -> str:
    """What is said of a kind of news where its texts are hidden."""
    label = labels.row_label(KINDS[tag].row) if tag in KINDS else gettext("Frontdesk")
    return gettext("News: %(kind)s", kind=label)


def absolute(home: str, address: str) -> str:
    """An address under PUBLIC_URL, unless it is whole already."""
    return address if address.startswith(("https://", "http://")) else f"{home}/{address.lstrip('/')}"


def cut(subject: str) -> str:
    """A subject of at most SUBJECT_LENGTH characters."""
    return subject if len(subject) <= SUBJECT_LENGTH else subject[: SUBJECT_LENGTH - 1].rstrip() + "…"


def squeeze(text: str) -> str:
    """At most one empty line in a row: what a template leaves out must not leave a hole."""
    lines = text.strip().splitlines()
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if line.strip() or before.strip()]
    return "\n".join(kept) + "\n"


def unsubscribe_headers(url: str) -> dict[str, str]:
    """The headers of RFC 8058: one click in the mail program is enough."""
    if not url:
        return {}
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
