"""What the demo's people opened and were shown over the last weeks, as activity limits count it: for their suggestions,
and for who would have exceeded one. Today is left to whoever tries the demo."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from app import clock
from app.extensions import db
from app.models.crm import Contact, Lead
from app.models.limits import ActivityCounter, CardOpening, Counted, ListShowing, Span
from app.models.people import User
from app.services.account import account

DAYS = 28
HOURS = range(9, 17)
PAGE = 25
SUNDAY = 6
# Username → (cards, pages of a list) in an hour, at most.
BUSY = {"manager": (3, 3), "staff": (7, 2), "staff2": (5, 2)}
# Who went through far more than others, so many days ago, at this hour: what a limit is there for.
ONCE = ("staff2", 9, 16, 41, 12)

Row = dict[str, Any]


def load(people: Mapping[str, User]) -> None:
    """Write counters and their evidence for the working days before today."""
    chance, zone = random.Random(17), ZoneInfo(account.zone())
    cards = [("lead", key) for key in db.session.scalars(select(Lead.id).order_by(Lead.id))]
    cards += [("contact", key) for key in db.session.scalars(select(Contact.id).order_by(Contact.id))]
    today = clock.now().astimezone(zone).date()
    counters: list[Row] = []
    openings: list[Row] = []
    showings: list[Row] = []
    for back in range(DAYS, 0, -1):
        day = today - dt.timedelta(days=back)
        for name, (most_cards, most_pages) in BUSY.items():
            if day.weekday() == SUNDAY and (name, back) != ONCE[:2]:
                continue
            user_id, opened, shown = people[name].id, set[tuple[str, int]](), 0
            for hour in HOURS:
                at = dt.datetime.combine(day, dt.time(hour), zone).astimezone(dt.UTC)
                much = (name, back, hour) == ONCE[:3]
                found = chance.sample(cards, ONCE[3] if much else chance.randint(0, most_cards))
                pages = ONCE[4] if much else chance.randint(0, most_pages)
                opened.update(found)
                shown += pages * PAGE
                counters += _counter(user_id, Span.HOUR, at, len(found), pages * PAGE)
                openings += [
                    {
                        "user_id": user_id,
                        "hour_at": at,
                        "subject_type": kind,
                        "subject_id": key,
                        "at": at + _later(chance),
                    }
                    for kind, key in found
                ]
                showings += [
                    {"user_id": user_id, "at": at + _later(chance), "place": "/leadview/list/", "amount": PAGE}
                    for _ in range(pages)
                ]
            midnight = dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
            counters += _counter(user_id, Span.DAY, midnight, len(opened), shown)
    db.session.execute(insert(ActivityCounter), counters)
    db.session.execute(insert(CardOpening), openings)
    db.session.execute(insert(ListShowing), showings)


def _later(chance: random.Random) -> dt.timedelta:
    return dt.timedelta(seconds=chance.randint(0, 3599))


def _counter(user_id: int, span: Span, starts_at: dt.datetime, cards: int, items: int) -> list[Row]:
    amounts = {Counted.CARDS: cards, Counted.ITEMS: items}
    return [
        {"user_id": user_id, "kind": str(kind), "span": str(span), "starts_at": starts_at, "amount": amount}
        for kind, amount in amounts.items()
        if amount
    ]
