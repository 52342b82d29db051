"""The account's own plan: until when it is paid, and the notices before its end, once each.

Notices are claimed by (date, days before): a row that is there was told. Another date has claims of its own, and what
was told about the old one is withdrawn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalogue import Rule
from app.clock import zone_of
from app.errors import UserError
from app.extensions import db
from app.models.payments import BillingNotice
from app.models.people import User
from app.services import audience, fields, reading
from app.services.account import account
from app.services.notify import Subject, record_event
from app.services.people import people
from app.services.people.held_roles import TEAM

DAYS_BEFORE = (14, 7, 3, 1)
# In the column of the days before: that it has ended.
ENDED = -1
# From here on admins are told at once, not by their digest.
SOON_DAYS = 3
NAMES = ("plan", "seats", "paid_until")
MOST_SEATS = 100_000
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2200, 1, 1)
PLAN_URL = "/plan/"


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan as it counts today. ``days_left`` is negative once it has ended; None where no date is set."""

    name: str
    paid_until: dt.date | None
    days_left: int | None
    seats: int | None
    members: int
    free_users: int

    @property
    def ended(self) -> bool:
        """Whether the last paid day is over."""
        return self.days_left is not None and self.days_left < 0

    @property
    def soon(self) -> bool:
        """Whether the end is as near as the first notice."""
        return self.days_left is not None and self.days_left <= DAYS_BEFORE[0]

    @property
    def too_many(self) -> int:
        """How many more people there are than seats."""
        return max(self.members - self.seats, 0) if self.seats is not None else 0


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice about the current date: the day it belongs to, and when it was told."""

    days: int
    on: dt.date
    told_at: dt.datetime | None


def load() -> Plan:
    """Return the account's plan."""
    until, seats = paid_until(), account.get_setting("seats")
    members, free_users = _people()
    return Plan(
        name=str(account.get_setting("plan") or ""),
        paid_until=until,
        days_left=(until - today()).days if until else None,
        seats=int(seats) if seats is not None else None,
        members=members,
        free_users=free_users,
    )


def paid_until() -> dt.date | None:
    """Return the last paid day, None where none is set."""
    stored = account.get_setting("paid_until")
    return dt.date.fromisoformat(str(stored)) if stored else None


def today() -> dt.date:
    """Return the day by the account's clock."""
    return clock.now().astimezone(zone_of(account.zone())).date()


def notices() -> list[Notice]:
    """Return the notices about the current date, the first one first."""
    until = paid_until()
    if until is None:
        return []
    told = _claims(until)
    return [Notice(days, until - dt.timedelta(days=days), told.get(days)) for days in (*DAYS_BEFORE, ENDED)]


def change(actor: User, changes: Mapping[str, Any]) -> None:
    """Set what is given; another date withdraws what was told about the old one.

    Raises UserError naming the field, Forbidden but for admins.
    """
    people.require_admin(actor)
    fields.known(changes, NAMES)
    values = dict(changes)
    if "plan" in values:
        values["plan"] = fields.line(values["plan"], "plan", 60)
    if "seats" in values:
        values["seats"] = _checked_seats(values["seats"])
    before = paid_until()
    after = _checked_date(values["paid_until"]) if "paid_until" in values else before
    if "paid_until" in values:
        values["paid_until"] = after.isoformat() if after else None
    for name, value in values.items():
        if value != account.get_setting(name):
            account.set_setting(name, value)
    if after != before:
        if before is not None:
            reading.settle_subject(_subject(before).key, archived=True)
        if after is not None and _claims(after):
            reading.bring_back(_subject(after).key)


def tell_due() -> int:
    """Tell admins what is due about the plan's end: the newest step, once; what was slept over counts as told.

    Returns 0: there is never a next piece to do at once.
    """
    until = paid_until()
    if until is None:
        return 0
    left = (until - today()).days
    reached = [days for days in DAYS_BEFORE if left <= days] + ([ENDED] if left < 0 else [])
    if not reached or reached[-1] in _claims(until):
        return 0
    now = clock.now()
    claimed = db.session.execute(
        insert(BillingNotice)
        .values([{"paid_until": until, "days": days, "told_at": now} for days in reached])
        .on_conflict_do_nothing()
        .returning(BillingNotice.days)
    )
    # Another beat may have been faster.
    if reached[-1] in set(claimed.scalars()):
        _tell(until, left)
    return 0


def _tell(until: dt.date, left: int) -> None:
    data = {
        "text": gettext("Plan"),
        "plan": account.get_setting("plan") or "",
        "paid_until": until.isoformat(),
        "zone": account.zone(),
        "url": PLAN_URL,
    }
    told = dict.fromkeys(audience.admins(), Rule.ADMIN_SOON if left <= SOON_DAYS else Rule.ADMIN)
    tag = "billing:expired" if left < 0 else "billing:expiring"
    record_event(tag, None, _subject(until), data, told=told)


def _subject(until: dt.date) -> Subject:
    """All notices about one date are one row of the center."""
    return Subject("billing", until.toordinal())


def _claims(until: dt.date) -> dict[int, dt.datetime]:
    rows = db.session.execute(
        db.select(BillingNotice.days, BillingNotice.told_at).where(BillingNotice.paid_until == until)
    )
    return {row.days: row.told_at for row in rows}


def _people() -> tuple[int, int]:
    """How many active people have a seat, and how many are free users."""
    row = db.session.execute(
        text(
            "SELECT count(*) FILTER (WHERE seated) AS members, count(*) FILTER (WHERE NOT seated) AS free_users"
            f" FROM (SELECT {TEAM} AS seated FROM ab_user u WHERE u.active) people"
        )
    ).one()
    return row.members, row.free_users


def _checked_seats(value: object) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_SEATS:
        raise UserError("invalid", gettext("A number of seats is needed, 1 or more"), "seats")
    return value


def _checked_date(value: object) -> dt.date | None:
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        raise UserError("invalid", gettext("A date like 2026-12-31 is needed"), "paid_until") from None
    if not EARLIEST <= found <= LATEST:
        raise UserError("invalid", gettext("A date of this century is needed"), "paid_until")
    return found
