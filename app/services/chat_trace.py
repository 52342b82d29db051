"""Why a chat is in my center, and what left the house about it: the chats' side of ``trace``."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from sqlalchemy import text

from app.catalogue import KINDS, Channel, Rule
from app.errors import NotFound
from app.extensions import db
from app.models.chats import Mute
from app.services import audience, chat_feed, trace
from app.services.routing import choose_channels

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
    return {
        "item": item,
        "id": item["id"],
        "event": item["event"],
        "at": item["at"],
        "rule": _why(chat, mentioned),
        "channels": [
            {"channel": "center", "state": "sent", "text": gettext("In your center"), "at": item["at"]},
            *(trace.channel_outcome(one, decided.get(one), deliveries.get(one.value)) for one in Channel),
        ],
        "earlier": [],
    }


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
