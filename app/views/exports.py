"""Exports: asked for from a list, made by a job, downloaded here within a day."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext

from app.errors import UserError
from app.security import acting_user
from app.services import exports
from app.views.base import SignedIn
from app.views.interface import as_id
from app.views.writing import write


class Exporting:
    """For screens whose lists can be exported: all one may see, or the selected rows."""

    export_kind = ""
    # Whether "export" means what the list's filters leave.
    export_filtered = False

    @action("export", lazy_gettext("Export"), icon="download", single=False)
    def export(self, items: Any) -> ResponseReturnValue:
        """Export the selected records."""
        return start(self.export_kind, [item.id for item in items])

    @expose("/export", methods=["POST"])
    @has_access
    @permission_name("list")
    def export_all(self) -> ResponseReturnValue:
        """Export all records that this person may see."""
        return start(self.export_kind, [])


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
        try:
            found = exports.finished(acting_user().id, as_id(pk) or 0)
        except UserError:
            abort(404)
        return send_file(
            exports.path_of(found), mimetype="text/csv", as_attachment=True, download_name=found.file_name, max_age=0
        )


def start(kind: str, ids: list[int]) -> ResponseReturnValue:
    """Have a file of these records made (none: of all), and show where it will be."""
    actor = acting_user()
    write(actor, lambda: exports.start(actor, kind, ids))
    flash(gettext("The file is being made"), "success")
    return redirect(url_for("ExportView.exports"))
