"""What goes to open tabs. Only an accelerator: every client can catch up from the database by ``sync``."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from flask import Flask
from redis.exceptions import RedisError

from app.extensions import db, socketio
from app.services import feed, feed_counters

log = logging.getLogger(__name__)

NAMESPACE = "/center"
# Up to here each person gets the item itself; above it one "your feed is stale" to all.
PAYLOADS_UP_TO = 100


def init_app(app: Flask) -> None:
    """Teach python-socketio's own logger to be quiet: a lost Redis is logged once, here."""
    logging.getLogger("socketio").setLevel(logging.ERROR)
    logging.getLogger("engineio").setLevel(logging.ERROR)


def room_of(user_id: int) -> str:
    """Return the room that all of a person's tabs and devices are in."""
    return f"user:{user_id}"


def show_items(item_ids: Mapping[int, int], popups: Collection[int]) -> None:
    """Push new items: ``item_ids`` maps users to their feed item, ``popups`` says who sees a popup."""
    if len(item_ids) > PAYLOADS_UP_TO:
        emit("feed.stale", {}, [room_of(user_id) for user_id in item_ids])
        return
    _push(list(item_ids.values()), "notification", popups)


def changed_items(item_ids: Collection[int]) -> None:
    """Push items that were read, archived or replaced elsewhere."""
    if len(item_ids) > PAYLOADS_UP_TO:
        with db.engine.connect() as connection:
            owners = feed.owners(connection, list(item_ids))
        emit("feed.stale", {}, [room_of(user_id) for user_id in owners])
        return
    _push(list(item_ids), "notification.changed", ())


def changed_feed(*user_ids: int) -> None:
    """Tell people's tabs that many items changed at once."""
    emit("feed.stale", {}, [room_of(user_id) for user_id in user_ids])
    show_counters(*user_ids)


def show_counters(*user_ids: int) -> None:
    """Push how much is unread to people's tabs, to each person their own."""
    if not user_ids:
        return
    with db.engine.connect() as connection:
        counters = feed_counters.counters(connection, list(user_ids))
    for user_id in user_ids:
        emit("counters", counters[user_id], [room_of(user_id)])


def cut_off(user_id: int, deactivated: bool = False) -> None:
    """Say good-bye to a person's tabs; each web process's guard then disconnects them by the session epoch."""
    reason = {"code": "session_ended", "message": "Your session has ended. Please log in again."}
    if deactivated:
        reason = {"code": "deactivated", "message": "Your account is deactivated. Ask an admin of your account."}
    emit("session.ended", reason, [room_of(user_id)])


def emit(event: str, payload: Mapping[str, Any], rooms: list[str], skip_sid: str = "") -> None:
    """Emit to rooms of /center from any process; a Redis that is down is logged and nothing else."""
    if not rooms:
        return
    try:
        socketio.emit(event, dict(payload), to=rooms, namespace=NAMESPACE, skip_sid=skip_sid or None)
    except (RedisError, OSError) as error:
        log.warning("could not push %s: %s", event, error)


def _push(item_ids: list[int], event: str, popups: Collection[int]) -> None:
    if not item_ids:
        return
    # A connection of its own: the session's objects stay as they are, and nothing is left open.
    with db.engine.connect() as connection:
        items = feed.items_by_id(connection, item_ids)
        counters = feed_counters.counters(connection, [user_id for user_id, _ in items])
    for user_id, item in items:
        payload = item if event != "notification" else {**item, "popup": user_id in popups}
        emit(event, payload, [room_of(user_id)])
        emit("counters", counters[user_id], [room_of(user_id)])
