"""Chats over the socket: writing, reading, typing, and the rooms in which a connection hears its group chats."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from sqlalchemy import text

from app import access
from app.errors import Forbidden, UserError
from app.extensions import db, socketio
from app.models.chats import ChatKind
from app.services import live
from app.services.chats import chat_live, chat_messages, chat_reading, drafts, message_changes, presence
from app.services.clients import client_lookers
from app.sockets.connections import Connection, connections, this_sid
from app.transaction import transaction

TYPING_EVERY_SECONDS = 1.0
# Who looks at the list of clients hears of an answer no oftener, however fast somebody types.
LISTED_EVERY_SECONDS = 2.5

# Which chat a socket of this process has open in a visible tab.
focused: dict[str, int] = {}
# The same for chats of clients only: whose colleagues see who looks at them as well.
_at_clients: dict[str, int] = {}
_typed_at: dict[tuple[str, int], float] = {}
_listed_at: dict[tuple[str, int], float] = {}


def enter(sid: str, user_id: int) -> frozenset[int]:
    """Let a new connection hear its group chats; return whom the person has direct chats with. One statement."""
    rows = db.session.execute(
        text(
            "SELECT c.id, c.direct_key FROM chat_members m JOIN chats c ON c.id = m.chat_id"
            " WHERE m.user_id = :user_id AND m.left_at IS NULL AND c.archived_at IS NULL"
        ),
        {"user_id": user_id},
    )
    partners: set[int] = set()
    for row in rows:
        if row.direct_key:
            partners.update(int(one) for one in row.direct_key.split(":"))
        else:
            socketio.server.enter_room(sid, chat_live.room_of(row.id), namespace=live.NAMESPACE)
    return frozenset(partners - {user_id})


def leave(sid: str) -> int | None:
    """Forget a closed connection; return which chat it had open."""
    for noted in (_typed_at, _listed_at):
        for key in [key for key in noted if key[0] == sid]:
            del noted[key]
    return focused.pop(sid, None)


def left(sid: str) -> None:
    """Show the others that a closed connection no longer looks at a client's chat."""
    _looks_away(sid)


def follow_moves(_app: Flask, watched: Mapping[str, Connection]) -> None:
    """Correct the rooms of this process's sockets after the database: who joined or left while Redis was away.

    Looks back further than a transaction can last. Usually there is nothing to correct.
    """
    rows = db.session.execute(
        text(
            "SELECT m.chat_id, m.user_id, m.left_at IS NULL AS present FROM chat_members m"
            " JOIN chats c ON c.id = m.chat_id AND c.kind <> 'direct'"
            " WHERE m.moved_at > clock_timestamp() - interval '30 seconds' AND m.user_id = ANY(:ids)"
        ),
        {"ids": list({connection.user_id for connection in watched.values()})},
    ).all()
    if not rows:
        return
    sids: dict[int, list[str]] = {}
    for sid, connection in watched.items():
        sids.setdefault(connection.user_id, []).append(sid)
    manager = socketio.server.manager
    for row in rows:
        room = chat_live.room_of(row.chat_id)
        for sid in sids.get(row.user_id, ()):
            if not manager.is_connected(sid, live.NAMESPACE):
                continue
            if row.present:
                manager.enter_room(sid, live.NAMESPACE, room)
            else:
                manager.leave_room(sid, live.NAMESPACE, room)
                manager.leave_room(sid, live.NAMESPACE, chat_live.focus_room_of(row.chat_id))


def _send(connection: Connection, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Session, membership and sending are one statement."""
    chat_id, draft = drafts.checked_id(payload.get("chat_id"), "chat_id"), drafts.read_draft(payload)
    message, _ = chat_messages.send(connection.user_id, chat_id, draft, connection.epoch)
    return {"message": message}


def _edit(user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    message_id = _message_id(payload)
    with transaction():
        return {"message": message_changes.edit(user_id, message_id, payload.get("body"))}


def _delete(user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    message_id = _message_id(payload)
    with transaction():
        return {"message": message_changes.delete(user_id, message_id)}


def _react(user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    message_id = _message_id(payload)
    with transaction():
        return {"message": message_changes.react(user_id, message_id, payload.get("emoji"), payload.get("on", True))}


def _read(user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    chat_id = drafts.checked_id(payload.get("chat_id"), "chat_id")
    seq = drafts.checked_id(payload.get("seq"), "seq", drafts.LARGEST_BIG_ID)
    with transaction():
        return {"last_read_seq": chat_reading.read(user_id, chat_id, seq)}


def _typing(user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    chat_id, sid, now = drafts.checked_id(payload.get("chat_id"), "chat_id"), this_sid(), time.monotonic()
    if now - _typed_at.get((sid, chat_id), 0.0) >= TYPING_EVERY_SECONDS:
        answer = chat_live.typing(user_id, chat_id, sid, note=payload.get("note") is True)
        _typed_at[sid, chat_id] = now
        if answer is not None and now - _listed_at.get((sid, chat_id), 0.0) >= LISTED_EVERY_SECONDS:
            client_lookers.answering(answer, sid)
            _listed_at[sid, chat_id] = now
    return {}


def _watch_clients(_user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    """A tab shows the list of clients, or no longer."""
    on, sid = payload.get("on"), this_sid()
    if not isinstance(on, bool):
        raise UserError("invalid", "true or false is needed", "on", 400)
    connection = connections.get(sid)
    if on and (connection is None or connection.free):
        raise Forbidden("Free users have no list of clients")
    move = socketio.server.enter_room if on else socketio.server.leave_room
    move(sid, client_lookers.LIST_ROOM, namespace=live.NAMESPACE)
    return {}


def _focus(user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    chat_id, visible, sid = payload.get("chat_id"), payload.get("visible"), this_sid()
    if not isinstance(visible, bool):
        raise UserError("invalid", "true or false is needed", "visible", 400)
    wanted = drafts.checked_id(chat_id, "chat_id") if chat_id is not None and visible else None
    client = False
    if wanted is not None:
        client = access.access_chat(user_id, wanted).chat.kind == ChatKind.CLIENT
        db.session.rollback()
    before = focused.pop(sid, None)
    if before is not None and before != wanted:
        socketio.server.leave_room(sid, chat_live.focus_room_of(before), namespace=live.NAMESPACE)
    if wanted is not None:
        focused[sid] = wanted
        socketio.server.enter_room(sid, chat_live.focus_room_of(wanted), namespace=live.NAMESPACE)
    presence.focus(user_id, sid, before, wanted)
    if before != wanted:
        _looks_away(sid)
    if client and wanted is not None:
        _at_clients[sid] = wanted
        client_lookers.tell(wanted)
    return {}


def _looks_away(sid: str) -> None:
    left = _at_clients.pop(sid, None)
    if left is not None:
        client_lookers.tell(left)


def _message_id(payload: Mapping[str, Any]) -> int:
    return drafts.checked_id(payload.get("id"), "id", drafts.LARGEST_BIG_ID)


HANDLERS: dict[str, Callable[[int, Mapping[str, Any]], dict[str, Any]]] = {
    "message.edit": _edit,
    "message.delete": _delete,
    "message.react": _react,
    "chat.read": _read,
    "chat.typing": _typing,
    "chat.focus": _focus,
    "clients.watch": _watch_clients,
}

# These check the session in their own statement.
SELF_CHECKING: dict[str, Callable[[Connection, Mapping[str, Any]], dict[str, Any]]] = {"message.send": _send}
