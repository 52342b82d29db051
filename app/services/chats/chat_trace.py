"""Why a chat is in my center, and what left the house about it: the chats' side of ``trace``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, text

from app.catalogue import KINDS, Channel, Rule
from app.errors import NotFound
from app.extensions import db
from app.models.chats import Mute
from app.services import audience, trace
from app.services.chats import chat_feed
from app.services.routing import DIGEST_OUTCOMES, Outcome, choose_channels

MUTED = "muted"


def of_chat(user_id: int, chat_id: int) -> dict[str, Any]:
    """Return the item, why it is there, and each channel's outcome, in the shape of ``trace.of_item``.

    One message per channel is sent until the chat is read. Where none was, this is what would be decided now. Raises
    NotFound for a chat that is not this person's.
    """
    items = chat_feed.items_of(db.session(), [user_id], [chat_id])
    if not items:
        raise NotFound("Item")
    item = items[0][1]
    chat = item["chat"]
    mentioned = chat["mention"]
    kind = KINDS[item["event"]]
    rule = Rule.MENTIONED if mentioned else _rule_of(chat, user_id)
    people = audience.recipients(kind, {user_id: rule})
    account = audience.account_defaults(kind.row)
    chosen = choose_channels(kind, people[0].facts, account) if people else ()
    decided = {decision.channel: decision.outcome.value for decision in chosen}
    if chat["mute"] == Mute.ALL or (chat["mute"] == Mute.ALL_BUT_MENTIONS and not mentioned):
        decided = dict.fromkeys(Channel, MUTED)
    rows = db.session.execute(
        text(
            "SELECT channel, state, skip_reason, error, not_before, finished_at, attempts, address FROM deliveries"
            " WHERE user_id = :user_id AND purpose = 'chat' AND CAST(data ->> 'chat_id' AS int) = :chat_id"
            " AND CAST(data ->> 'read_seq' AS bigint) >= :read_seq ORDER BY id"
        ),
        {"user_id": user_id, "chat_id": chat_id, "read_seq": chat["last_read_seq"]},
    ).all()
    deliveries = {row.channel: row for row in rows}
    collected = collected_of(user_id, [chat_id], after_seq=chat["last_read_seq"])
    zone = str(db.session.execute(text("SELECT zone FROM ab_user WHERE id = :id"), {"id": user_id}).scalar_one())
    return {
        "item": item,
        "id": item["id"],
        "event": item["event"],
        "at": item["at"],
        "rule": _why(chat, mentioned),
        "channels": [
            {"channel": "center", "state": "sent", "text": gettext("In your center"), "at": item["at"]},
            *(
                trace.channel_outcome(
                    one,
                    decided.get(one),
                    deliveries.get(one.value),
                    part_of(collected.get((chat_id, one.value)), deliveries.get(one.value)),
                    zone,
                )
                for one in Channel
            ),
        ],
        "earlier": [],
    }


def part_of(collected: Row[Any] | None, delivery: Row[Any] | None) -> Row[Any] | None:
    """Return the brief or digest that speaks for a channel: not where the chat's own message left all the same."""
    if delivery is None or delivery.skip_reason in (Outcome.HELD, *DIGEST_OUTCOMES):
        return collected
    return None


def collected_of(
    user_id: int, chat_ids: Sequence[int], *, after_seq: int = 0, since: dt.datetime | None = None
) -> dict[tuple[int, str], Row[Any]]:
    """Return the newest brief or digest that each chat is part of, per channel; ``since`` leaves older ones out."""
    rows = db.session.execute(
        text(
            "SELECT c.chat_id, d.channel, d.purpose, d.state, d.not_before, d.finished_at, d.skip_reason, d.error"
            " FROM delivery_chats c JOIN deliveries d ON d.id = c.delivery_id"
            " WHERE c.chat_id = ANY(:chat_ids) AND d.user_id = :user_id AND c.seq > :after_seq"
            " AND d.created_at >= coalesce(CAST(:since AS timestamptz), d.created_at) ORDER BY d.id"
        ),
        {"chat_ids": list(chat_ids), "user_id": user_id, "after_seq": after_seq, "since": since},
    )
    return {(row.chat_id, row.channel): row for row in rows}


def _why(chat: dict[str, Any], mentioned: bool) -> str:
    if mentioned:
        return gettext("You are mentioned in this chat")
    if chat["kind"] == "direct":
        return gettext("This chat is between you and %(name)s", name=chat["name"])
    if chat["kind"] == "client":
        talk = chat["talk"] or {}
        return gettext("It belongs to your group") if not talk.get("responsible") else gettext("You are in this talk")
    return gettext("You are a member of this chat")


def _rule_of(chat: dict[str, Any], user_id: int) -> Rule:
    """A client's chat concerns who is responsible, and the group as long as nobody is."""
    if chat["kind"] != "client":
        return Rule.MEMBER
    talk = chat["talk"] or {}
    return Rule.RESPONSIBLE if talk.get("responsible_id") == user_id else Rule.GROUP
