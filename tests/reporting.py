"""How tests set reports up, and let them out without workers."""

from __future__ import annotations

from contextvars import Context
from typing import Any

from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.extensions import db
from app.jobs import activity as activity_job
from app.models.people import User
from app.models.reports import Report
from app.services.reports import activity_days, report_runs, reports
from app.transaction import transaction
from tests import builders, news
from tests.bad_moments.queued import work_off

SETUP: dict[str, Any] = {
    "name": "Sales Office",
    "sections": ["leads", "tasks", "messages", "replies", "scores"],
    "scope": "account",
    "period": "week",
    "times": ["08:00"],
    "weekdays": [0],
    "monthday": 1,
    "zone": "Europe/Vienna",
    "attach_pdf": True,
    "attach_csv": True,
    "language": "en",
    "addresses": "",
}
OWN = {key: SETUP[key] for key in ("sections", "period", "times", "weekdays", "monthday", "zone")}


def make_report(owner: User, *recipients: User, **values: Any) -> Report:
    """Set up a report about the whole account, or as the values say."""
    with transaction(owner.id):
        return reports.create(owner, SETUP | {"recipient_ids": [user.id for user in recipients]} | values)


def beat() -> int:
    """What the beat does about reports; return how many were due."""
    with transaction():
        due = report_runs.prepare_due()
    report_runs.sweep()
    return due


def run_due() -> int:
    """Let due reports be made and their mails leave; return how many reports were due."""
    count_numbers()
    due = beat()
    work_off("slow")
    work_off("mail")
    news.deliver_due()
    with transaction():
        report_runs.settle()
    db.session.expire_all()
    return due


def runs() -> list[tuple[str, bool, str | None]]:
    """Every run as (state, late, error), in the order written."""
    rows = db.session.execute(text("SELECT state, late, error FROM report_runs ORDER BY id"))
    return [(row.state, row.late, row.error) for row in rows]


class Window:
    """A browser of somebody (None: a stranger), whose requests have nothing of the test's own context."""

    def __init__(self, app: Flask, user: User | None = None) -> None:
        self._client = app.test_client()
        if user is not None:
            username = user.username
            Context().run(builders.login, self._client, username)

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self._open(path, "GET")

    def post(self, path: str, **data: Any) -> TestResponse:
        """Send a form."""
        return self._open(path, "POST", data=data)

    def _open(self, path: str, method: str, **values: Any) -> TestResponse:
        db.session.rollback()
        answer = Context().run(lambda: self._client.open(path, method=method, **values))
        db.session.expire_all()
        return answer


def count_numbers() -> None:
    """Have all daily numbers counted, as the beat and its job do."""
    while True:
        with transaction():
            if not activity_days.refresh():
                break
    activity_job.rebuild()
    db.session.expire_all()
