"""A row that somebody else has locked: what comes at the same moment waits, in the order in which it came."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from flask import Flask

from app.extensions import db
from tests.servers import ADMIN
from tests.waiting import eventually


class Holder:
    """Somebody who has a chat locked until it is let go."""

    def __init__(self, connection: psycopg.Connection, database: str) -> None:
        self._connection, self._database = connection, database

    def hold(self, chat_id: int) -> None:
        """Lock one more; fails at once where somebody else has it."""
        self._connection.execute("SELECT 1 FROM chats WHERE id = %s FOR NO KEY UPDATE NOWAIT", (chat_id,))

    def let_go(self) -> None:
        """Unlock what is held."""
        self._connection.rollback()

    def wait_until_waiting(self, many: int) -> None:
        """Return once so many wait for a lock of this database."""
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        with psycopg.connect(os.environ[ADMIN], autocommit=True) as observer:

            def waiting() -> bool:
                row = observer.execute(asked, (self._database,)).fetchone()
                return row is not None and row[0] >= many

            eventually(waiting, what=f"{many} to wait")


@contextmanager
def holding(app: Flask, chat_id: int) -> Iterator[Holder]:
    """Have a chat locked for the length of a block, unless it is let go before."""
    with app.app_context():
        database = str(db.engine.url.database)
    with psycopg.connect(os.environ[ADMIN], dbname=database) as connection:
        holder = Holder(connection, database)
        holder.hold(chat_id)
        try:
            yield holder
        finally:
            holder.let_go()
