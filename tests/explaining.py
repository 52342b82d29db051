"""How PostgreSQL means to answer what the application asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app.extensions import db

KINDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@contextmanager
def explained(judge: Callable[[str, dict[str, Any]], Iterable[str]]) -> Iterator[list[str]]:
    """Collect what ``judge(statement, plan)`` finds wrong with the plan of each statement of the block."""
    found: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().split(" ", 1)[0].strip() in KINDS:
            with connection.connection.cursor() as own:
                own.execute(f"EXPLAIN (FORMAT JSON) {statement}", values)
                found.extend(judge(statement, own.fetchone()[0][0]["Plan"]))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
