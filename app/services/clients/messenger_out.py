"""What the team writes to the client of a messenger, on its way out through the same outbox as everything else."""

from __future__ import annotations

import json
from typing import Any

from flask import current_app
from flask_babel import gettext
from sqlalchemy import text

from app import access, clock
from app.channels.base import Message
from app.errors import Conflict, Forbidden, NothingToTell, SendError
from app.extensions import db
from app.models.chats import MemberRole
from app.models.notifications import DeliveryState
from app.models.talks import Messenger, Talk
from app.services import outbound
from app.services.claimed import Claimed
from app.transaction import on_commit

PURPOSE = CHANNEL = "messenger"

# One delivery per message; nothing for a client of a widget.
_WRITE = text("""
INSERT INTO deliveries (dedupe_key, purpose, channel, address, state, not_before, data, created_at)
SELECT 'm:' || m.id, 'messenger', 'messenger', v.external_id, 'pending', :now,
       jsonb_build_object('message_id', m.id, 'messenger_id', v.messenger_id, 'chat_id', m.chat_id), :now
FROM messages m JOIN visitors v ON v.chat_id = m.chat_id
WHERE m.id = :message_id AND v.messenger_id IS NOT NULL AND m.public
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING id
""")


def send_message(chat_id: int, message_id: int) -> None:
    """Have a public message delivered where the client is in a messenger."""
    row = db.session.execute(_WRITE, {"message_id": message_id, "now": clock.now()}).first()
    if row is not None:
        _wake(row.id)


def send_words(talk: Talk, words: str) -> None:
    """Write a line of ours to the client of a messenger: the question for a score, and thanks for it."""
    from app.services.clients import client_messages

    statement = text("SELECT 1 FROM visitors WHERE chat_id = :id AND messenger_id IS NOT NULL")
    if db.session.execute(statement, {"id": talk.chat_id}).first() is not None:
        client_messages.insert(talk.chat_id, words, kind="system", public=True)


def _wake(delivery_id: int) -> None:

    on_commit(lambda: outbound.enqueue([(CHANNEL, delivery_id)]))


def send_again(user_id: int, message_id: int) -> dict[str, Any]:
    """Try at once to hand over a message that waits for its next try, or has failed. Return it as it is now.

    Raises NotFound, Forbidden for who may write notes only, Conflict for one that is not waiting.
    """
    from app.services import delivery
    from app.services.chats import message_pages

    message = access.access_message(user_id, message_id)
    if access.access_chat(user_id, message.chat_id).role == MemberRole.GUEST:
        raise Forbidden("You were asked by a colleague: only notes are possible here")
    found = text(
        "UPDATE deliveries SET not_before = CASE state WHEN 'pending' THEN :now ELSE not_before END"
        " WHERE dedupe_key = 'm:' || CAST(:id AS text) AND state IN ('pending', 'failed') RETURNING id, state"
    )
    row = db.session.execute(found, {"id": message_id, "now": clock.now()}).one_or_none()
    if row is None or (row.state == DeliveryState.FAILED and not delivery.send_again(row.id)):
        raise Conflict("not_waiting", gettext("This message has been handed over already"))
    _show(message.chat_id, message_id)
    _wake(row.id)
    return message_pages.one(db.session(), message_id)


def show_failed(chat_id: int, message_id: int, reason: str) -> None:
    """Mark a message of ours as one that did not reach the client, and say so in the chat."""
    from app.services.clients import client_messages

    _show(chat_id, message_id)
    words = gettext("A message did not reach the client: %(reason)s", reason=reason or gettext("no reason given"))
    client_messages.announce(chat_id, words)


def ended(delivery: Claimed, error: SendError | None, final: bool) -> None:
    """A try to hand a message to its messenger has ended: where it was written it shows that it was sent, waits for
    the next try, or failed for good."""
    data = delivery.data or {}
    if error is not None and final:
        show_failed(int(data["chat_id"]), int(data["message_id"]), error.reason)
        return
    _show(int(data["chat_id"]), int(data["message_id"]))


def _show(chat_id: int, message_id: int) -> None:
    """Have open tabs, and those that catch up later, see how the message is now."""
    from app.services.chats import message_pages
    from app.services.clients import client_messages

    touch = text("UPDATE messages SET changed_at = clock_timestamp() WHERE id = :id")
    db.session.execute(touch, {"id": message_id})
    db.session.execute(text("UPDATE chats SET changed_at = clock_timestamp() WHERE id = :id"), {"id": chat_id})
    message, place = message_pages.one(db.session(), message_id), client_messages.ClientPlace(chat_id)
    on_commit(lambda: client_messages.chat_live.tell("message.changed", place, message))


def message_of(delivery: Claimed) -> Message:
    """Word a message for its messenger, signed. Raises NothingToTell where it is deleted, else LookupError."""
    from app.services import sealed
    from app.services.clients import messengers, visitor_pages

    data = delivery.data or {}
    shown = visitor_pages.one(db.session(), int(data["message_id"]))
    messenger = db.session.get(Messenger, int(data["messenger_id"]))
    if shown is None or shown["deleted"]:
        raise NothingToTell("deleted")
    if messenger is None or not messenger.active:
        raise LookupError("the messenger is gone")
    home = current_app.config["PUBLIC_URL"]
    files = [
        {"name": file["name"], "type": file["type"], "size": file["size"], "url": f"{home}{file['url']}"}
        for file in shown["files"]
    ]
    body = json.dumps(
        {
            "type": "message",
            "message_id": shown["id"],
            "to": {"id": delivery.address},
            "text": shown["body"],
            "author": {"name": shown["author"]["name"]},
            "at": shown["created_at"],
            "files": files,
        }
    )
    signature = messengers.signature_of(sealed.opened(messenger.secret), body.encode())
    return Message(
        delivery_id=delivery.id,
        subject="",
        title="",
        text=body,
        url=messenger.url,
        headers={"X-Signature": signature, "Idempotency-Key": f"frontdesk-{delivery.id}"},
    )
