"""Namespace /center: people of the account. Each event is checked against the session epoch, then handed on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from flask import current_app, session
from flask_jwt_extended import decode_token
from flask_login import current_user
from socketio.exceptions import ConnectionRefusedError
from sqlalchemy import text

from app import access
from app.errors import UserError
from app.extensions import db, socketio
from app.models.people import User
from app.services import feed, live
from app.services.chats import presence as presence_service
from app.services.talks import talk_live
from app.sockets import chats, presence
from app.sockets.connections import Connection, connections, this_sid

log = logging.getLogger(__name__)

Handler = Callable[[int, Mapping[str, Any]], dict[str, Any]]
ConnectionHandler = Callable[[Connection, Mapping[str, Any]], dict[str, Any]]

MAX_CONNECTIONS_PER_PROCESS = 5000


class Refused(ConnectionRefusedError):  # type: ignore[misc]
    """A connection that is not accepted; the client gets ``{code, message}``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        # JavaScript clients only see what is under "data", others the whole.
        reason = {"code": code, "message": message}
        self.error_args = {**reason, "data": reason}


def register() -> None:
    """Bind the handlers to the namespace."""
    socketio.on_event("connect", _connect, namespace=live.NAMESPACE)
    socketio.on_event("disconnect", _disconnect, namespace=live.NAMESPACE)
    for name, handler in HANDLERS.items():
        socketio.on_event(name, _guarded(name, _checked(handler)), namespace=live.NAMESPACE)
    for name, self_checking in chats.SELF_CHECKING.items():
        socketio.on_event(name, _guarded(name, self_checking), namespace=live.NAMESPACE)
    connections.watchers.append(chats.follow_moves)
    socketio.on_event("*", _unknown, namespace=live.NAMESPACE)


def _connect(auth: object = None) -> None:
    user = _user_of_token(auth) if isinstance(auth, Mapping) and auth.get("token") else _user_of_session()
    if user is None:
        raise _refusal(auth)
    if len(connections) >= MAX_CONNECTIONS_PER_PROCESS:
        raise Refused("busy", "Too many connections, please try again")
    socketio.server.enter_room(this_sid(), live.room_of(user.id), namespace=live.NAMESPACE)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    partners = chats.enter(this_sid(), user.id)
    free = access.is_free(user)
    if not free:
        socketio.server.enter_room(this_sid(), talk_live.TEAM_ROOM, namespace=live.NAMESPACE)
    connections.add(app, this_sid(), Connection(user.id, user.session_epoch, free))
    presence.viewers.add(app, this_sid(), partners)


def _disconnect(*_: object) -> None:
    sid = this_sid()
    connection, opened = connections.get(sid), chats.leave(sid)
    connections.remove(sid)
    presence.viewers.remove(sid)
    if connection is not None:
        try:
            presence_service.gone(connection.user_id, sid, opened)
            chats.left(sid)
        except Exception:  # raised, it would leave the socket in its rooms
            log.exception("the others were not told who has gone")
            db.session.rollback()


def _sync(user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    cursor = payload.get("cursor")
    if isinstance(cursor, (int, float)) and not isinstance(cursor, bool):
        cursor = str(cursor)  # none of ours, and no worse than a text that is none: starts anew
    if cursor is not None and not isinstance(cursor, str):
        raise UserError("invalid", "The cursor is not one of ours", "cursor", 400)
    return feed.sync(db.session(), user_id, cursor)


HANDLERS: dict[str, Handler] = {"sync": _sync, **chats.HANDLERS, **presence.HANDLERS}


def _checked(handler: Handler) -> ConnectionHandler:
    """Let a handler only be called while the connection's session is good."""

    def handle(connection: Connection, payload: Mapping[str, Any]) -> dict[str, Any]:
        if not _still_valid(connection):
            raise UserError("session_ended", "Your session has ended", status=401)
        return handler(connection.user_id, payload)

    return handle


def _guarded(name: str, handler: ConnectionHandler) -> Callable[..., dict[str, Any]]:
    """Wrap a handler: an ack always comes, an error of any kind is ``{"error": {code, field?, message}}``."""

    def handle(*args: object) -> dict[str, Any]:
        payload = args[0] if args else {}
        if len(args) > 1 or not isinstance(payload, Mapping):
            return UserError("invalid", "One object is expected", status=400).as_json()
        connection = connections.get(this_sid())
        if connection is None:
            return UserError("session_ended", "Your session has ended", status=401).as_json()
        try:
            return handler(connection, payload)
        except UserError as error:
            db.session.rollback()
            return error.as_json()
        except Exception:
            log.exception("socket event %s failed", name)
            db.session.rollback()
            return UserError("internal", "This did not work, please try again", status=500).as_json()

    return handle


def _unknown(event: str, *_: object) -> dict[str, Any]:
    return UserError("unknown_event", f"There is no event {event[:40]!r}", status=404).as_json()


def _still_valid(connection: Connection) -> bool:
    epoch = db.session.execute(
        text("SELECT session_epoch FROM ab_user WHERE id = :id AND active"), {"id": connection.user_id}
    ).scalar()
    return epoch == connection.epoch


def _user_of_session() -> User | None:
    return current_user if current_user.is_authenticated else None


def _user_of_token(auth: Mapping[str, Any]) -> User | None:
    try:
        claims = decode_token(str(auth["token"]))
        user = current_app.appbuilder.sm.load_user_jwt({}, claims)  # type: ignore[attr-defined]
    except Exception as error:  # the JWT library raises many kinds; all mean "not a valid token"
        log.info("socket token refused: %s", type(error).__name__)
        return None
    return user if claims.get("type") == "access" and user is not None and user.active else None


def _refusal(auth: object) -> Refused:
    """Say why: a person who was deactivated, or whose session ended, is told so instead of being asked to log in."""
    token = auth.get("token") if isinstance(auth, Mapping) else None
    user_id: object = session.get("_user_id")
    if token:
        try:
            user_id = decode_token(str(token), allow_expired=True).get("sub")
        except Exception:  # not one of ours
            user_id = None
    user = db.session.get(User, int(str(user_id))) if str(user_id or "").isdigit() else None
    if user is None:
        return Refused("unauthorized", "Please log in")
    if not user.active:
        return Refused("deactivated", "Your account is deactivated. Ask an admin of your account.")
    return Refused("session_ended", "Your session has ended. Please log in again.")
