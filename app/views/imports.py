"""Imports: upload a file, say what its columns are, watch the job."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import Response, abort, current_app, flash, g, jsonify, make_response, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from wtforms import Form

from app.errors import UserError
from app.models.records import Transfer
from app.security import acting_user
from app.services.imports import csv_reading, import_fields, imports
from app.services.imports.import_writing import Duplicates
from app.services.imports.imports import Draft
from app.views.errors import or_404
from app.views.generated.base import SignedIn
from app.views.generated.interface import as_id
from app.views.generated.lookup_field import LookupField
from app.views.generated.writing import write

SCREENS = {"leads": "LeadView", "contacts": "ContactView"}
ENCODINGS = {
    "utf-8": lazy_gettext("Unicode (UTF-8)"),
    "utf-16": lazy_gettext("Unicode (UTF-16)"),
    "utf-16-le": lazy_gettext("Unicode (UTF-16, little endian)"),
    "utf-16-be": lazy_gettext("Unicode (UTF-16, big endian)"),
    "cp1252": lazy_gettext("Western European (Windows-1252)"),
    "cp1250": lazy_gettext("Central European (Windows-1250)"),
    "cp1251": lazy_gettext("Cyrillic (Windows-1251)"),
    "koi8_r": lazy_gettext("Cyrillic (KOI8-R)"),
}
SEPARATORS = {
    ",": lazy_gettext("Comma ,"),
    ";": lazy_gettext("Semicolon ;"),
    "\t": lazy_gettext("Tab"),
    "|": lazy_gettext("Bar |"),
}


class OwnerForm(Form):  # type: ignore[misc]
    """Whose the rows are that name nobody."""

    responsible = LookupField(
        "responsible", lazy_gettext("Responsible"), description=lazy_gettext("For rows that name nobody")
    )


class ImportView(SignedIn, BaseView):  # type: ignore[misc]
    """One's own imports; admins see everybody's."""

    route_base = "/imports"
    default_view = "imports"

    @expose("/")
    @has_access
    @permission_name("imports")
    def imports(self) -> ResponseReturnValue:
        """List them; the page follows those that are at work."""
        found = imports.of(acting_user())
        kinds = [kind for kind in import_fields.KINDS if _may_add(kind)]
        people = imports.people_of(found)
        return self.render_template(
            "crm/imports.html", title=gettext("Imports"), imports=found, people=people, kinds=kinds
        )

    @expose("/new", methods=["GET", "POST"])
    @has_access
    @permission_name("imports")
    def upload(self) -> ResponseReturnValue:
        """Ask for a file, and keep it."""
        kind = request.values.get("kind", "")
        if kind not in SCREENS:
            abort(404)
        _needs_add(kind)
        errors: dict[str, str] = {}
        if request.method == "POST":
            actor, given = acting_user(), request.files.get("file")
            try:
                if given is None:
                    raise UserError("required", gettext("Choose a file"), "file")
                name, stream = given.filename or "", cast(BinaryIO, given.stream)
                draft = write(actor, lambda: imports.upload(actor, kind, name, stream))
            except UserError as error:
                errors["file"] = error.message
            else:
                return redirect(url_for("ImportView.show", pk=draft.id))
        return self.render_template(
            "crm/import_new.html",
            title=gettext("Import leads") if kind == "leads" else gettext("Import contacts"),
            kind=kind,
            errors=errors,
            fields=import_fields.FIELDS[kind],
            rows_max=csv_reading.ROWS_MAX,
            back=url_for(f"{SCREENS[kind]}.list"),
        )

    @expose("/<pk>")
    @has_access
    @permission_name("imports")
    def show(self, pk: str) -> ResponseReturnValue:
        """Show how far an import is; of a draft, what it asks."""
        found = _find(pk)
        if found.state != "draft":
            people = imports.people_of([found])
            return self.render_template("crm/import.html", title=found.file_name, one=found, people=people)
        try:
            return self._mapping(imports.draft_of(acting_user(), found))
        except UserError as error:
            flash(error.message, "danger")
            return redirect(url_for("ImportView.upload", kind=found.kind))

    @expose("/<pk>/reading", methods=["POST"])
    @has_access
    @permission_name("imports")
    def reading(self, pk: str) -> ResponseReturnValue:
        """Read a draft's file another way."""
        found, actor, form = _find(pk), acting_user(), request.form
        try:
            write(
                actor,
                lambda: imports.read_again(
                    actor, found, form.get("encoding", ""), form.get("separator", ""), form.get("header") == "1"
                ),
            )
        except UserError as error:
            flash(error.message, "danger")
        return redirect(url_for("ImportView.show", pk=found.id))

    @expose("/<pk>/start", methods=["POST"])
    @has_access
    @permission_name("imports")
    def start(self, pk: str) -> ResponseReturnValue:
        """Start a draft."""
        found, actor = _find(pk), acting_user()
        _needs_add(found.kind)
        owner = OwnerForm(request.form)
        draft = None
        try:
            draft = imports.draft_of(actor, found)
            if not owner.validate():
                raise UserError("invalid", gettext("Choose an existing colleague"), "responsible_id")
            given = {
                "mapping": [request.form.get(f"column-{n}", "") for n in range(len(draft.found.headings))],
                "duplicates": request.form.get("duplicates"),
                "responsible_id": owner.responsible.data.id if owner.responsible.data else None,
                "all_or_nothing": request.form.get("all_or_nothing") == "1",
                "pipeline_id": as_id(request.form.get("pipeline", "")),
                "decimal": request.form.get("decimal"),
            }
            write(actor, lambda: imports.start(actor, found, len(draft.found.headings), given))
        except UserError as error:
            if draft is None or error.status in (409, 410):
                flash(error.message, "danger")
                return redirect(url_for("ImportView.imports"))
            return make_response(self._mapping(draft, owner, {error.field or "": error.message}), 422)
        return redirect(url_for("ImportView.show", pk=found.id))

    @expose("/<pk>/cancel", methods=["POST"])
    @has_access
    @permission_name("imports")
    def cancel(self, pk: str) -> ResponseReturnValue:
        """Cancel an import; a draft is thrown away."""
        found, actor = _find(pk), acting_user()
        try:
            write(actor, lambda: imports.cancel(actor, found))
        except UserError as error:
            flash(error.message, "danger")
        return redirect(url_for("ImportView.show" if found.state == "running" else "ImportView.imports", pk=found.id))

    @expose("/<pk>/progress")
    @has_access
    @permission_name("imports")
    def progress(self, pk: str) -> Response:
        """Return how far an import is, for the bar."""
        found = _find(pk)
        return jsonify({"state": found.state, "done": found.done, "total": found.total})

    @expose("/<pk>/problems")
    @has_access
    @permission_name("imports")
    def problems(self, pk: str) -> ResponseReturnValue:
        """Hand out the rows that could not be imported, with why."""
        found = _find(pk)
        path = or_404(lambda: imports.problems_of(acting_user(), found))
        name = f"{found.file_name.rsplit('.', 1)[0]}-problems.csv"
        return send_file(path, mimetype="text/csv", as_attachment=True, download_name=name, max_age=0)

    def _mapping(
        self, draft: Draft, owner: OwnerForm | None = None, errors: dict[str, str] | None = None
    ) -> ResponseReturnValue:
        asked: dict[str, str] = request.form.to_dict() if errors else {}
        mapping = [asked.get(f"column-{n}", "") if asked else key for n, key in enumerate(draft.mapping)]
        chosen: dict[str, Any] = {
            "duplicates": asked.get("duplicates", str(Duplicates.SKIP)),
            "pipeline": as_id(asked.get("pipeline", "")),
            "decimal": asked.get("decimal", draft.decimal),
            "all_or_nothing": asked.get("all_or_nothing") == "1",
        }
        return self.render_template(
            "crm/import_mapping.html",
            title=draft.transfer.file_name,
            one=draft.transfer,
            found=draft.found,
            mapping=mapping,
            chosen=chosen,
            fields=import_fields.FIELDS[draft.transfer.kind],
            pipelines=imports.pipelines(),
            owner=owner or OwnerForm(data={"responsible": g.user}),
            errors=errors or {},
            encodings=ENCODINGS,
            separators=SEPARATORS,
        )


def _find(pk: str) -> Transfer:
    return or_404(lambda: imports.find(acting_user(), as_id(pk) or 0))


def _may_add(kind: str) -> bool:
    return bool(current_app.appbuilder.sm.has_access("can_add", SCREENS[kind]))  # type: ignore[attr-defined]


def _needs_add(kind: str) -> None:
    if not _may_add(kind):
        abort(403)
