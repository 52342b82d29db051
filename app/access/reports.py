"""Scheduled reports and their runs: who may open which."""

from __future__ import annotations

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import joinedload

from app.access.sight import EVERYTHING, load
from app.access.who import is_admin, is_free
from app.errors import NotFound
from app.models.people import User
from app.models.reports import Report, ReportRecipient, ReportRun


def access_report(user: User, report_id: int) -> Report:
    """Return the scheduled report that this person set up; admins see everybody's. Raises NotFound."""
    mine = false() if is_free(user) else EVERYTHING if is_admin(user) else Report.owner_id == user.id
    return load(Report, report_id, mine, "Report", joinedload(Report.owner))


def access_report_run(user: User, run_id: int) -> ReportRun:
    """Return a run of a report for who set it up, admins and who gets it; a preview for its author. Raises NotFound."""
    if is_free(user):
        raise NotFound("Report")
    theirs = select(Report.id).where(Report.owner_id == user.id)
    sent_to = select(ReportRecipient.report_id).where(ReportRecipient.user_id == user.id)
    shown = and_(
        ReportRun.report_id.is_not(None),
        EVERYTHING if is_admin(user) else or_(ReportRun.report_id.in_(theirs), ReportRun.report_id.in_(sent_to)),
    )
    own = and_(ReportRun.report_id.is_(None), ReportRun.user_id == user.id)
    return load(ReportRun, run_id, or_(shown, own), "Report")
