"""The shop's usual days: calls, talks that ended well, and mails that went out, for two months.

Rows of the past, written at once: they are what reports count, and nobody is told of them.
"""

from __future__ import annotations

import datetime as dt
import random
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select

from app import clock
from app.demo.client_story import USUAL_TALKS
from app.extensions import db
from app.models.calls import Call
from app.models.chats import Chat, Message
from app.models.crm import Contact
from app.models.notifications import Delivery
from app.models.people import User
from app.models.talks import Talk, Visitor, Widget

DAYS = 60
# What happens today is told by the other files.
UNTIL_DAYS = 1
OPENS, CLOSES = 8, 18
Row = dict[str, Any]


def load(people: Mapping[str, User], widget: Widget, busy: set[str]) -> None:
    """Write them; the clients of ``busy`` are just writing, and get no other chat."""
    chance = random.Random(23)
    contacts = list(db.session.scalars(select(Contact).order_by(Contact.id)))
    team = [people[name] for name in ("staff", "staff2", "manager", "staff", "staff2")]
    days = open_days(clock.now())
    _calls(chance, days, contacts, team)
    _talks(chance, days, [one for one in contacts if one.name not in busy], team, widget)
    _mails(chance, days, people)


def open_days(now: dt.datetime) -> list[tuple[dt.datetime, float]]:
    """Return the days that the shop was open, the oldest first, each with how busy it was."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - dt.timedelta(days=number) for number in range(DAYS, UNTIL_DAYS - 1, -1)]
    # On Sundays the shop is closed; it does a little better every week.
    return [(day, 0.7 + 0.6 * place / len(days)) for place, day in enumerate(days) if day.weekday() != 6]


def _calls(
    chance: random.Random, days: list[tuple[dt.datetime, float]], contacts: list[Contact], team: list[User]
) -> None:
    rows: list[Row] = []
    for day, busy in days:
        for _ in range(few(chance, 3.2 * busy)):
            contact, user, at = chance.choice(contacts), chance.choice(team), within(chance, day)
            incoming, taken = chance.random() < 0.65, chance.random() < 0.82
            length = chance.randint(40, 620) if taken else None
            rows.append(
                {
                    "external_id": f"demo-work-{len(rows)}",
                    "direction": "incoming" if incoming else "outgoing",
                    "status": "ended" if taken else "missed",
                    "phone": contact.phone or "",
                    "duration_seconds": length,
                    "contact_id": contact.id,
                    "responsible_id": contact.responsible_id,
                    "user_id": user.id if taken or not incoming else None,
                    "started_at": at,
                    "answered_at": at if taken else None,
                    "ended_at": at + dt.timedelta(seconds=length or 25),
                    "created_at": at,
                }
            )
    db.session.execute(insert(Call.__table__), rows)


def _talks(
    chance: random.Random,
    days: list[tuple[dt.datetime, float]],
    contacts: list[Contact],
    team: list[User],
    widget: Widget,
) -> None:
    begun = [at for day, busy in days for at in sorted(within(chance, day) for _ in range(few(chance, 1.6 * busy)))]
    chats = [Chat(kind="client", contact_id=contact.id, created_at=begun[0]) for contact in contacts]
    db.session.add_all(chats)
    db.session.flush()
    talks: list[Row] = []
    messages: list[Row] = []
    for number, at in enumerate(begun):
        chat = chats[number % len(chats)]
        talks.append(_talk(chance, chat, team[number % len(team)], at, number, messages))
    db.session.execute(insert(Talk.__table__), talks)
    db.session.execute(insert(Message.__table__), messages)
    db.session.add_all(
        Visitor(key=secrets.token_hex(16), widget_id=widget.id, chat_id=chat.id, name=contact.name, created_at=begun[0])
        for chat, contact in zip(chats, contacts, strict=True)
    )
    db.session.flush()


def _talk(chance: random.Random, chat: Chat, user: User, at: dt.datetime, number: int, messages: list[Row]) -> Row:
    lines = USUAL_TALKS[number % len(USUAL_TALKS)]
    first, moment, replied = (chat.last_seq or 0) + 1, at, at
    for place, words in enumerate(lines):
        client = place % 2 == 0
        if place:
            moment += dt.timedelta(minutes=chance.choice((1, 2, 3, 4, 6, 9, 14, 25)))
        replied = moment if place == 1 else replied
        messages.append(
            {
                "chat_id": chat.id,
                "seq": first + place,
                "author_kind": "visitor" if client else "user",
                "author_id": None if client else user.id,
                "client_id": f"demo-work-{number}-{place}",
                "body": words,
                "public": True,
                "created_at": moment,
            }
        )
    chat.last_seq, chat.last_message_at = first + len(lines) - 1, moment
    asked, closed_at = number % 3 != 0, moment + dt.timedelta(minutes=5)
    score = chance.choice((10, 9, 9, 10, 8, 9, 7, 10, 5, None, None)) if asked else None
    return {
        "chat_id": chat.id,
        "contact_id": chat.contact_id,
        "state": "closed",
        "responsible_id": user.id,
        "opened_at": at,
        "first_seq": first,
        "taken_at": replied,
        "first_reply_at": replied,
        "last_public_at": moment,
        "closed_at": closed_at,
        "closed_by_id": user.id,
        "survey_asked_at": closed_at if asked else None,
        "score": score,
        "scored_at": closed_at + dt.timedelta(minutes=3) if score else None,
    }


def _mails(chance: random.Random, days: list[tuple[dt.datetime, float]], people: Mapping[str, User]) -> None:
    rows: list[Row] = []
    recent = [one for one in days if one[0] >= days[-1][0] - dt.timedelta(days=28)]
    for day, busy in recent:
        for _ in range(few(chance, 5 * busy)):
            user = people[chance.choice(("admin", "manager", "manager", "staff", "staff2"))]
            at = within(chance, day)
            rows.append(
                {
                    "dedupe_key": f"demo-work:{len(rows)}",
                    "purpose": "digest",
                    "channel": "email",
                    "address": user.email,
                    "user_id": user.id,
                    "state": "sent",
                    "not_before": at,
                    "attempts": 1,
                    "finished_at": at,
                    "created_at": at,
                }
            )
    db.session.execute(insert(Delivery.__table__), rows)


def few(chance: random.Random, mean: float) -> int:
    """Return about so many."""
    return max(0, round(chance.gauss(mean, mean / 2)))


def within(chance: random.Random, day: dt.datetime) -> dt.datetime:
    """Return a moment of a day while the shop is open."""
    return day + dt.timedelta(minutes=chance.randint(OPENS * 60, CLOSES * 60))
