"""One commit per entry point, and what may only happen after it.

SQLAlchemy's session events are not used: they fire at savepoints, survive ``close()`` and can make a successful
commit raise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import text

from app.extensions import db

log = logging.getLogger(__name__)

_callbacks: ContextVar[list[Callable[[], None]] | None] = ContextVar("frontdesk_on_commit", default=None)


@contextmanager
def transaction(actor_id: int | None = None) -> Iterator[None]:
    """Commit once at the end, or roll back on any exception; nested use joins the outer one.

    ``actor_id`` is who the audit trigger names for the rows changed inside. Callbacks of :func:`on_commit` run after
    ``commit()`` has returned, each on its own: a failing one is logged and disturbs nobody.
    """
    if _callbacks.get() is not None:
        yield
        return
    callbacks: list[Callable[[], None]] = []
    token = _callbacks.set(callbacks)
    try:
        try:
            if actor_id is not None:
                db.session.execute(text("SELECT set_config('frontdesk.actor', :actor, true)"), {"actor": str(actor_id)})
            yield
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
    finally:
        _callbacks.reset(token)
    for callback in callbacks:
        try:
            callback()
        except Exception:
            log.exception("a callback after the commit failed")


@contextmanager
def savepoint() -> Iterator[None]:
    """Undo only what is done inside when it raises, callbacks included; the transaction around it goes on."""
    callbacks = _callbacks.get()
    if callbacks is None:
        raise RuntimeError("savepoint() needs a transaction()")
    before = len(callbacks)
    try:
        with db.session.begin_nested():
            yield
    except BaseException:
        del callbacks[before:]
        raise


def on_commit(callback: Callable[[], None]) -> None:
    """Run ``callback`` once the surrounding transaction is committed; never when it is rolled back.

    Raises RuntimeError outside a transaction: emitting or queueing for rows that may never exist is a mistake.
    """
    callbacks = _callbacks.get()
    if callbacks is None:
        raise RuntimeError("on_commit() needs a transaction()")
    callbacks.append(callback)
