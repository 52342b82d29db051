"""Reports as they were sent: page, mail, charts and files of one run, or of a preview."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

from flask import Response, abort, jsonify, make_response, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import force_locale
from markupsafe import Markup

from app import access
from app.clock import zone_of
from app.headers import MAIL_POLICY
from app.models.reports import ReportRun
from app.security import acting_user
from app.services.reports import report_contents, report_mail, report_runs, report_words
from app.views.errors import or_404
from app.views.generated.base import SignedIn
from app.views.generated.interface import as_id


class ReportRunView(SignedIn, BaseView):  # type: ignore[misc]
    """One run; who may open it, :func:`app.access.access_report_run` says."""

    route_base = "/scheduled/runs"
    default_view = "run"
    class_permission_name = "ReportView"

    @expose("/<run_pk>")
    @has_access
    @permission_name("own")
    def run(self, run_pk: str) -> ResponseReturnValue:
        """Show a report as it was sent."""
        run = _find_run(run_pk)
        if run.contents is None:
            abort(404)
        actor = acting_user()
        mine = run.report_id is not None and (access.is_admin(actor) or run.setup["owner_id"] == actor.id)
        bare = request.args.get("bare") == "1"
        return self.render_template(
            "report/page.html",
            **page_values(run, lambda name: url_for("ReportRunView.file", run_pk=run.id, name=name), bare=bare),
            back=url_for("ReportView.show", pk=run.report_id) if mine and not bare else "",
            mail_url=url_for("ReportRunView.mail", run_pk=run.id) if mine else "",
            live_url=_live_url(run) if mine else "",
        )

    @expose("/<run_pk>/state")
    @has_access
    @permission_name("own")
    def state(self, run_pk: str) -> Response:
        """Return whether a run is made by now, and where it can be looked at."""
        run = _find_run(run_pk)
        if run.contents is None:
            return jsonify({"state": run.state, "error": run.error})
        files = [
            name for name, chosen in (("pdf", run.setup["attach_pdf"]), ("csv", run.setup["attach_csv"])) if chosen
        ]
        return jsonify(
            {
                "state": run.state,
                "mail": url_for("ReportRunView.mail", run_pk=run.id),
                "page": url_for("ReportRunView.run", run_pk=run.id, bare=1),
                "files": {
                    name.upper(): url_for("ReportRunView.file", run_pk=run.id, name=f"report.{name}") for name in files
                },
            }
        )

    @expose("/<run_pk>/mail")
    @has_access
    @permission_name("own")
    def mail(self, run_pk: str) -> Response:
        """Answer the mail's HTML alone, for a frame."""
        run = _find_run(run_pk)
        if run.contents is None:
            abort(404)
        answer = make_response(report_mail.as_shown(run))
        answer.headers["Content-Security-Policy"] = MAIL_POLICY
        return answer

    @expose("/<run_pk>/files/<name>")
    @has_access
    @permission_name("own")
    def file(self, run_pk: str, name: str) -> Response:
        """Hand out a chart, the PDF or the CSV of a run."""
        return file_answer(_find_run(run_pk), name)


def page_values(run: ReportRun, file_url: Callable[[str], str], *, bare: bool = False) -> dict[str, Any]:
    """Return what shows a run as a page. What the report says is in its language, whatever that of the page is."""
    language, zone = str(run.setup["language"]), zone_of(str(run.setup["zone"]))
    contents = report_contents.from_json(run.contents or {})
    with force_locale(language):
        sent = "" if bare else report_words.moment(run.created_at.astimezone(zone))
        body = render_template("report/numbers.html", contents=contents, file_url=file_url, sent=sent)
    return {
        "title": contents.title,
        "body": Markup(body),  # noqa: S704 - a template's own output
        "language": language,
        "file_url": file_url,
        "setup": run.setup,
        "bare": bare,
    }


def file_answer(run: ReportRun, name: str) -> Response:
    """Hand out a file of a run that its reader may see."""
    found = report_runs.file_of(run.id, name)
    if found is None:
        abort(404)
    is_picture = found.type.startswith("image/")
    answer = send_file(
        io.BytesIO(found.content),
        mimetype=found.type,
        as_attachment=not is_picture,
        download_name=name
        if is_picture
        else f"{report_mail.file_name(str((run.contents or {})['title']))}.{name[-3:]}",
    )
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


def _find_run(pk: str) -> ReportRun:
    return or_404(lambda: access.access_report_run(acting_user(), as_id(pk) or 0))


def _live_url(run: ReportRun) -> str:
    """Where the same numbers are as they are now."""
    setup: dict[str, Any] = run.setup
    whose = {"groups": "groups", "user": "users"}.get(setup["scope"])
    days = {"from": run.starts_on, "until": run.ends_on - dt.timedelta(days=1) if run.ends_on else None}
    asked = {"period": "custom", **days, "sections": setup["sections"]}
    return url_for("DashboardView.page", **asked, **({whose: setup["scope_ids"]} if whose else {}))
