"""The shop's usual tasks and mails, for two months: done with, so that nobody is told of them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select

from app import clock
from app.demo import mails, work
from app.extensions import db
from app.models.crm import Contact, Task
from app.models.mailboxes import Mailbox
from app.models.notifications import Event
from app.models.people import User
from app.services.tasks.task_news import person, snapshot

# text ({name}: the client's), type, what came of it
TASKS = (
    ("Call {name} about the offer", "call", "Wants to think it over until Friday"),
    ("Send {name} the delivery date", "mail", "Sent"),
    ("Prepare the bike for {name}", "todo", "Ready, brakes adjusted"),
    ("Ask {name} how the new bike rides", "call", "Very happy with it"),
    ("Write an offer for {name}", "offer", "Sent, valid for two weeks"),
    ("Measure {name} for the frame", "meeting", "Size L, longer stem"),
    ("Order the parts for {name}", "todo", "Ordered, here on Thursday"),
    ("Show {name} the gravel bikes", "meeting", "Likes the green one"),
)
# subject, text, the answer
MAILS = (
    ("Opening hours", "Hello,\n\nare you open on Saturday afternoon?", "Hello,\n\nyes, until four o'clock. See you!"),
    ("Spare key for a lock", "Hi,\n\nI lost one key of my lock. Can you get another?", "Hi,\n\nwith its number, yes."),
    (
        "Tyres for winter",
        "Good morning,\n\nwhich tyres fit a city bike in the snow?",
        "Good morning,\n\ntwo do.",
    ),
    ("Is it ready?", "Hello,\n\nis my bike ready to be fetched?", "Hello,\n\nit is: just come by."),
    ("Invoice by mail", "Hello,\n\nplease send the invoice to our office.", ""),
    ("Leasing through my employer", "Hi,\n\ndo you work with leasing companies?", "Hi,\n\nwith three of them."),
    ("Child seat", "Hello,\n\ndoes the seat fit a frame without a carrier?", "Hello,\n\nyes, with an adapter."),
    ("Thank you!", "The bike rides like on its first day. Thank you all!", ""),
)


def load(people: Mapping[str, User], mailbox: Mailbox) -> None:
    """Write them."""
    chance = random.Random(41)
    contacts = list(db.session.scalars(select(Contact).order_by(Contact.id)))
    days = work.open_days(clock.now())
    _tasks(chance, days, contacts, people)
    _mails(chance, days, contacts, people, mailbox)


def _tasks(
    chance: random.Random,
    days: Sequence[tuple[dt.datetime, float]],
    contacts: Sequence[Contact],
    people: Mapping[str, User],
) -> None:
    """Most of them done in time, a few a day late."""
    team = [people[name] for name in ("staff", "staff2", "manager")]
    tasks: list[Task] = []
    for day, busy in days:
        for _ in range(work.few(chance, 1.7 * busy)):
            words, kind, result = TASKS[len(tasks) % len(TASKS)]
            contact, doer, due = chance.choice(contacts), chance.choice(team), work.within(chance, day)
            late = chance.random() < 0.15 and day < days[-1][0]
            took = dt.timedelta(hours=20) if late else -dt.timedelta(hours=chance.randint(1, 4))
            tasks.append(
                Task(
                    text=words.format(name=contact.name),
                    type=kind,
                    due_at=due,
                    responsible_id=doer.id,
                    author_id=chance.choice((doer, doer, people["manager"])).id,
                    contact_id=contact.id,
                    created_at=due - dt.timedelta(days=2, hours=chance.randint(1, 9)),
                    result=result,
                    completed_at=due + took,
                    completed_by_id=doer.id,
                    expired_at=due if late else None,
                )
            )
    db.session.add_all(tasks)
    db.session.flush()
    by_id = {user.id: user for user in team}
    db.session.execute(
        insert(Event),
        [
            {
                "tag": "task:completed",
                "actor_id": task.completed_by_id,
                "subject_type": "task",
                "subject_id": task.id,
                "data": snapshot(task) | {"completed_by": person(by_id[task.completed_by_id or 0])},
                "created_at": task.completed_at,
            }
            for task in tasks
        ],
    )


def _mails(
    chance: random.Random,
    days: Sequence[tuple[dt.datetime, float]],
    contacts: Sequence[Contact],
    people: Mapping[str, User],
    mailbox: Mailbox,
) -> None:
    writers = [people[name] for name in ("staff", "staff2", "manager")]
    events: list[Event] = []
    for day, busy in days:
        for _ in range(work.few(chance, 1.1 * busy)):
            subject, said, answer = MAILS[len(events) % len(MAILS)]
            at, contact = work.within(chance, day), chance.choice(contacts)
            mail = mails.came_in(mailbox, contact, None, subject, said, at)
            if answer:
                mails.answered(mailbox, mail, chance.choice(writers), answer)
            events.append(mails.past_news(mail, mails.news_of(mailbox, mail, contact)))
    db.session.add_all(events)
    db.session.flush()
