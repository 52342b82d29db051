"""What the database has by now, as tests ask for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, text

from app.extensions import db


def count(model: type) -> int:
    """How many records there are of a kind."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def told(tag: str = "%") -> list[tuple[str, str, str]]:
    """Every notice as (tag, user name, rule), in the order told."""
    db.session.rollback()
    rows = db.session.execute(
        text(
            "SELECT e.tag, u.username, n.rule FROM notifications n JOIN events e ON e.id = n.event_id"
            " JOIN ab_user u ON u.id = n.user_id WHERE e.tag LIKE :tag ORDER BY n.id"
        ),
        {"tag": tag},
    )
    return [(row.tag, row.username, row.rule) for row in rows]


def snapshots(tag: str) -> list[dict[str, Any]]:
    """The data of the events of a kind."""
    db.session.rollback()
    rows = db.session.execute(text("SELECT data FROM events WHERE tag = :tag ORDER BY id"), {"tag": tag})
    return [row.data for row in rows]


def items(username: str) -> list[tuple[str, int, bool]]:
    """A person's rows of the center as (tag, count, unread)."""
    db.session.rollback()
    rows = db.session.execute(
        text(
            "SELECT i.event_tag, i.count, i.unread FROM feed_items i JOIN ab_user u ON u.id = i.user_id"
            " WHERE u.username = :name ORDER BY i.id"
        ),
        {"name": username},
    )
    return [(row.event_tag, row.count, row.unread) for row in rows]
