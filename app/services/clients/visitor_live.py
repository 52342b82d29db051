"""What open widgets hear. Only what the client may read is ever handed to this module."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import text

from app.extensions import db, socketio

log = logging.getLogger(__name__)

NAMESPACE = "/visitor"


def room_of(visitor_key: str) -> str:
    """Return the room of all tabs in which one client has the widget open."""
    return f"visitor:{visitor_key}"


def widget_room_of(widget_id: int) -> str:
    """Return the room of everybody who has this widget open."""
    return f"widget:{widget_id}"


def key_of(chat_id: int) -> str | None:
    """Return the key of the widget's client in a chat; None for a messenger's."""
    statement = text("SELECT key FROM visitors WHERE chat_id = :id AND widget_id IS NOT NULL")
    return db.session.execute(statement, {"id": chat_id}).scalar()


def tell(event: str, visitor_key: str | None, payload: Mapping[str, Any], skip_sid: str = "") -> None:
    """Emit to one client's tabs; nothing for a client of a messenger."""
    if visitor_key:
        _emit(event, payload, room_of(visitor_key), skip_sid)


def end_widget(widget_id: int) -> None:
    """Say good-bye to everybody who has a widget open that was switched off."""
    reason = {"code": "unknown_widget", "message": "This chat is switched off"}
    _emit("session.ended", reason, widget_room_of(widget_id))


def _emit(event: str, payload: Mapping[str, Any], room: str, skip_sid: str = "") -> None:
    try:
        socketio.emit(event, dict(payload), to=room, namespace=NAMESPACE, skip_sid=skip_sid or None)
    except (RedisError, OSError) as error:
        log.warning("could not push %s: %s", event, error)
