"""`/report/…`: what recipients of reports do without a login: say yes, stop, look at one. The signed link is the proof.

GET changes nothing, since mail programs and scanners follow links; only POST acts (RFC 8058).
"""

from __future__ import annotations

from flask import Blueprint, Flask, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from app.errors import UserError
from app.extensions import csrf, db
from app.models.people import full_name
from app.models.reports import ReportRecipient, ReportRun
from app.services.reports import report_recipients
from app.transaction import transaction
from app.views.report_runs import file_answer, page_values

blueprint = Blueprint("report_links", __name__, url_prefix="/report")
_PRIVATE = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "Cache-Control": "private, no-store"}


def init_app(app: Flask) -> None:
    """Add the addresses; the providers' one-click POST carries neither cookie nor CSRF token."""
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)


@blueprint.route("/confirm/<string:token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Ask an address outside whether it wants a report, and take its yes."""
    try:
        recipient = report_recipients.by_confirmation(token)
        if request.method == "POST":
            with transaction():
                report_recipients.confirm(recipient)
        return _page("confirm", recipient, done=recipient.confirmed_at is not None)
    except UserError as error:
        return _broken(error)


@blueprint.route("/stop/<string:token>", methods=["GET", "POST"])
def stop(token: str) -> ResponseReturnValue:
    """Ask whether a report should stop, and stop it; with the form field ``undo``, let it come again."""
    try:
        recipient = report_recipients.by_stop(token)
        if request.method == "POST":
            with transaction(recipient.user_id):
                act = report_recipients.resume if "undo" in request.form else report_recipients.stop
                act(recipient)
        return _page("stop", recipient, done=recipient.unsubscribed_at is not None, undone="undo" in request.form)
    except UserError as error:
        return _broken(error)


@blueprint.get("/view/<string:token>")
def view(token: str) -> ResponseReturnValue:
    """Show an outside recipient a report as it was sent."""
    try:
        recipient, run = _run_of(token)
    except UserError as error:
        return _broken(error)
    values = page_values(run, lambda name: url_for("report_links.file", token=token, name=name))
    # Strangers have chosen no language: all of the page has the report's.
    with force_locale(values["language"]):
        page = render_template(
            "report/page.html",
            **values,
            page_language=values["language"],
            stop_url=report_recipients.stop_url(recipient.id),
        )
    return page, 200, _PRIVATE


@blueprint.get("/view/<string:token>/files/<string:name>")
def file(token: str, name: str) -> ResponseReturnValue:
    """Hand out a chart, the PDF or the CSV of a report to an outside recipient."""
    try:
        return file_answer(_run_of(token)[1], name)
    except UserError:
        abort(404)


def _run_of(token: str) -> tuple[ReportRecipient, ReportRun]:
    recipient, run_id = report_recipients.by_view(token)
    run = db.session.get(ReportRun, run_id)
    if run is None or run.contents is None or run.report_id != recipient.report_id:
        raise UserError("invalid_link", "This link is not valid any more", status=404)
    return recipient, run


def _page(what: str, recipient: ReportRecipient, **values: object) -> ResponseReturnValue:
    report = report_recipients.report_of(recipient)
    by = full_name(recipient.added_by) if recipient.added_by is not None else ""
    values |= {"recipient": recipient, "report": report, "by": by, "page_language": report.language}
    with force_locale(report.language):
        return render_template("report/link.html", what=what, **values), 200, _PRIVATE


def _broken(error: UserError) -> ResponseReturnValue:
    return render_template("report/link.html", what="error", error=error), error.status
