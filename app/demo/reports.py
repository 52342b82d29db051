"""The demo's scheduled report: set up, paused, so that nothing leaves by itself."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from app.extensions import db
from app.models.people import Group, User
from app.services.reports import reports


def load(people: Mapping[str, User]) -> None:
    """Let the manager have set up Monday morning's report of the Sales Office, for the admin too."""
    manager = people["manager"]
    sales = db.session.scalars(select(Group.id).filter_by(name="Sales Office")).one()
    report = reports.create(
        manager,
        {
            "name": "Sales Office",
            "sections": ["leads", "tasks", "messages", "talks", "replies", "calls", "scores"],
            "scope": "groups",
            "group_ids": [sales],
            "period": "week",
            "times": ["08:00"],
            "weekdays": [0],
            "zone": manager.zone,
            "attach_pdf": True,
            "attach_csv": True,
            "language": "en",
            "recipient_ids": [manager.id, people["admin"].id],
        },
    )
    reports.switch(manager, report, on=False)
