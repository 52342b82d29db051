"""Tabs above a list: everything, one's own, and what a person saved under a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext

from app.errors import UserError
from app.security import acting_user
from app.services import saved_filters
from app.views.interface import as_id
from app.views.writing import write


@dataclass(frozen=True, slots=True)
class Tab:
    """``id`` only for a saved one: it can be forgotten."""

    label: str
    url: str
    current: bool
    id: int | None = None


class SavedViews:
    """For screens with tabs of views. ``own_filter`` is the argument that shows a person's own records."""

    own_filter = "_flt_0_responsible"

    def view_tabs(self) -> list[Tab]:
        """Return the tabs of this request's list."""
        user, base = acting_user(), url_for(f"{self.endpoint}.list")  # type: ignore[attr-defined]
        now = saved_filters.normalised(request.query_string.decode("utf-8", "replace"))
        own = f"{self.own_filter}={user.id}"
        fixed = [Tab(gettext("All"), base, not now), Tab(gettext("Mine"), f"{base}?{own}", now == own)]
        return fixed + [
            Tab(saved.name, f"{base}?{saved.query}", now == saved.query, saved.id)
            for saved in saved_filters.of(user.id, type(self).__name__)
        ]

    @expose("/views", methods=["POST"])
    @has_access
    @permission_name("list")
    def save_view(self) -> ResponseReturnValue:
        """Save the list's present filters under a name."""
        actor, query = acting_user(), request.form.get("query", "")
        back = url_for(f"{self.endpoint}.list")  # type: ignore[attr-defined]
        try:
            write(actor, lambda: saved_filters.save(actor, type(self).__name__, request.form.get("name"), query))
        except UserError as error:
            flash(error.message, "danger")
        else:
            flash(gettext("Filter saved"), "success")
        kept = saved_filters.normalised(query)
        return redirect(f"{back}?{kept}" if kept else back)

    @expose("/views/<view_pk>/forget", methods=["POST"])
    @has_access
    @permission_name("list")
    def forget_view(self, view_pk: str) -> ResponseReturnValue:
        """Delete one's own saved filter."""
        actor, filter_id = acting_user(), as_id(view_pk)
        try:
            if filter_id is None:
                abort(404)
            write(actor, lambda: saved_filters.forget(actor, type(self).__name__, filter_id))
        except UserError:
            abort(404)
        flash(gettext("Filter deleted"), "success")
        return redirect(url_for(f"{self.endpoint}.list"))  # type: ignore[attr-defined]


def view_tabs(view: Any) -> list[Tab]:
    """Return a screen's tabs; none for one without."""
    return view.view_tabs() if isinstance(view, SavedViews) else []


def init_saved_views(app: Flask) -> None:
    """Offer the tabs to the lists' template."""
    app.jinja_env.globals["view_tabs"] = view_tabs
