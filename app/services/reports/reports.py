"""Scheduled reports as people set them up: what they tell, about whom, when, and to whom.

Staff have one report of their own, about themselves and to themselves. Managers and admins have shared ones; a
manager's tell of the groups that they manage.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, select, text
from sqlalchemy.orm import joinedload

from app import access, clock
from app.catalogue import Channel, Mail
from app.errors import Conflict, Forbidden
from app.extensions import db
from app.models.people import User
from app.models.reports import Report
from app.services import fields
from app.services.account import faults
from app.services.reports import report_recipients, report_times, report_words
from app.services.reports.report_scope import Scope
from app.services.reports.report_setup import check, sending
from app.services.reports.report_times import Sending
from app.services.settings import matrix

FIELDS = (
    "name",
    "sections",
    "scope",
    "group_ids",
    "user_ids",
    "period",
    "times",
    "weekdays",
    "monthday",
    "zone",
    "attach_pdf",
    "attach_csv",
    "language",
    "recipient_ids",
    "addresses",
)
OWN_FIELDS = tuple(set(FIELDS) - {"name", "scope", "group_ids", "user_ids", "recipient_ids", "addresses"})
ROW = "report"
LISTED = 200


def may_share(user: User) -> bool:
    """Whether the person may set up reports about others: admins, and managers about the groups they manage."""
    return access.is_manager_or_admin(user)


def listed(user: User) -> list[Report]:
    """Return the shared reports this person may look at: all for admins, else their own; the newest first."""
    statement = select(Report).where(Report.shared).options(joinedload(Report.owner))
    if not access.is_admin(user):
        statement = statement.where(Report.owner_id == user.id)
    return list(db.session.scalars(statement.order_by(Report.id.desc()).limit(LISTED)))


def recipients_count(report_ids: Collection[int]) -> dict[int, int]:
    """Return how many people get each report, those that have not confirmed or have left it not counted."""
    rows = db.session.execute(
        text(
            "SELECT report_id, count(*) AS n FROM report_recipients WHERE report_id = ANY(:ids)"
            " AND confirmed_at IS NOT NULL AND unsubscribed_at IS NULL GROUP BY 1"
        ),
        {"ids": list(report_ids)},
    )
    return {row.report_id: row.n for row in rows}


def own_of(user: User) -> Report | None:
    """Return the person's report about themselves, or None."""
    return db.session.scalars(select(Report).where(Report.owner_id == user.id, ~Report.shared)).one_or_none()


def is_set_up(user: User) -> bool:
    """Whether some report goes to the person: their own, or one that somebody added them to."""
    return bool(
        db.session.execute(
            text(
                "SELECT EXISTS (SELECT FROM report_recipients c JOIN reports r ON r.id = c.report_id"
                " WHERE c.user_id = :id AND c.unsubscribed_at IS NULL AND r.active)"
            ),
            {"id": user.id},
        ).scalar_one()
    )


def create(actor: User, changes: Mapping[str, Any]) -> Report:
    """Set up a shared report. Raises UserError naming the field, Forbidden for staff and free users."""
    if not may_share(actor):
        raise Forbidden("Only admins and managers set up reports about others")
    fields.known(changes, FIELDS)
    values = check(actor, changes)
    wanted = report_recipients.checked(actor, changes.get("recipient_ids"), changes.get("addresses"))
    report = Report(owner_id=actor.id, shared=True, active=True, **values)
    db.session.add(report)
    _plan(report)
    db.session.flush()
    report_recipients.replace(actor, report, wanted)
    return report


def update(actor: User, report: Report, changes: Mapping[str, Any]) -> Report:
    """Change a shared report; all of it is given. Raises like create."""
    require_may_change(actor, report)
    fields.known(changes, FIELDS)
    # What the owner may see is what counts: an admin who helps out must not widen it.
    values = check(report.owner, changes)
    wanted = report_recipients.checked(actor, changes.get("recipient_ids"), changes.get("addresses"))
    for field, value in values.items():
        setattr(report, field, value)
    _plan(report)
    report_recipients.replace(actor, report, wanted)
    _forget_faults(report)
    db.session.flush()
    return report


def save_own(actor: User, changes: Mapping[str, Any]) -> Report:
    """Set up, or change, the person's report about themselves, and have it mailed. Raises UserError, Forbidden."""
    if access.is_free(actor):
        raise Forbidden("Free users have no reports")
    fields.known(changes, OWN_FIELDS)
    values = check(actor, {**changes, "name": report_words.own_name(), "scope": "user", "user_ids": [actor.id]})
    report = own_of(actor)
    if report is None:
        report = Report(owner_id=actor.id, shared=False, **values)
        db.session.add(report)
    for field, value in values.items():
        setattr(report, field, value)
    report.active = True
    _plan(report)
    db.session.flush()
    report_recipients.replace(actor, report, report_recipients.Wanted((actor.id,), ()))
    report_recipients.subscribe_again(report, actor.id)
    matrix.set_cell(actor, ROW, Channel.EMAIL, Mail.NOW)
    return report


def switch(actor: User, report: Report, on: bool) -> None:
    """Let a report go out, or pause it. What a pause passes over is not caught up. Raises Forbidden."""
    require_may_change(actor, report)
    report.active = on
    _plan(report)
    _forget_faults(report)
    db.session.flush()


def delete(actor: User, report: Report) -> None:
    """Delete a report with its history; mails on their way stay in. Raises Forbidden."""
    require_may_change(actor, report)
    _forget_faults(report)
    db.session.delete(report)
    db.session.flush()


def require_may_change(actor: User, report: Report) -> None:
    """Raise Forbidden unless the person may change the report: its owner, or an admin where it is shared."""
    if report.owner_id != actor.id and not (report.shared and access.is_admin(actor)):
        raise Forbidden("This report is somebody else's")


def setup_of(report: Report) -> dict[str, object]:
    """Return what a run has to know of the set-up; later changes do not reach a run that has begun."""
    return {
        "name": report.name,
        "shared": report.shared,
        "sections": list(report.sections),
        "scope": report.scope,
        "scope_ids": list(report.scope_ids),
        "period": report.period,
        "zone": report.zone,
        "attach_pdf": report.attach_pdf,
        "attach_csv": report.attach_csv,
        "language": report.language,
        "owner_id": report.owner_id,
    }


def draft_setup(actor: User, changes: Mapping[str, Any]) -> dict[str, object]:
    """Return the set-up of a form that is not stored yet, for a preview. Raises UserError naming the field."""
    values = check(actor, changes)
    return setup_of(Report(owner_id=actor.id, shared=bool(changes.get("shared", True)), **values))


def scope_of(report: Report) -> Scope:
    """Return whose numbers it tells."""
    return Scope(report.scope, tuple(report.scope_ids))  # type: ignore[arg-type]


def sending_of(report: Report) -> Sending:
    """Return when it goes out."""
    return sending(report.period, report.times, report.weekdays, report.monthday, report.zone)


def _plan(report: Report) -> None:
    """Work out when it is due next: from now on, a window that has begun is not repeated."""
    report.next_at = report_times.next_after(sending_of(report), clock.now()) if report.active else None


def _forget_faults(report: Report) -> None:
    faults.over(f"report:{report.id}:recipients")
    faults.over(f"report:{report.id}:run")


def require_recipients(report: Report) -> None:
    """Raise Conflict where nobody would get it."""
    count = db.session.scalar(select(func.count()).select_from(report_recipients.reached(report.id).subquery()))
    if not count:
        raise Conflict("no_recipients", gettext("Nobody gets this report yet"))
