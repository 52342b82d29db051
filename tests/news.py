"""How tests of channels make news, and let it out without workers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from app import clock
from app.extensions import db
from app.models.people import User
from app.services import delivery, digests
from app.services.settings import preferences
from app.services.tasks import tasks
from app.transaction import transaction

CHANNELS = ("email", "browser", "mobile", "telegram")


def assign(responsible: User, author: User, words: str = "Call Basil back", **values: Any) -> int:
    """Give somebody a task, due in two days; return its id."""
    changes = {"text": words, "responsible_id": responsible.id, "due_at": clock.now() + dt.timedelta(days=2)} | values
    with transaction(author.id):
        return int(tasks.create(author, changes).id)


def choose(user: User, **part: Any) -> dict[str, Any]:
    """Change somebody's notification settings."""
    with transaction(user.id):
        return preferences.update(user, part)


def mails_off(user: User, but: Mapping[str, str] | None = None) -> None:
    """Let only the named rows send mails, in the way named."""
    chosen = preferences.get(user)["matrix"]
    choose(user, matrix={row: {"email": (but or {}).get(row, "off")} for row in chosen if "email" in chosen[row]})


def prepare_digests() -> int:
    """What the beat does about digests."""
    with transaction():
        digests.plan_missing()
    with transaction():
        return digests.prepare_due()


def deliver_due() -> None:
    """Send whatever is due on any channel, as the workers do."""
    for channel in CHANNELS:
        rows = db.session.execute(
            text(
                "SELECT id FROM deliveries WHERE channel = :channel AND state = 'pending'"
                " AND not_before <= :now ORDER BY id"
            ),
            {"channel": channel, "now": clock.now()},
        )
        ids = [row.id for row in rows]
        db.session.rollback()
        if ids:
            delivery.deliver(channel, ids)
    db.session.expire_all()


def outcomes(user: User) -> list[tuple[str, str, str, str | None]]:
    """Every delivery for somebody as (purpose, channel, state, reason), in the order written."""
    rows = db.session.execute(
        text("SELECT purpose, channel, state, skip_reason FROM deliveries WHERE user_id = :id ORDER BY id"),
        {"id": user.id},
    )
    return [(row.purpose, row.channel, row.state, row.skip_reason) for row in rows]


def kept_mails(address: str) -> list[Any]:
    """The mails kept for an address, in the order sent."""
    rows = db.session.execute(
        text("SELECT subject, text, html, headers FROM kept_mails WHERE to_address = :address ORDER BY id"),
        {"address": address},
    )
    return list(rows)
