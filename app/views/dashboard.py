"""*Dashboard*: the activity report as a live page, with the records behind each number."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, has_access_api, permission_name
from flask_babel import gettext, lazy_gettext
from wtforms import Form

from app import access
from app.errors import UserError
from app.models.people import User
from app.moments import clock_time
from app.security import acting_user
from app.services.limits import limits
from app.services.reports import activity_days, figures, report_records, report_scope, report_words
from app.services.reports.activity_report import ActivityReport, Line, Measured, Scope, activity_report, report_csv
from app.services.reports.figure_kinds import Figure, Unit
from app.services.reports.figure_words import shown
from app.views import counted, report_charts, report_filter
from app.views.generated.base import SignedIn
from app.views.generated.lookup_field import LookupManyField
from app.views.generated.writing import write
from app.views.report_filter import SPANS, Asked, Wanted

# So many lines of people are kept up to date on an open page; more are, when it is loaded again.
LIVE_LINES = 60
# Whose records only admins may open.
ADMINS_ONLY = ("deliveries",)


class WhoForm(Form):  # type: ignore[misc]
    """Whose numbers: what a person may choose among is found as one types."""

    groups = LookupManyField("reported_groups", lazy_gettext("Groups"))
    users = LookupManyField("reported_users", lazy_gettext("People"))


class DashboardView(SignedIn, BaseView):  # type: ignore[misc]
    """Numbers, charts, lines per group and person, and what is behind them."""

    route_base = "/dashboard"
    default_view = "page"

    @expose("/")
    @has_access
    @permission_name("list")
    def page(self) -> ResponseReturnValue:
        """Show the numbers that the address asks for; what is wrong with it is said at its field."""
        user, report, error, of_report = acting_user(), None, None, None
        of = Asked(report_filter.DEFAULT_SPAN, "", "", (), (), ())
        try:
            of = report_filter.asked(request.args)
            of_report = report_filter.wanted(user, of)
            report = _report(of_report)
        except UserError as problem:
            error = problem
        charts = report_charts.charts_of(report) if report is not None else ()
        content = self.render_template(
            "dashboard/page.html",
            title=lazy_gettext("Dashboard"),
            asked=of,
            spans=SPANS,
            sections=figures.SECTIONS,
            whose=report_words.about(of_report.scope) if of_report else "",
            who=_who(user, of) if report_filter.may_choose(user) else None,
            report=report,
            error=error,
            charts={chart.section: chart for chart in charts},
            drawn=report_charts.as_json(charts),
            shown=shown,
            change=change_words,
            behind=_linker(user, of),
            line_key=line_key,
            line_url=lambda line: url_for("DashboardView.page") + "?" + of.of_line(line).query(),
            is_admin=access.is_admin(user),
        )
        return (content, error.status) if error is not None else content

    @expose("/numbers")
    @has_access_api
    @permission_name("list")
    def numbers(self) -> Response:
        """Return the texts and charts of an open page anew."""
        report = _report(report_filter.wanted(acting_user(), report_filter.asked(request.args)))
        lines = [report.total, *report.groups]
        lines += report.users if len(report.users) <= LIVE_LINES else ()
        cells = {}
        for line in lines:
            for figure in report.figures:
                measured = line.figures[figure.key]
                cells[f"{line_key(line)}.{figure.key}"] = [
                    shown(figure, measured.value),
                    change_words(figure, measured),
                    measured.verdict(figure),
                ]
        return jsonify(
            cells=cells,
            charts=report_charts.as_json(report_charts.charts_of(report)),
            as_of={"at": report.as_of.isoformat(), "words": clock_time(report.as_of)} if report.as_of else None,
        )

    @expose("/file")
    @has_access
    @permission_name("list")
    def file(self) -> ResponseReturnValue:
        """Return the same as CSV."""
        of = report_filter.asked(request.args)
        report = _report(report_filter.wanted(acting_user(), of))
        # Excel reads UTF-8 only with the mark in front.
        answer = Response("\ufeff" + report_csv(report), mimetype="text/csv")
        name = f"activity-{report.period.starts_on}-{report.period.last_day}.csv"
        answer.headers.set("Content-Disposition", "attachment", filename=name)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/behind/<string:key>")
    @has_access
    @permission_name("list")
    def behind(self, key: str) -> ResponseReturnValue:
        """List the records behind a number, where no screen of their own does."""
        user, of = acting_user(), report_filter.asked(request.args)
        try:
            figure = figures.figure_of(key)
        except KeyError:
            abort(404)
        if figure.section in ADMINS_ONLY and not access.is_admin(user):
            abort(403)
        given = report_filter.wanted(user, of)
        listed = counted.list_url(figure, of)
        if listed:
            return redirect(listed)
        page = request.args.get("page", "0")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 0
        found = report_records.behind(user, key, given.period, given.scope, number)
        limits.count_records(user, found.records)
        return self.render_template(  # type: ignore[no-any-return]
            "dashboard/behind.html",
            title=figure.label,
            found=found,
            asked=of,
            wanted=given,
            whose=report_words.about(given.scope),
            back=url_for("DashboardView.page") + "?" + of.query(),
        )

    @expose("/rebuild", methods=["POST"])
    @has_access
    @permission_name("rebuild")
    def rebuild(self) -> ResponseReturnValue:
        """Have all numbers counted anew."""
        actor = acting_user()
        if not access.is_admin(actor):
            abort(403)
        write(actor, activity_days.start_rebuild)
        flash(gettext("All numbers are being counted anew, the newest days first"), "success")
        return redirect(url_for("DashboardView.page"))


def line_key(line: Line) -> str:
    """Return by which name the page's script knows a line."""
    return f"u{line.user_id}" if line.user_id else f"g{line.group_id}" if line.group_id else "t"


def change_words(figure: Figure, measured: Measured) -> str:
    """Return how a number compares with the period before: "+12 %", "34 before", "as before"; empty for nothing."""
    if measured.before is None or measured.value is None:
        return "" if measured.before is None else gettext("%(n)s before", n=shown(figure, measured.before))
    if measured.value == measured.before:
        return gettext("as before") if measured.value else ""
    if not measured.before and figure.unit in (Unit.COUNT, Unit.MONEY):
        return gettext("none before")
    change = measured.change
    # Percent of a percentage, or of a number below nothing, says nothing to anybody.
    if change is None or figure.unit in (Unit.SCORE, Unit.PERCENT) or abs(change) > 999:
        return gettext("%(n)s before", n=shown(figure, measured.before))
    return gettext("%(change)s %%", change=f"{change:+.0f}")


def _report(wanted: Wanted) -> ActivityReport:
    return activity_report(wanted.period, wanted.scope, wanted.sections)


def _linker(user: User, of: Asked) -> Any:
    """The address behind a line's number; empty where its records are not for this person."""
    admin = access.is_admin(user)

    def link(figure: Figure, line: Line) -> str:
        if figure.section in ADMINS_ONLY and not admin:
            return ""
        its = of.of_line(line)
        return counted.list_url(figure, its) or url_for("DashboardView.behind", key=figure.key) + "?" + its.query()

    return link


def _who(user: User, of: Asked) -> WhoForm:
    form = WhoForm()
    form.groups.data = report_scope.chosen(Scope("groups", of.group_ids))
    form.users.data = report_scope.chosen(Scope("user", of.user_ids))
    return form
