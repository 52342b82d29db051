"""A database that goes away while something is sent: nothing is lost, and nothing goes twice without a word."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from app.channels.base import Message
from app.extensions import db
from app.models.people import User
from app.services import delivery
from app.services.claimed import Claimed
from app.services.outgoing import PURPOSES
from tests import builders, news
from tests.bad_moments.queued import work_off
from tests.hiccups import cut_connections
from tests.mailboxes import SmtpServer

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MoveClock = Callable[[dt.datetime | None], None]


@pytest.fixture
def assign(context: Flask, at: MoveClock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``assign("One", "Two")`` makes two tasks of which somebody is mailed; it is noon, and nobody waits for real."""
    at(NOON)
    monkeypatch.setattr(delivery, "WRITE_AGAIN_SECONDS", (0, 0))
    manager, staff = builders.make_user("Manager"), builders.make_user("Staff", email="milo@example.com")

    def assign_all(*tasks: str) -> None:
        for words in tasks:
            news.assign(db.session.get_one(User, staff.id), db.session.get_one(User, manager.id), words)

    return assign_all


def mails() -> list[tuple[str, int]]:
    """State and tries of each mail, the oldest first."""
    db.session.rollback()
    rows = db.session.execute(text("SELECT state, attempts FROM deliveries WHERE channel = 'email' ORDER BY id")).all()
    db.session.rollback()
    return [(row.state, row.attempts) for row in rows]


def later(at: MoveClock, **duration: float) -> None:
    """Let the beat look and the worker work, so much after noon."""
    at(NOON + dt.timedelta(**duration))
    delivery.sweep()
    work_off()


def restart_database_at(command: str, smtp: SmtpServer, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the application off while the mail server thinks about a command."""
    answer = getattr(smtp, f"handle_{command}")

    async def cut_and_answer(*args: Any) -> Any:
        cut_connections(app, monkeypatch)
        return await answer(*args)

    monkeypatch.setattr(smtp, f"handle_{command}", cut_and_answer)


def test_a_mail_goes_once_though_the_database_restarts_while_it_is_sent(
    app: Flask, assign: Callable[..., None], smtp: SmtpServer, at: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assign("One", "Two")
    restart_database_at("DATA", smtp, app, monkeypatch)
    work_off()
    assert mails() == [("sent", 1), ("sent", 1)]
    later(at, days=1)
    assert len(smtp.mails) == 2


@pytest.mark.parametrize(("answer", "state"), [("452 4.2.2 full", "pending"), ("554 5.7.1 no", "failed")])
def test_a_refusal_is_noted_though_the_database_restarts_meanwhile(
    app: Flask,
    assign: Callable[..., None],
    smtp: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    state: str,
) -> None:
    assign("One")
    smtp.refuse = answer
    restart_database_at("RCPT", smtp, app, monkeypatch)
    work_off()
    assert mails() == [(state, 1)]


def test_what_was_sent_and_could_not_be_written_is_logged_before_it_goes_again_under_its_message_id(
    assign: Callable[..., None], smtp: SmtpServer, at: MoveClock, caplog: pytest.LogCaptureFixture
) -> None:
    assign("One")

    def fail(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "receipt" in statement:
            raise OperationalError(statement, {}, Exception("the disk is full"))

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(OperationalError):
            work_off()
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "delivery 1 was sent, and will be sent again: that could not be written"
    ]
    assert mails() == [("sending", 1)]
    later(at, minutes=6)
    assert mails() == [("sent", 2)]
    assert len({mail["Message-ID"] for mail in smtp.mails}) == 1


def test_an_outcome_whose_commit_succeeded_unheard_is_followed_up_once(
    assign: Callable[..., None], smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[int] = []
    commit = db.session.commit

    def commit_unheard() -> None:
        commit()
        if len(followed) == 1:
            followed.append(0)
            raise OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))

    def follow(claimed: Claimed, *_: object) -> None:
        followed.append(claimed.id)

    monkeypatch.setattr(db.session, "commit", commit_unheard)
    monkeypatch.setitem(PURPOSES, "notice", replace(PURPOSES["notice"], after=follow))
    assign("One")
    smtp.refuse = "554 5.7.1 no"
    work_off()
    assert (mails(), followed) == ([("failed", 1)], [1, 0])


def test_a_mail_counts_as_sent_though_what_follows_it_fails(
    assign: Callable[..., None], smtp: SmtpServer, at: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        db.session.execute(text("SELECT 1 / 0"))

    monkeypatch.setitem(PURPOSES, "notice", replace(PURPOSES["notice"], after=fail))
    assign("One", "Two")
    work_off()
    assert mails() == [("sent", 1), ("sent", 1)]
    later(at, days=1)
    assert len(smtp.mails) == 2


@pytest.mark.parametrize(
    ("error", "state"),
    [(OperationalError("SELECT", {}, Exception("gone")), ("pending", 1)), (KeyError("name"), ("failed", 1))],
)
def test_a_mail_that_cannot_be_worded_holds_up_no_other_and_waits_where_the_database_was_to_blame(
    assign: Callable[..., None],
    smtp: SmtpServer,
    at: MoveClock,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    state: tuple[str, int],
) -> None:
    word, troubles = PURPOSES["notice"].message, iter([error])

    def message(claimed: Claimed) -> Message:
        if trouble := next(troubles, None):
            raise trouble
        return word(claimed)

    monkeypatch.setitem(PURPOSES, "notice", replace(PURPOSES["notice"], message=message))
    assign("One", "Two")
    delivery.deliver("email", [1, 2])
    assert mails() == [state, ("sent", 1)]
    later(at, seconds=40)
    assert len(smtp.mails) == (2 if state[0] == "pending" else 1)


def test_a_mail_that_cannot_be_decided_again_holds_up_no_other(
    assign: Callable[..., None], smtp: SmtpServer, at: MoveClock
) -> None:
    assign("One", "Two", "Three")
    # As of a kind that a later version does not know any more.
    db.session.execute(text("UPDATE events SET tag = 'task:forgotten' WHERE data ->> 'text' = 'Two'"))
    db.session.commit()
    delivery.deliver("email", [1, 2, 3])
    assert mails() == [("sent", 1), ("failed", 1), ("sent", 1)]
    later(at, days=1)
    assert len(smtp.mails) == 2


def test_a_slow_server_costs_a_batch_a_minute_and_the_rest_counts_as_not_tried(
    assign: Callable[..., None], smtp: SmtpServer, at: MoveClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count(0, 40)
    assign("One", "Two", "Three")
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        delivery.deliver("email", [1, 2, 3])
    assert mails() == [("sent", 1), ("pending", 0), ("pending", 0)]
    later(at, seconds=1)
    assert mails() == [("sent", 1)] * 3
    assert len(smtp.mails) == 3
