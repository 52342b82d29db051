"""Scheduled reports: set up, tried out, sent by hand, and as they were sent. Staff have one about themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, abort, flash, jsonify, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext

from app import access, clock
from app.clock import zone_of
from app.errors import UserError
from app.models.people import User
from app.models.reports import Report, RunState
from app.security import acting_user
from app.services.reports import report_recipients, report_runs, report_setup, report_times, report_words, reports
from app.services.reports.report_period import Period
from app.services.reports.report_scope import groups_of
from app.views.errors import or_404
from app.views.generated.base import SignedIn
from app.views.generated.form_values import changes_of, show_error
from app.views.generated.interface import as_id
from app.views.generated.writing import write
from app.views.report_form import OwnReportForm, ReportForm, first_values, values_of

UPCOMING = 3
STATES = {
    RunState.WAITING: lazy_gettext("Waiting"),
    RunState.BUILDING: lazy_gettext("Being made"),
    RunState.SENDING: lazy_gettext("Being sent"),
    RunState.DONE: lazy_gettext("Sent"),
    RunState.FAILED: lazy_gettext("Failed"),
}


class ReportView(SignedIn, BaseView):  # type: ignore[misc]
    """*Scheduled reports*."""

    route_base = "/scheduled"
    default_view = "reports"

    @expose("/")
    @has_access
    @permission_name("list")
    def reports(self) -> ResponseReturnValue:
        """List the reports about others; the own one is linked."""
        actor = acting_user()
        found = reports.listed(actor)
        return self.render_template(
            "report/list.html",
            title=gettext("Scheduled reports"),
            reports=found,
            counts=reports.recipients_count([report.id for report in found]),
            own=reports.own_of(actor),
            schedule_of=lambda report: report_words.schedule(reports.sending_of(report)),
        )

    @expose("/new", methods=["GET", "POST"])
    @has_access
    @permission_name("list")
    def add(self) -> ResponseReturnValue:
        """Set up a report about others."""
        actor = acting_user()
        _needs(reports.may_share(actor))
        everything = access.is_admin(actor)
        form = ReportForm(everything, _given(), data=self._first_values(actor, everything))
        if request.method == "POST":
            report = _saved(form, lambda: write(actor, lambda: reports.create(actor, changes_of(form))))
            if report is not None:
                return redirect(url_for("ReportView.show", pk=report.id))
        return self._form(form, gettext("New scheduled report"), None, url_for("ReportView.reports"))

    @expose("/<pk>/edit", methods=["GET", "POST"])
    @has_access
    @permission_name("list")
    def edit(self, pk: str) -> ResponseReturnValue:
        """Change a report about others."""
        actor, report = acting_user(), _find(pk)
        if not report.shared:
            return redirect(url_for("ReportView.own"))
        recipients = report_recipients.of_report(report.id)
        form = ReportForm(access.is_admin(report.owner), _given(), data=values_of(report, recipients))
        if request.method == "POST":
            saved = _saved(form, lambda: write(actor, lambda: reports.update(actor, report, changes_of(form))))
            if saved is not None:
                return redirect(url_for("ReportView.show", pk=saved.id))
        return self._form(form, report.name, report, url_for("ReportView.show", pk=report.id))

    @expose("/own", methods=["GET", "POST"])
    @has_access
    @permission_name("own")
    def own(self) -> ResponseReturnValue:
        """Set up, or change, the report about oneself."""
        actor = acting_user()
        report = reports.own_of(actor)
        form = OwnReportForm(_given(), data=values_of(report, []) if report is not None else first_values(actor))
        if request.method == "POST":
            saved = _saved(form, lambda: write(actor, lambda: reports.save_own(actor, changes_of(form))))
            if saved is not None:
                flash(gettext("Your report is set up"), "success")
                return redirect(url_for("ReportView.show", pk=saved.id))
        back = url_for("ReportView.show", pk=report.id) if report else url_for("ProfileView.profile") + "#notifications"
        return self._form(form, gettext("Scheduled report of my numbers"), report, back)

    @expose("/<pk>")
    @has_access
    @permission_name("own")
    def show(self, pk: str) -> ResponseReturnValue:
        """Show one report: when it comes next, who gets it, and its history."""
        report = _find(pk)
        return self.render_template(
            "report/show.html",
            title=report.name,
            report=report,
            whose=report_words.about(reports.scope_of(report)),
            recipients=report_recipients.of_report(report.id),
            runs=report_runs.history(report),
            states=STATES,
            schedule=report_words.schedule(reports.sending_of(report)),
            attached=[name for name, on in (("PDF", report.attach_pdf), ("CSV", report.attach_csv)) if on],
            span_of=lambda run: report_words.span(Period(run.setup["period"], run.starts_on, run.ends_on, report.zone)),
            upcoming=_upcoming(report) if report.active else [],
            may_list=reports.may_share(acting_user()),
        )

    @expose("/<pk>/send", methods=["POST"])
    @has_access
    @permission_name("own")
    def send(self, pk: str) -> ResponseReturnValue:
        """Send a report at once to everybody who gets it."""
        done = gettext("It is being made and goes to everybody who gets it")
        return _act(pk, lambda actor, report: report_runs.send_now(actor, report), done)

    @expose("/<pk>/switch", methods=["POST"])
    @has_access
    @permission_name("own")
    def switch(self, pk: str) -> ResponseReturnValue:
        """Pause a report, or let it go on (``on`` is 1)."""
        on = request.form.get("on") == "1"
        done = gettext("It goes out again") if on else gettext("Paused: nothing goes out by itself")
        return _act(pk, lambda actor, report: reports.switch(actor, report, on), done)

    @expose("/<pk>/delete", methods=["POST"])
    @has_access
    @permission_name("own")
    def delete(self, pk: str) -> ResponseReturnValue:
        """Delete a report with its history."""
        actor, report = acting_user(), _find(pk)
        own = not report.shared
        write(actor, lambda: reports.delete(actor, report))
        flash(gettext("Deleted"), "success")
        return redirect(url_for("ProfileView.profile") if own else url_for("ReportView.reports"))

    @expose("/<pk>/recipients/<recipient_pk>/ask", methods=["POST"])
    @has_access
    @permission_name("list")
    def ask(self, pk: str, recipient_pk: str) -> ResponseReturnValue:
        """Ask an address outside once more whether it wants the report."""
        wanted = as_id(recipient_pk)

        def act(actor: User, report: Report) -> None:
            reports.require_may_change(actor, report)
            found = next((one for one in report_recipients.of_report(report.id) if one.id == wanted), None)
            if found is None:
                abort(404)
            report_recipients.ask_again(found)

        return _act(pk, act, gettext("Asked again by mail"))

    # -- tried out before it is stored

    @expose("/next", methods=["POST"])
    @has_access
    @permission_name("own")
    def upcoming(self) -> Response:
        """Return when a form's report would go out next, in words, or what is wrong with its times."""
        actor = acting_user()
        form = OwnReportForm(request.form)
        # What it tells is not asked here.
        given = changes_of(form) | {"sections": ["leads"], "name": "-", "scope": "user", "user_ids": [actor.id]}
        try:
            values = report_setup.check(actor, given)
        except UserError as error:
            return jsonify({"next": [], "error": error.message, "field": error.field})
        sending = report_setup.sending(
            values["period"], values["times"], values["weekdays"], values["monthday"], values["zone"]
        )
        return jsonify({"next": _in_words(report_times.upcoming(sending, clock.now(), UPCOMING), sending.zone)})

    @expose("/preview", methods=["POST"])
    @has_access
    @permission_name("own")
    def preview(self) -> ResponseReturnValue:
        """Have a form's report made for its author alone; the answer says where it can be looked at."""
        actor, owner = acting_user(), acting_user()
        if request.form.get("shared") == "1":
            if as_id(request.form.get("report", "")):
                owner = _find(request.form["report"]).owner
            given = changes_of(ReportForm(access.is_admin(owner), request.form)) | {"shared": True}
        else:
            own = {"name": report_words.own_name(), "scope": "user", "user_ids": [actor.id], "shared": False}
            given = changes_of(OwnReportForm(request.form)) | own
        try:
            run_id = write(actor, lambda: report_runs.preview(actor, reports.draft_setup(owner, given)))
        except UserError as error:
            return jsonify({"error": error.message, "field": error.field}), 422
        return jsonify({"state": url_for("ReportRunView.state", run_pk=run_id)})

    def _first_values(self, actor: User, everything: bool) -> dict[str, Any]:
        groups = [] if everything else groups_of(actor)
        first = {"scope": "account" if everything else "groups", "groups": groups, "recipients": [actor]}
        return first_values(actor) | first | {"name": gettext("Weekly activity"), "attach_pdf": True}

    def _form(self, form: OwnReportForm, title: str, report: Report | None, back: str) -> ResponseReturnValue:
        page = self.render_template(
            "report/form.html",
            title=title,
            form=form,
            report=report,
            shared=isinstance(form, ReportForm),
            back=back,
            times_max=report_setup.TIMES_MAX,
        )
        return make_response(page, 422 if form.errors else 200)


def _saved(form: OwnReportForm, save: Callable[[], Report]) -> Report | None:
    """Store what a form says; None where it shows an error beside a field."""
    if not form.validate():
        return None
    try:
        return save()
    except UserError as error:
        show_error(form, error)
        return None


def _act(pk: str, act: Callable[[User, Report], None], done: str) -> ResponseReturnValue:
    actor, report = acting_user(), _find(pk)
    try:
        write(actor, lambda: act(actor, report))
    except UserError as error:
        flash(error.message, "danger")
    else:
        flash(done, "success")
    return redirect(url_for("ReportView.show", pk=report.id))


def _given() -> Any:
    """What was sent, be it nothing: a form that was not sent shows what is stored."""
    return request.form if request.method == "POST" else None


def _find(pk: str) -> Report:
    return or_404(lambda: access.access_report(acting_user(), as_id(pk) or 0))


def _needs(allowed: bool) -> None:
    if not allowed:
        abort(403)


def _upcoming(report: Report) -> list[str]:
    return _in_words(report_times.upcoming(reports.sending_of(report), clock.now(), UPCOMING), report.zone)


def _in_words(moments: list[Any], zone: str) -> list[str]:
    return [report_words.moment(moment.astimezone(zone_of(zone))) for moment in moments]
