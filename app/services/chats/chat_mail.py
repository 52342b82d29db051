"""What leaves the house about a chat: one message per chat until it is read, made of what is unread at that moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from flask import current_app, render_template
from flask_babel import gettext, ngettext
from itsdangerous import BadSignature
from sqlalchemy import Row, text

from app.catalogue import KINDS, Kind, Rule
from app.channels.base import Message
from app.errors import NothingToTell
from app.extensions import db
from app.models.chats import Mute
from app.services import audience, render, signing
from app.services.account import account
from app.services.audience import Recipient
from app.services.chats import chat_collected, chat_feed
from app.services.chats.chat_collected import HeldChat
from app.services.people.names import FREE_SQL, NAME_SQL, with_badge
from app.services.routing import DIGEST_OUTCOMES, AccountDefaults, Decision, choose_channels
from app.services.settings import unsubscribe
from app.services.wording import one_line

SHOWN = 8
LINE_LENGTH = 500
_SALT = "chat-link"

_STATE = text(f"""
SELECT d.id, m.mute, m.last_read_seq, c.last_seq, n.unread, n.mention
FROM unnest(CAST(:ids AS bigint[]), CAST(:user_ids AS int[]), CAST(:chat_ids AS int[])) AS d(id, user_id, chat_id)
JOIN chat_members m ON m.chat_id = d.chat_id AND m.user_id = d.user_id AND m.left_at IS NULL
JOIN chats c ON c.id = m.chat_id
JOIN LATERAL {chat_feed.WAITING} n ON true
""")

_UNREAD = text(f"""
SELECT x.seq, x.body, x.has_files, x.created_at, {NAME_SQL} AS author, {FREE_SQL} AS free,
       x.mentions_all OR coalesce(m.user_id = ANY(x.mentioned_ids), false) AS mention
FROM chat_members m JOIN messages x ON x.chat_id = m.chat_id AND x.seq > m.last_read_seq
LEFT JOIN ab_user u ON u.id = x.author_id
WHERE m.chat_id = :chat_id AND m.user_id = :user_id AND m.left_at IS NULL AND {chat_feed.WAITS}
ORDER BY x.seq DESC LIMIT :limit
""")


class ChatDelivery(Protocol):
    """A claimed delivery about a chat; ``data`` is what services/chats/chat_news.py wrote."""

    @property
    def id(self) -> int: ...
    @property
    def channel(self) -> str: ...
    @property
    def user_id(self) -> int | None: ...
    @property
    def address(self) -> str: ...
    @property
    def active(self) -> bool | None: ...
    @property
    def data(self) -> Mapping[str, Any] | None: ...


def refuse_chats(deliveries: Sequence[ChatDelivery]) -> dict[int, str]:
    """Decide again just before sending: what was read, deleted, left, muted or switched off meanwhile is not sent."""
    if not deliveries:
        return {}
    rows = db.session.execute(
        _STATE,
        {
            "ids": [delivery.id for delivery in deliveries],
            "user_ids": [delivery.user_id for delivery in deliveries],
            "chat_ids": [_data(delivery)["chat_id"] for delivery in deliveries],
        },
    )
    states = {row.id: row for row in rows}
    reasons = {}
    for delivery in deliveries:
        reason = _reason(states.get(delivery.id)) if delivery.active else "deactivated"
        if reason is not None:
            reasons[delivery.id] = reason
    left = [delivery for delivery in deliveries if delivery.id not in reasons]
    return reasons | _switched_off(left, {delivery.id: int(states[delivery.id].last_seq) for delivery in left})


def message_of(delivery: ChatDelivery) -> Message:
    """Word what is unread in the chat now. Raises NothingToTell when nothing is."""
    data = _data(delivery)
    chat_id, user_id = int(data["chat_id"]), int(delivery.user_id or 0)
    values = {"chat_id": chat_id, "user_id": user_id, "limit": SHOWN + 1}
    newest = db.session.execute(_UNREAD, values).all()
    items = chat_feed.items_of(db.session(), [user_id], [chat_id])
    db.session.rollback()
    if not newest or not items:
        raise NothingToTell("already_read")
    item = items[0][1]
    lines = [
        {"author": row.author, "free": row.free, "text": _cut(row.body) or gettext("sent a file"), "seq": row.seq}
        for row in reversed(newest[:SHOWN])
    ]
    by = next((with_badge(row.author, row.free) for row in newest if row.mention), None)
    return _worded(delivery, item, lines, max(0, item["count"] - len(lines)), by)


def written_since(chat_id: int, user_id: int, since: dt.datetime) -> list[str]:
    """Return what is unread in a chat and younger than a notice of it, a line each, the oldest first; a few at most."""
    values = {"chat_id": chat_id, "user_id": user_id, "limit": SHOWN}
    rows = [row for row in db.session.execute(_UNREAD, values) if row.created_at > since]
    if account.get_setting("message_texts", "full") == "hidden":
        return [gettext("more was written in this chat")] if rows else []
    return [
        f"{with_badge(row.author or '', row.free)}: {_cut(row.body) or gettext('sent a file')}" for row in rows[::-1]
    ]


def link_token(chat_id: int, user_id: int, seq: int) -> str:
    """Return the token of a mail's link: following it marks the chat read up to that message, for its owner only."""
    return signing.dumps([chat_id, user_id, seq], _SALT)


def chat_of(token: str) -> tuple[int, int, int] | None:
    """Return chat, person and message of a link's token, None for a token that is not ours."""
    try:
        chat_id, user_id, seq = signing.loads(token, _SALT)
        return int(chat_id), int(user_id), int(seq)
    except (BadSignature, ValueError, TypeError):
        return None


