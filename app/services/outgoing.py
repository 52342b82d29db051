"""From a claimed delivery to the message that its channel sends, by what the delivery is for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import current_app, render_template
from flask_babel import gettext, ngettext

from app import clock
from app.catalogue import KINDS, Channel
from app.channels.base import Message, Urgency
from app.clock import zone_of
from app.errors import SendError
from app.services import labels, recheck, retractions
from app.services.account import account, webhook_out
from app.services.chats import chat_mail
from app.services.chats.chat_collected import ChatContent
from app.services.claimed import Claimed, Content
from app.services.clients import client_mail, messenger_out
from app.services.mailing import link_token
from app.services.mails import mail_answers
from app.services.people import invitations, password_resets
from app.services.render import (
    INLINER,
    SETTINGS_PATH,
    Headline,
    absolute,
    cut,
    email_message,
    headline,
    hidden_title,
    squeeze,
    unsubscribe_headers,
)
from app.services.reports import report_mail, report_recipients
from app.services.settings import unsubscribe
from app.services.tasks.due_words import short_due
from app.services.wording import TEST_TAG

SHOWN_PER_KIND = 5
SHOWN_IN_A_PUSH = 3
SHOWN_IN_A_CHAT = 10


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a delivery is for: ``refuse`` says which must not leave any more and why, ``message`` words the rest.

    ``after`` hears in a transaction how each try ended: with no error, or with one (``final``: it was the last try).
    """

    refuse: Callable[[Sequence[Claimed]], dict[int, str]]
    message: Callable[[Claimed], Message]
    after: Callable[[Claimed, SendError | None, bool], None] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a digest or brief: a notice or a chat, in words. ``thread`` is what later news about it replaces."""

    tag: str
    title: str
    body: str
    link: str
    when: str
    at: dt.datetime
    item: str
    thread: str


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of news in a digest or brief: the newest lines of it, and the way to all."""

    label: str
    count: int
    lines: tuple[Line, ...]
    link: str


def notice_message(delivery: Claimed) -> Message:
    """Word one notice, for a mail or for a device."""
    tag, rule = str(delivery.event_tag), str(delivery.rule)
    link = f"/go/{link_token(int(delivery.notification_id or 0))}"
    if delivery.channel == Channel.EMAIL:
        unsubscribe_url = unsubscribe.url_for_row(int(delivery.user_id or 0), KINDS[tag].row)
        return email_message(
            tag,
            rule,
            {**(delivery.event_data or {}), "link": link},
            Reader(delivery.zone),
            delivery,
            unsubscribe_url="" if delivery.found.required_by else unsubscribe_url,
            required_by=delivery.found.required_by,
            hidden=texts_hidden(),
        )
    line = _line_of(tag, rule, delivery.event_data or {}, delivery.zone or "UTC")
    return Message(
        delivery_id=delivery.id,
        subject=line.title,
        title=line.title,
        text=line.body,
        url=absolute(current_app.config["PUBLIC_URL"], link),
        tag=tag,
        thread=str(delivery.subject_key or ""),
        item=f"n:{delivery.item_id}",
        urgency=Urgency.HIGH if KINDS[tag].urgent else Urgency.NORMAL,
    )


def collected_message(delivery: Claimed) -> Message:
    """Word a digest or brief from what is still unread of it: grouped by kind, the newest of each."""
    zone = delivery.zone or "UTC"
    home = current_app.config["PUBLIC_URL"]
    lines = [_line(one, zone, home) for one in _one_per_item(delivery.found.contents)]
    lines += [_chat_line(chat, zone, home) for chat in delivery.found.chats]
    lines.sort(key=lambda line: line.at, reverse=True)
    if delivery.channel != Channel.EMAIL:
        return _short_brief(delivery, lines, home)
    digest = delivery.purpose == "digest"
    window = _moment((delivery.data or {}).get("window"))
    title = ngettext("%(num)s unread", "%(num)s unread", len(lines))
    title = (
        gettext("Your digest: %(count)s", count=title)
        if digest
        else gettext("While it was quiet: %(count)s", count=title)
    )
    late = bool((delivery.data or {}).get("late"))
    stop = unsubscribe.url_for_digest(int(delivery.user_id or 0)) if digest else ""
    context = {
        "headline": Headline(title, gettext("Still unread, the newest first.") if digest else "", "/center", "bell"),
        "subject": cut(title),
        "groups": _groups(lines, home),
        "link": absolute(home, "/center"),
        "settings_url": absolute(home, SETTINGS_PATH),
        "unsubscribe_url": stop,
        "required_by": "",
        "late": late,
        "window": f"{window.astimezone(zone_of(zone)):%H:%M}" if window else "",
    }
    folder = f"email/{delivery.purpose}"
    return Message(
        delivery_id=delivery.id,
        subject=cut(title),
        title=title,
        text=squeeze(render_template(f"{folder}/body.txt", **context)),
        html=INLINER.inline(render_template(f"{folder}/body.html", **context)),
        url=absolute(home, "/center"),
        tag=delivery.purpose,
        headers=unsubscribe_headers(stop),
    )


