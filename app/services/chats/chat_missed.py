"""The chats' side of *why did I not get*: what others wrote in a time, and what left the house about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import Row, text

from app.catalogue import KINDS, Channel, Rule
from app.extensions import db
from app.models.chats import Mute
from app.models.people import User
from app.services import audience, trace
from app.services.chats import chat_feed
from app.services.chats.chat_trace import MUTED, collected_of, part_of
from app.services.routing import choose_channels

LOOKED_AT = 200

_WRITTEN = text("""
SELECT c.id, c.kind, m.mute, n.written, n.at, n.mentioned, t.responsible_id
FROM chat_members m JOIN chats c ON c.id = m.chat_id
JOIN LATERAL (
    SELECT count(*) AS written, max(x.created_at) AS at,
           bool_or(x.mentions_all OR coalesce(m.user_id = ANY(x.mentioned_ids), false)) AS mentioned
    FROM (SELECT * FROM messages y WHERE y.chat_id = c.id ORDER BY y.seq DESC LIMIT :looked_at) x
    WHERE x.created_at BETWEEN :since AND :until AND x.author_id IS DISTINCT FROM m.user_id
      AND x.author_kind <> 'system' AND x.deleted_at IS NULL AND x.created_at >= m.joined_at
) n ON n.written > 0
LEFT JOIN LATERAL (SELECT responsible_id FROM talks WHERE chat_id = c.id ORDER BY number DESC LIMIT 1) t ON true
WHERE m.user_id = :user_id AND m.left_at IS NULL AND m.role <> 'viewer' AND c.changed_at >= :since
ORDER BY n.at DESC LIMIT :limit
""")

_SENT = text("""
SELECT CAST(data ->> 'chat_id' AS int) AS chat_id, channel, state, skip_reason, error, not_before, finished_at,
       attempts, address
FROM deliveries WHERE user_id = :user_id AND purpose = 'chat' AND CAST(data ->> 'chat_id' AS int) = ANY(:chat_ids)
  AND created_at BETWEEN :since AND :until ORDER BY id
""")


def of_person(user: User, row: str, since: dt.datetime, until: dt.datetime, limit: int) -> list[dict[str, Any]]:
    """Return the chats of a row of the matrix in which others wrote, in the shape of ``missed``; one entry per chat."""
    if not row.startswith("chat_"):
        return []
    values = {"user_id": user.id, "since": since, "until": until}
    written = [
        one
        for one in db.session.execute(_WRITTEN, {**values, "limit": limit, "looked_at": LOOKED_AT})
        if KINDS[_tag(one)].row == row
    ]
    if not written:
        return []
    ids = [one.id for one in written]
    sent: dict[tuple[int, str], Row[Any]] = {
        (one.chat_id, one.channel): one for one in db.session.execute(_SENT, {**values, "chat_ids": ids})
    }
    collected = collected_of(user.id, ids, since=since)
    names = {item["chat"]["id"]: item["title"] for _, item in chat_feed.items_of(db.session(), [user.id], ids)}
    decided = {key: _decided(user, *key) for key in {(_tag(one), _rule(one, user.id)) for one in written}}
    return [_entry(one, user, names, sent, collected, decided[_tag(one), _rule(one, user.id)]) for one in written]


def _entry(
    one: Row[Any],
    user: User,
    names: Mapping[int, str],
    sent: Mapping[tuple[int, str], Row[Any]],
    collected: Mapping[tuple[int, str], Row[Any]],
    decided: Mapping[Channel, str],
) -> dict[str, Any]:
    muted = one.mute == Mute.ALL or (one.mute == Mute.ALL_BUT_MENTIONS and not one.mentioned)
    lines = [{"channel": "center", "state": "sent", "text": gettext("In your center"), "at": one.at.isoformat()}]
    for channel in Channel:
        delivery = sent.get((one.id, channel.value))
        decision = MUTED if muted else decided.get(channel)
        if delivery is None and decision in trace.SENT_AT_ONCE:
            # A chat is told once until it is read, and not at all while one looks at it.
            words = gettext("Nothing more was sent: you were in the chat, or told before and had not read it")
            lines.append({"channel": channel.value, "state": "skipped", "text": words, "at": None})
        else:
            brief = part_of(collected.get((one.id, channel.value)), delivery)
            lines.append(trace.channel_outcome(channel, decision, delivery, brief, user.zone))
    count = ngettext("%(num)s message", "%(num)s messages", one.written)
    return {
        "at": one.at.isoformat(),
        "event": _tag(one),
        "title": f"{names.get(one.id) or gettext('Chat')} · {count}",
        "item": f"c:{one.id}",
        "why": gettext("You are mentioned in this chat") if one.mentioned else gettext("You are in this chat"),
        "channels": lines,
    }


def _tag(one: Row[Any]) -> str:
    if one.mentioned:
        return "chat:mention"
    return chat_feed.tag_of(one.kind)


def _rule(one: Row[Any], user_id: int) -> Rule:
    if one.mentioned:
        return Rule.MENTIONED
    if one.kind != "client":
        return Rule.MEMBER
    return Rule.RESPONSIBLE if one.responsible_id == user_id else Rule.GROUP


def _decided(user: User, tag: str, rule: Rule) -> dict[Channel, str]:
    """What the settings say now."""
    kind = KINDS[tag]
    people = audience.recipients(kind, {user.id: rule})
    if not people:
        return {}
    chosen = choose_channels(kind, people[0].facts, audience.account_defaults(kind.row))
    return {decision.channel: decision.outcome.value for decision in chosen}