def line_of(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return a chat's title and line in a digest or brief, from its item."""
    return _title(item["chat"], item["count"]), one_line(_cut(item["body"]))


def _worded(
    delivery: ChatDelivery, item: dict[str, Any], lines: list[dict[str, Any]], more: int, mentioned_by: str | None
) -> Message:
    chat, user_id = item["chat"], int(delivery.user_id or 0)
    tag, seq = str(_data(delivery)["tag"]), int(lines[-1]["seq"])
    hidden = account.get_setting("message_texts", "full") == "hidden"
    if hidden:
        title, lines, more = render.hidden_title(tag), [], 0
    else:
        title = _title(chat, item["count"], mentioned_by)
    link = render.absolute(current_app.config["PUBLIC_URL"], f"/go/chat/{link_token(chat['id'], user_id, seq)}")
    direct = chat["kind"] == "direct"
    spoken = [(with_badge(line["author"], line["free"]), line["text"]) for line in lines]
    words = "\n".join(said if direct or not author else f"{author}: {said}" for author, said in spoken)
    message = Message(
        delivery_id=delivery.id,
        subject=render.cut(title),
        title=title,
        text=words[-1000:],
        url=link,
        tag=tag,
        thread=f"chat:{chat['id']}",
        item=item["id"],
    )
    return _as_mail(message, lines, more, user_id) if delivery.channel == "email" else message


def _as_mail(message: Message, lines: list[dict[str, Any]], more: int, user_id: int) -> Message:
    stop = unsubscribe.url_for_row(user_id, KINDS[message.tag].row)
    context = {
        "headline": {"title": message.title, "body": one_line(lines[-1]["text"])[:120] if lines else ""},
        "lines": lines,
        "more": more,
        "link": message.url,
        "subject": message.subject,
        "settings_url": render.absolute(current_app.config["PUBLIC_URL"], render.SETTINGS_PATH),
        "unsubscribe_url": stop,
        "required_by": "",
    }
    return replace(
        message,
        text=render.squeeze(render_template("email/chat_messages/body.txt", **context)),
        html=render.INLINER.inline(render_template("email/chat_messages/body.html", **context)),
        headers=render.unsubscribe_headers(stop),
    )


def _title(chat: Mapping[str, Any], count: int, mentioned_by: str | None = None) -> str:
    name = with_badge(one_line(chat["name"]), chat["person_free"])
    if chat["mention"] and mentioned_by:
        return gettext("%(author)s mentioned you in %(chat)s", author=mentioned_by, chat=name)
    if chat["mention"]:
        return gettext("You are mentioned in %(chat)s", chat=name)
    if chat["kind"] in ("direct", "client"):
        return ngettext("%(num)s message from %(chat)s", "%(num)s messages from %(chat)s", count, chat=name)
    return ngettext("%(num)s message in %(chat)s", "%(num)s messages in %(chat)s", count, chat=name)


def _reason(state: Row[Any] | None) -> str | None:
    if state is None:
        return "not_a_member"
    if not state.unread:
        return "already_read"
    if state.mute == Mute.ALL or (state.mute == Mute.ALL_BUT_MENTIONS and not state.mention):
        return "muted"
    return None


def _switched_off(deliveries: Sequence[ChatDelivery], newest: Mapping[int, int]) -> dict[int, str]:
    """Route anew: two statements per kind in the batch, however many people. What is held by now joins the brief."""
    reasons: dict[int, str] = {}
    held: list[HeldChat] = []
    for_digest: list[tuple[int, int, str, str, int]] = []
    for tag, rule in {(_data(delivery)["tag"], _data(delivery)["rule"]) for delivery in deliveries}:
        kind = KINDS[tag]
        same = [d for d in deliveries if _data(d)["tag"] == tag and _data(d)["rule"] == rule]
        people = audience.recipients(kind, {int(d.user_id or 0): Rule(rule) for d in same})
        account = audience.account_defaults(kind.row)
        known = {person.user_id: person for person in people}
        for delivery in same:
            person = known.get(int(delivery.user_id or 0))
            decision = _decision(kind, person, account, delivery.channel) if person else None
            if person is None or decision is None:
                reasons[delivery.id] = "deactivated"
            elif delivery.address not in person.addresses(decision.channel):
                reasons[delivery.id] = "address_changed"
            elif not decision.leaves_the_house:
                reasons[delivery.id] = decision.outcome.value
                chat_id, seq, hold = int(_data(delivery)["chat_id"]), newest[delivery.id], person.facts.held
                if decision.is_held and hold is not None:
                    at = (delivery.channel, delivery.address, hold.until)
                    held.append(HeldChat(chat_id, person.user_id, *at, tag, rule, seq))
                elif decision.outcome in DIGEST_OUTCOMES:
                    for_digest.append((person.user_id, chat_id, tag, rule, seq))
    chat_collected.hold(held)
    chat_collected.wait_for_digest(for_digest)
    return reasons


def _decision(kind: Kind, person: Recipient, account: AccountDefaults, channel: str) -> Decision | None:
    decisions = choose_channels(kind, person.facts, account)
    return next((decision for decision in decisions if decision.channel == channel), None)


def _data(delivery: ChatDelivery) -> Mapping[str, Any]:
    return delivery.data or {}


def _cut(body: str) -> str:
    return body if len(body) <= LINE_LENGTH else body[: LINE_LENGTH - 1].rstrip() + "…"