def test_message(delivery: Claimed) -> Message:
    """Word a test notification."""
    if delivery.channel == Channel.EMAIL:
        return email_message(TEST_TAG, "", {"link": SETTINGS_PATH}, Reader(delivery.zone), delivery)
    line = headline(TEST_TAG, "", {}, delivery.zone or "UTC")
    return Message(
        delivery_id=delivery.id,
        subject=line.title,
        title=line.title,
        text=line.body,
        url=absolute(current_app.config["PUBLIC_URL"], SETTINGS_PATH),
        tag=TEST_TAG,
        thread=TEST_TAG,
    )


# Adding something that leaves the house: an entry here, and rows with its purpose.
PURPOSES: dict[str, Purpose] = {
    "notice": Purpose(recheck.refuse_notices, notice_message),
    "digest": Purpose(recheck.refuse_collected, collected_message),
    "brief": Purpose(recheck.refuse_collected, collected_message),
    "chat": Purpose(chat_mail.refuse_chats, chat_mail.message_of),
    client_mail.PURPOSE: Purpose(client_mail.refuse, client_mail.message_of, client_mail.after),
    "messenger": Purpose(recheck.refuse_nothing, messenger_out.message_of, messenger_out.ended),
    retractions.PURPOSE: Purpose(recheck.refuse_nothing, retractions.message_of),
    invitations.PURPOSE: Purpose(invitations.refuse, invitations.message_of),
    password_resets.PURPOSE: Purpose(password_resets.refuse, password_resets.message_of),
    "webhook": Purpose(webhook_out.refuse, webhook_out.message_of, webhook_out.note_try),
    "report": Purpose(report_mail.refuse_reports, report_mail.report_message),
    report_recipients.CONFIRM_PURPOSE: Purpose(report_mail.refuse_confirmations, report_mail.confirm_message),
    mail_answers.PURPOSE: Purpose(recheck.refuse_nothing, mail_answers.message_of, mail_answers.note_try),
    "test": Purpose(recheck.refuse_nothing, test_message),
}


class Reader:
    """The zone that a message speaks in."""

    def __init__(self, zone: str | None) -> None:
        self.zone = zone or "UTC"


def texts_hidden() -> bool:
    """Whether admins want no texts of messages in mails, pushes and Telegram."""
    return bool(account.get_setting("message_texts", "full") == "hidden")


def _line_of(tag: str, rule: str, data: Mapping[str, object], zone: str) -> Headline:
    line = headline(tag, rule, data, zone)
    return Headline(hidden_title(tag), "", line.url, line.icon) if texts_hidden() else line


def _one_per_item(contents: Sequence[Content]) -> list[Content]:
    """The newest notice of each item: the center shows one row for them, too."""
    newest: dict[int, Content] = {}
    for one in contents:
        newest.setdefault(one.item_id, one)
    return list(newest.values())


def _groups(lines: Sequence[Line], home: str) -> list[Group]:
    by_row: dict[str, list[Line]] = {}
    for line in lines:
        by_row.setdefault(KINDS[line.tag].row, []).append(line)
    order = list(labels.ROWS)
    return [
        Group(
            label=labels.row_label(row),
            count=len(found),
            lines=tuple(found[:SHOWN_PER_KIND]),
            link=absolute(home, f"/center?tab={KINDS[found[0].tag].tab.value}"),
        )
        for row, found in sorted(by_row.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else 99)
    ]


def _line(one: Content, zone: str, home: str) -> Line:
    words = _line_of(one.event_tag, one.rule, one.event_data, zone)
    return Line(
        tag=one.event_tag,
        title=words.title,
        body=words.body,
        link=absolute(home, f"/go/{link_token(one.notification_id)}"),
        when=short_due(one.at, zone, clock.now(), all_day=False),
        at=one.at,
        item=f"n:{one.item_id}",
        thread=one.subject_key,
    )


def _chat_line(chat: ChatContent, zone: str, home: str) -> Line:
    item = chat.item
    assert item is not None  # what its reader has left was refused
    title, body = (hidden_title(chat.tag), "") if texts_hidden() else chat_mail.line_of(item)
    at = dt.datetime.fromisoformat(item["at"])
    token = chat_mail.link_token(chat.chat_id, chat.user_id, item["chat"]["last_seq"])
    return Line(
        tag=chat.tag,
        title=title,
        body=body,
        link=absolute(home, f"/go/chat/{token}"),
        when=short_due(at, zone, clock.now(), all_day=False),
        at=at,
        item=str(item["id"]),
        thread=f"chat:{chat.chat_id}",
    )


def _short_brief(delivery: Claimed, lines: Sequence[Line], home: str) -> Message:
    """A brief for a device or a messenger: one line each, or the news itself where it is the only one."""
    single = lines[0] if len(lines) == 1 else None
    if single is not None:
        title, body, url = single.title, single.body, single.link
    else:
        title = ngettext("%(num)s new while it was quiet", "%(num)s new while it was quiet", len(lines))
        shown = SHOWN_IN_A_CHAT if delivery.channel == Channel.TELEGRAM else SHOWN_IN_A_PUSH
        more = [gettext("and %(count)s more", count=len(lines) - shown)] if len(lines) > shown else []
        body, url = "\n".join([*(line.title for line in lines[:shown]), *more]), absolute(home, "/center")
    return Message(
        delivery_id=delivery.id,
        subject=title,
        title=title,
        text=body,
        url=url,
        tag=single.tag if single else "brief",
        thread=single.thread if single else "brief",
        item=single.item if single else "",
    )


def _moment(iso: object) -> dt.datetime | None:
    return dt.datetime.fromisoformat(str(iso)) if iso else None
