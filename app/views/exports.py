"""Exports: asked for from a list, made by a job, downloaded here within a day."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.urltools import get_filter_args
from flask_babel import gettext, lazy_gettext

from app.extensions import db
from app.security import acting_user
from app.services.exports import exports
from app.views.errors import or_404
from app.views.generated.base import SignedIn
from app.views.generated.interface import as_id
from app.views.generated.writing import write

# What the filters of a list may leave for one file.
FILTERED_MAX = 100_000


class Exporting:
    """For screens whose lists can be exported: what the list shows, all pages of it, or the selected rows."""

    export_kind = ""

    @action("export", lazy_gettext("Export"), icon="download", single=False)
    def export(self, items: Any) -> ResponseReturnValue:
        """Export the selected records."""
        return start(self.export_kind, [item.id for item in items])

    @expose("/export", methods=["POST"])
    @has_access
    @permission_name("list")
    def export_all(self) -> ResponseReturnValue:
        """Export what the list shows now: all of it, or what the filters leave."""
        view: Any = self
        view._filters.clear_filters()
        get_filter_args(view._filters)
        if not view._filters.filters:
            return start(self.export_kind, [])
        model = view.datamodel.obj
        asked = view._filters.get_joined_filters(view._base_filters)
        query = asked.apply_all(db.session.query(model.id)).order_by(model.id.desc())
        ids = [row.id for row in query.limit(FILTERED_MAX + 1)]
        if not ids:
            flash(gettext("Nothing to export"), "warning")
            return redirect(view.came_from())
        if len(ids) > FILTERED_MAX:
            flash(gettext("The file holds the newest %(count)s", count=f"{FILTERED_MAX:,}"), "warning")
        return start(self.export_kind, ids[:FILTERED_MAX])


class ExportView(SignedIn, BaseView):  # type: ignore[misc]
    """A person's own exports."""

    route_base = "/exports"
    default_view = "exports"

    @expose("/")
    @has_access
    @permission_name("exports")
    def exports(self) -> ResponseReturnValue:
        """List them; the page asks again while one is being made."""
        made = exports.of(acting_user().id)
        busy = any(one.state in ("waiting", "running") for one in made)
        return self.render_template("crm/exports.html", title=gettext("Exports"), exports=made, busy=busy)

    @expose("/<pk>/download")
    @has_access
    @permission_name("exports")
    def download(self, pk: str) -> ResponseReturnValue:
        """Hand out the file to who asked for it."""
        found = or_404(lambda: exports.finished(acting_user().id, as_id(pk) or 0))
        return send_file(
            exports.path_of(found), mimetype="text/csv", as_attachment=True, download_name=found.file_name, max_age=0
        )


def start(kind: str, ids: list[int]) -> ResponseReturnValue:
    """Have a file of these records made (none: of all), and show where it will be."""
    actor = acting_user()
    write(actor, lambda: exports.start(actor, kind, ids))
    flash(gettext("The file is being made"), "success")
    return redirect(url_for("ExportView.exports"))
