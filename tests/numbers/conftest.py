"""A short history of work that was counted by hand: two colleagues of one group, somebody else, and their clients."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from app.extensions import db
from app.jobs import activity as activity_job
from app.models.calls import Call
from app.models.chats import Chat, Message
from app.models.mailboxes import Mailbox
from app.models.notifications import Delivery, Event
from app.models.people import User
from app.models.talks import Talk
from app.services.mails import mail_news
from app.services.reports import activity_days
from app.services.reports.activity_report import ActivityReport, Period, Scope, activity_report
from app.services.reports.figures import SECTION_KEYS
from app.transaction import transaction
from tests.builders import make_group, make_lead, make_mail, make_mailbox, make_stage, make_task, make_user

NOW = dt.datetime(2026, 3, 12, 12, tzinfo=dt.UTC)
WEEK = Period("week", dt.date(2026, 3, 2), dt.date(2026, 3, 9), "UTC")
ACCOUNT = Scope("account")


def day(number: int, hour: int = 10, minute: int = 0, month: int = 3) -> dt.datetime:
    return dt.datetime(2026, month, number, hour, minute, tzinfo=dt.UTC)


def refreshed() -> None:
    while True:
        with transaction():
            if not activity_days.refresh():
                break
    activity_job.rebuild()


def report(scope: Scope = ACCOUNT, period: Period = WEEK) -> ActivityReport:
    refreshed()
    db.session.expire_all()
    return activity_report(period, scope, SECTION_KEYS)


def values(line: Any, which: str = "value") -> dict[str, float | None]:
    return {key: getattr(one, which) for key, one in line.figures.items() if getattr(one, which)}


class History:
    """A week of work, with a little of the week before."""

    def __init__(self) -> None:
        self.ann, self.bob = make_user(first_name="Ann", last_name="A"), make_user(first_name="Bob", last_name="B")
        self.cleo = make_user(first_name="Cleo", last_name="C")
        self.boss = make_user("Manager", first_name="Boss", last_name="D")
        self.admin = make_user("Admin", first_name="Ada", last_name="E")
        self.sales = make_group("Sales", members=[self.ann, self.bob], manager_id=self.boss.id)
        self._leads()
        self._tasks()
        self._clients()
        self._rest()

    def _leads(self) -> None:
        won, lost = make_stage("won"), make_stage("lost")
        make_lead(responsible=self.ann, budget=Decimal(100), created_at=day(2))
        make_lead(responsible=self.ann, stage=won, budget=Decimal(250), created_at=day(1), closed_at=day(3))
        make_lead(
            responsible=self.bob, stage=won, budget=Decimal(70), currency="USD", created_at=day(4), closed_at=day(8, 23)
        )
        make_lead(responsible=self.cleo, stage=lost, budget=Decimal(30), created_at=day(9), closed_at=day(9))
        make_lead(responsible=self.bob, stage=lost, budget=Decimal(40), created_at=day(20, month=2), closed_at=day(5))
        # The week before.
        make_lead(responsible=self.ann, budget=Decimal(10), created_at=day(24, month=2))

    def _tasks(self) -> None:
        make_task(
            author=self.ann,
            responsible=self.bob,
            created_at=day(3),
            due_at=day(4),
            completed_at=day(4, 9),
            completed_by_id=self.bob.id,
        )
        make_task(
            author=self.ann,
            responsible=self.bob,
            created_at=day(3),
            due_at=day(5),
            completed_at=day(6),
            completed_by_id=self.ann.id,
        )
        make_task(author=self.cleo, responsible=self.cleo, created_at=day(6), due_at=day(7))
        make_task(author=self.cleo, responsible=self.cleo, created_at=day(6), due_at=day(30))

    def _clients(self) -> None:
        with transaction():
            chats = [Chat(kind="client"), Chat(kind="client"), Chat(kind="client"), Chat(kind="group")]
            db.session.add_all(chats)
            db.session.flush()
            first, second, third, colleagues = (chat.id for chat in chats)
            db.session.add_all(
                [
                    self._talk(
                        first,
                        self.ann,
                        day(2),
                        1,
                        first_reply_at=day(2, 10, 10),
                        state="closed",
                        closed_at=day(3),
                        closed_by_id=self.bob.id,
                        survey_asked_at=day(3),
                        score=9,
                    ),
                    self._talk(
                        first,
                        self.ann,
                        day(4),
                        3,
                        first_reply_at=day(4, 10, 30),
                        state="closing",
                        closed_by_id=self.ann.id,
                        survey_asked_at=day(5),
                    ),
                    self._talk(
                        second,
                        self.bob,
                        day(5),
                        1,
                        first_reply_at=day(5, 10, 20),
                        state="closed",
                        closed_at=day(6),
                        survey_asked_at=day(6),
                        score=5,
                    ),
                    # Nobody has taken it.
                    self._talk(third, None, day(6), 1, group_id=self.sales.id),
                ]
            )
            say = self._message
            db.session.add_all(
                [
                    say(first, 1, day(2)), say(first, 2, day(2, 10, 10), self.ann), say(first, 3, day(4)),
                    say(first, 4, day(4, 10, 30), self.bob),
                    say(first, 5, day(4, 11), self.bob, public=False, note=True),
                    say(second, 1, day(5)), say(second, 2, day(5, 10, 20), self.bob),
                    say(third, 1, day(6)), say(third, 2, day(6, 11)),
                    say(third, 3, day(6, 12), kind="system", public=False),
                    say(colleagues, 1, day(6), self.ann, public=False),
                ]
            )  # fmt: skip

    def _rest(self) -> None:
        def call(number: int, direction: str, status: str, **who: int) -> Call:
            return Call(external_id=str(number), direction=direction, status=status, started_at=day(2 + number), **who)

        def delivery(number: int, user: User, state: str) -> Delivery:
            at = day(2 + number)
            return Delivery(
                dedupe_key=f"t:{number}",
                purpose="notice",
                channel="email",
                address="a@example.com",
                user_id=user.id,
                state=state,
                not_before=at,
                created_at=at,
                finished_at=at,
            )

        def mail(mailbox: Mailbox) -> Event:
            made = make_mail(mailbox)
            said = SimpleNamespace(from_name="Basil", from_address="basil@example.org", subject="Hello", body="Hi")
            data = mail_news.snapshot(mailbox, made.id, said, SimpleNamespace(name="", contact_id=None))
            return Event(tag="mail:received", subject_type="mail", subject_id=made.id, data=data, created_at=day(3))

        mails = [mail(make_mailbox(owner=self.ann)), mail(make_mailbox(group=self.sales))]
        with transaction():
            db.session.add_all(
                [
                    call(0, "incoming", "ended", user_id=self.ann.id, responsible_id=self.bob.id),
                    call(1, "incoming", "missed", responsible_id=self.bob.id),
                    call(2, "incoming", "missed"),
                    call(3, "outgoing", "ended", user_id=self.cleo.id),
                    delivery(0, self.ann, "sent"),
                    delivery(1, self.ann, "sent"),
                    delivery(2, self.bob, "failed"),
                    *mails,
                ]
            )  # fmt: skip

    def _talk(self, chat_id: int, user: User | None, at: dt.datetime, seq: int, **values: Any) -> Talk:
        return Talk(
            chat_id=chat_id,
            responsible_id=user.id if user else None,
            opened_at=at,
            first_seq=seq,
            last_public_at=at,
            **values,
        )

    def _message(
        self,
        chat_id: int,
        seq: int,
        at: dt.datetime,
        author: User | None = None,
        *,
        kind: str = "",
        public: bool = True,
        note: bool = False,
    ) -> Message:
        return Message(
            chat_id=chat_id,
            seq=seq,
            author_kind=kind or ("user" if author else "visitor"),
            author_id=author.id if author else None,
            body="Hello",
            public=public,
            note=note,
            created_at=at,
        )


@pytest.fixture
def history(context: Flask, at: Callable[[Any], None]) -> History:
    """The history as it is on a Thursday of the week after."""
    at(NOW)
    return History()
