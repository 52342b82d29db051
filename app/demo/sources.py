"""The demo's ways in from outside: a telephone line with a month of calls, a website form, and Stripe with payments.

Rows of the past, written at once: nobody is told of them.
"""

from __future__ import annotations

import datetime as dt
import random
import secrets
from collections.abc import Mapping

from sqlalchemy import select

from app import clock
from app.demo import story
from app.extensions import db
from app.models.calls import Call, CallLine, CallStatus
from app.models.crm import Contact
from app.models.forms import Form
from app.models.payments import Payment, PaymentState
from app.models.people import Group, User
from app.services import sealed
from app.services.account import account
from app.services.calls import call_lines
from app.services.payments import stripe_settings

CALLS, PAYMENTS = 44, 9
# Younger than that is what *Try it* lets happen.
QUIET = dt.timedelta(hours=5)
# One in so many calls goes out, one in so many of the others is missed; one in so many payments fails.
OUTGOING_EVERY, MISSED_EVERY, FAILED_EVERY = 3, 5, 4


def load(people: Mapping[str, User]) -> None:
    """Open the line, the form and Stripe for the Sales Office, and write what came by them."""
    chance, now = random.Random(23), clock.now()
    group_id = db.session.scalars(select(Group.id).where(Group.name == "Sales Office")).one()
    contacts = list(db.session.scalars(select(Contact).order_by(Contact.id)))
    line = CallLine(
        name=story.LINE_NAME,
        number=story.LINE_NUMBER,
        region="US",
        group_id=group_id,
        **call_lines.with_token(secrets.token_urlsafe(24)),
    )
    form = Form(
        token=secrets.token_urlsafe(18),
        name=story.FORM_NAME,
        asked=["name", "email", "phone", "message"],
        needed=["name"],
        group_id=group_id,
    )
    db.session.add_all([line, form])
    db.session.flush()
    db.session.add_all(_call(number, line, contacts, people, chance, now) for number in range(CALLS))
    account.set_setting(stripe_settings.SETTING, sealed.seal(f"whsec_{secrets.token_urlsafe(24)}"))
    account.set_setting(stripe_settings.CONNECTED, True)
    db.session.add_all(_payment(number, contacts, chance, now) for number in range(PAYMENTS))
    db.session.flush()


def _call(
    number: int,
    line: CallLine,
    contacts: list[Contact],
    people: Mapping[str, User],
    chance: random.Random,
    now: dt.datetime,
) -> Call:
    contact = contacts[chance.randrange(len(contacts))]
    outgoing = number % OUTGOING_EVERY == 0
    missed = not outgoing and number % MISSED_EVERY == 1
    started = now - QUIET - dt.timedelta(hours=number * 16 + chance.randint(0, 9), minutes=chance.randint(0, 59))
    length = 0 if missed else chance.randint(40, 900)
    return Call(
        line_id=line.id,
        external_id=f"demo-{number}",
        direction="outgoing" if outgoing else "incoming",
        status=(CallStatus.MISSED if missed else CallStatus.ENDED).value,
        phone=contact.phone or "",
        duration_seconds=None if missed else length,
        contact_id=contact.id,
        responsible_id=contact.responsible_id,
        user_id=None if missed else contact.responsible_id or people["staff"].id,
        started_at=started,
        answered_at=None if missed else started + dt.timedelta(seconds=8),
        ended_at=started + dt.timedelta(seconds=8 + length),
        created_at=started,
    )


def _payment(number: int, contacts: list[Contact], chance: random.Random, now: dt.datetime) -> Payment:
    contact = contacts[(number * 3) % len(contacts)]
    failed = number % FAILED_EVERY == 2
    at = now - QUIET - dt.timedelta(days=3 * number, minutes=chance.randint(0, 600))
    about, price = story.WISHES[number % len(story.WISHES)]
    return Payment(
        external_id=f"pi_demo_{number}",
        state=(PaymentState.FAILED if failed else PaymentState.SUCCEEDED).value,
        amount=price * 100,
        currency="EUR",
        email=contact.email,
        name=contact.name,
        about=about,
        reason="Your card has insufficient funds." if failed else None,
        contact_id=contact.id,
        test=True,
        at=at,
        created_at=at,
    )
