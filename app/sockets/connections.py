"""Who is connected to this web process, and the guard that cuts off whoever may no longer be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flask import Flask, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db, socketio
from app.services import live
from app.services.clients import client_lookers
from app.services.live import NAMESPACE
from app.services.people.held_roles import TEAM
from app.services.talks import talk_live

log = logging.getLogger(__name__)

GUARD_SECONDS = 0.5


def this_sid() -> str:
    """Return the socket that the handled event came from."""
    return str(request.sid)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Connection:
    """One open socket. ``epoch`` is the person's session epoch when it was opened, ``free`` what they were last."""

    user_id: int
    epoch: int
    free: bool = False


# ``free`` has the shape of :func:`app.access.is_free`.
_PEOPLE = f"SELECT u.id, u.session_epoch, NOT {TEAM} AS free FROM ab_user u WHERE u.active AND u.id = ANY(:ids)"  # noqa: S608 - a constant


class Connections:
    """This process's sockets, and a guard that starts with the first of them.

    The guard asks the database, not Redis: a deactivated person is cut off within a second in every web process,
    also while Redis is down. One statement however many people are connected.
    """

    def __init__(self) -> None:
        self._by_sid: dict[str, Connection] = {}
        self._guarding = False
        # Called with the sockets at each round of the guard.
        self.watchers: list[Callable[[Flask, Mapping[str, Connection]], None]] = []

    def add(self, app: Flask, sid: str, connection: Connection) -> None:
        """Remember a socket."""
        self._by_sid[sid] = connection
        if not self._guarding:
            self._guarding = True
            socketio.start_background_task(self._guard, app)

    def remove(self, sid: str) -> None:
        """Forget a closed socket."""
        self._by_sid.pop(sid, None)

    def get(self, sid: str) -> Connection | None:
        """Return the socket's connection, or None when it was cut off."""
        return self._by_sid.get(sid)

    def __len__(self) -> int:
        return len(self._by_sid)

    def cut_ended(self, app: Flask) -> None:
        """Disconnect every socket whose person was deactivated or whose session epoch has moved on.

        One whose person became a free user, or is none any more, hears of other things from then on and is told so.
        """
        watched = dict(self._by_sid)
        if not watched:
            return
        with app.app_context(), db.engine.connect() as database:
            rows = database.execute(
                text(_PEOPLE),
                {"ids": list({connection.user_id for connection in watched.values()})},
            )
            people = {row.id: row for row in rows}
        for sid, connection in watched.items():
            person = people.get(connection.user_id)
            try:
                if person is None or person.session_epoch != connection.epoch:
                    # Known until it is cut: only so do the others see who has gone, and a failed try is repeated.
                    socketio.server.disconnect(sid, namespace=NAMESPACE)
                    self.remove(sid)
                elif person.free != connection.free:
                    self._moved(app, sid, replace(connection, free=person.free))
            except Exception:  # one socket must not keep the others
                log.exception("a socket of user %s could not be corrected", connection.user_id)

    def _moved(self, app: Flask, sid: str, connection: Connection) -> None:
        if sid not in self._by_sid:
            return
        self._by_sid[sid] = connection
        manager = socketio.server.manager
        if manager.is_connected(sid, NAMESPACE):
            move = manager.leave_room if connection.free else manager.enter_room
            move(sid, NAMESPACE, talk_live.TEAM_ROOM)
            if connection.free:
                manager.leave_room(sid, NAMESPACE, client_lookers.LIST_ROOM)
        with app.app_context():
            live.emit("rights.changed", {"free": connection.free}, [sid])

    def _watch(self, app: Flask) -> None:
        watched = dict(self._by_sid)
        if not watched:
            return
        with app.app_context():
            for watcher in self.watchers:
                watcher(app, watched)

    def _guard(self, app: Flask) -> None:
        while True:
            socketio.sleep(GUARD_SECONDS)
            try:
                self.cut_ended(app)
                self._watch(app)
            except SQLAlchemyError as error:
                log.warning("sockets could not be checked: %s", type(error).__name__)
            except Exception:  # whatever it is: without the guard nobody is cut off any more
                log.exception("sockets could not be checked")


connections = Connections()
