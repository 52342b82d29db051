"""Who is here, told to those who look at a list of people: changes only, at most every two seconds.

Nothing is sent when somebody connects or goes: 500 people who come back at once are one message per viewer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask

from app.extensions import socketio
from app.services import live
from app.services.chats import drafts, presence
from app.services.chats.presence import State
from app.services.people import activity
from app.sockets import chats
from app.sockets.connections import connections, this_sid

log = logging.getLogger(__name__)

TICK_SECONDS = 2.0
RENEW_SECONDS = 25.0
MAX_WATCHED = 500


class Viewers:
    """This process's viewers. Each sees the partners of the own direct chats, and whom an open list shows."""

    def __init__(self) -> None:
        self._partners: dict[str, frozenset[int]] = {}
        self._watched: dict[str, frozenset[int]] = {}
        # Connections that were told nothing yet, and those that Redis does not know yet.
        self._new: set[str] = set()
        self._unknown: set[str] = set()
        self._states: dict[int, State] = {}
        self._renewed_at = 0.0
        self._ticking = False

    def add(self, app: Flask, sid: str, partners: frozenset[int]) -> None:
        """Begin with a new connection."""
        self._partners[sid] = partners
        self._new.add(sid)
        self._unknown.add(sid)
        if not self._ticking:
            self._ticking = True
            socketio.start_background_task(self._run, app)

    def remove(self, sid: str) -> None:
        """Forget a closed connection."""
        self._partners.pop(sid, None)
        self._watched.pop(sid, None)
        self._new.discard(sid)
        self._unknown.discard(sid)

    def watch(self, sid: str, user_ids: frozenset[int]) -> None:
        """Note whom the lists of a tab show."""
        self._watched[sid] = user_ids

    def tick(self) -> None:
        """Renew what is due and tell each viewer what changed for them."""
        self._renew()
        now = presence.states()
        if now is None:
            return
        changed = {user_id: state for user_id, state in now.items() if self._states.get(user_id) != state}
        changed |= dict.fromkeys(self._states.keys() - now.keys(), State.OFFLINE)
        self._states = now
        new, self._new = self._new, set()
        for sid, partners in list(self._partners.items()):
            source = now if sid in new else changed
            if not source:
                continue
            seen = partners | self._watched.get(sid, frozenset())
            states = {str(user_id): source[user_id].value for user_id in seen & source.keys()}
            if states:
                socketio.server.manager.emit(
                    "presence", {"states": states}, namespace=live.NAMESPACE, room=sid, ignore_queue=True
                )

    def _renew(self) -> None:
        all_due = time.monotonic() - self._renewed_at > RENEW_SECONDS
        due = set(self._partners) if all_due else set(self._unknown)
        known = {sid: connection.user_id for sid in due if (connection := connections.get(sid)) is not None}
        if not presence.renew(known, {sid: chat_id for sid, chat_id in chats.focused.items() if sid in known}):
            return  # the next tick tries again
        self._unknown -= due
        if all_due:
            self._renewed_at = time.monotonic()

    def _run(self, app: Flask) -> None:
        while True:
            socketio.sleep(TICK_SECONDS)
            try:
                with app.app_context():
                    self.tick()
            except Exception:
                log.exception("presence could not be told")


viewers = Viewers()


def _active(user_id: int, _payload: Mapping[str, Any]) -> dict[str, Any]:
    activity.seen_now(user_id)
    return {}


def _watch(_user_id: int, payload: Mapping[str, Any]) -> dict[str, Any]:
    user_ids = frozenset(drafts.checked_ids(payload.get("user_ids"), "user_ids", MAX_WATCHED))
    viewers.watch(this_sid(), user_ids)
    return {"states": presence.states_of(user_ids)}


HANDLERS: dict[str, Callable[[int, Mapping[str, Any]], dict[str, Any]]] = {
    "presence.active": _active,
    "presence.watch": _watch,
}
