"""Namespace /visitor: clients in widgets. A connection knows its widget and its client's key, and nothing else.

Kept small, since thousands are open at once: no row, no session and no task of its own per connection.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import request

from app.errors import UserError
from app.extensions import db, socketio
from app.services.chats import drafts
from app.services.clients import visitor_flood, visitor_live, visitors, widgets
from app.services.clients.visitors import Caller
from app.sockets.connections import this_sid
from app.sockets.staff import Refused

log = logging.getLogger(__name__)

MAX_CONNECTIONS_PER_PROCESS = 20_000
TYPING_EVERY_SECONDS = 1.0

_callers: dict[str, Caller] = {}
_typed_at: dict[str, float] = {}

Handler = Callable[[Caller, Mapping[str, Any]], dict[str, Any]]


def register() -> None:
    """Bind the handlers to the namespace."""
    socketio.on_event("connect", _connect, namespace=visitor_live.NAMESPACE)
    socketio.on_event("disconnect", _disconnect, namespace=visitor_live.NAMESPACE)
    for name, handler in HANDLERS.items():
        socketio.on_event(name, _guarded(name, handler), namespace=visitor_live.NAMESPACE)
    socketio.on_event("*", _unknown, namespace=visitor_live.NAMESPACE)


def _connect(auth: object = None) -> None:
    if len(_callers) >= MAX_CONNECTIONS_PER_PROCESS:
        raise Refused("busy", "Too many connections, please try again")
    said = auth if isinstance(auth, Mapping) else {}
    try:
        widget = widgets.by_key(said.get("widget"))
        key = visitors.identify(widget, said.get("visitor"))
        # Browsers name the page of the frame, which is ours; programs name none.
        widgets.require_origin(widget, request.headers.get("Origin"))
    except UserError as error:
        raise Refused(error.code, error.message) from None
    finally:
        db.session.rollback()
    sid, namespace = this_sid(), visitor_live.NAMESPACE
    _callers[sid] = Caller(key, widget.id, request.remote_addr or "")
    socketio.server.enter_room(sid, visitor_live.room_of(key), namespace=namespace)
    socketio.server.enter_room(sid, visitor_live.widget_room_of(widget.id), namespace=namespace)


def _disconnect(*_: object) -> None:
    _callers.pop(this_sid(), None)
    _typed_at.pop(this_sid(), None)


def _hello(caller: Caller, payload: Mapping[str, Any]) -> dict[str, Any]:
    return visitors.hello(caller, payload)


def _send(caller: Caller, payload: Mapping[str, Any]) -> dict[str, Any]:
    answer, _ = visitors.send(caller, drafts.read_draft(only_own(payload)), payload.get("page_url"))
    return answer


def _messages(caller: Caller, payload: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {
        name: drafts.checked_id(payload[name], name, drafts.LARGEST_BIG_ID)
        for name in ("before_seq", "after_seq", "limit")
        if payload.get(name)
    }
    return visitors.messages(caller, **numbers)


def _typing(caller: Caller, _payload: Mapping[str, Any]) -> dict[str, Any]:
    now = time.monotonic()
    if now - _typed_at.get(this_sid(), 0.0) >= TYPING_EVERY_SECONDS:
        _typed_at[this_sid()] = now
        visitors.typing(caller)
    return {}


def _read(caller: Caller, payload: Mapping[str, Any]) -> dict[str, Any]:
    visitors.read(caller, drafts.checked_id(payload.get("seq"), "seq", drafts.LARGEST_BIG_ID))
    return {}


def _contact(caller: Caller, payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"visitor": visitors.contact(caller, payload)}


def _survey(caller: Caller, payload: Mapping[str, Any]) -> dict[str, Any]:
    return visitors.answer_survey(caller, payload)


def only_own(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a message is the client's to say: no notes, no replies, no calls to everybody."""
    return {name: payload.get(name) for name in ("client_id", "body", "file_ids")}


HANDLERS: dict[str, Handler] = {
    "visitor.hello": _hello,
    "message.send": _send,
    "messages": _messages,
    "typing": _typing,
    "read": _read,
    "contact": _contact,
    "survey.answer": _survey,
}


def _guarded(name: str, handler: Handler) -> Callable[..., dict[str, Any]]:
    """Wrap a handler: an ack always comes, an error of any kind is ``{"error": {code, field?, message}}``."""

    def handle(*args: object) -> dict[str, Any]:
        payload = args[0] if args else {}
        caller = _callers.get(this_sid())
        if len(args) > 1 or not isinstance(payload, Mapping):
            return UserError("invalid", "One object is expected", status=400).as_json()
        if caller is None:
            return UserError("session_ended", "Please connect again", status=401).as_json()
        try:
            visitor_flood.REQUESTS.take(caller.key)
            return handler(caller, payload)
        except UserError as error:
            return error.as_json()
        except Exception:
            log.exception("visitor event %s failed", name)
            return UserError("internal", "This did not work, please try again", status=500).as_json()
        finally:
            db.session.rollback()

    return handle


def _unknown(event: str, *_: object) -> dict[str, Any]:
    return UserError("unknown_event", f"There is no event {event[:40]!r}", status=404).as_json()
