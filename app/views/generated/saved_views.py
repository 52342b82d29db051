"""Above a list: tabs of everything, one's own, and what a person saved under a name; and which columns are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext
from sqlalchemy import Select, select

from app.errors import UserError
from app.formatting import number
from app.models.people import User
from app.security import acting_user
from app.services.records import list_heads, saved_filters
from app.views.generated.interface import as_id
from app.views.generated.writing import write

_HEADS = "frontdesk_list_heads"


@dataclass(frozen=True, slots=True)
class FixedView:
    """A view that everybody has: its filters as the address has them, and the rows whose number stands beside it.

    ``alarming``: any at all are too many. ``url`` for one that is a page of its own.
    """

    label: str
    query: str = ""
    rows: Select[Any] | None = None
    alarming: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """``id`` only for a saved one: it can be forgotten. ``count`` in words, empty where none is shown."""

    label: str
    url: str
    current: bool
    id: int | None = None
    count: str = ""
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class OfferedColumn:
    """A column that can be shown; a ``fixed`` one always is."""

    name: str
    label: str
    shown: bool
    fixed: bool


class SavedViews:
    """For screens with tabs of views. ``own_filter`` is the argument that shows a person's own records.

    ``list_columns`` are all that can be shown, ``usual_columns`` those that are without a choice.
    """

    own_filter = "_flt_0_responsible"
    usual_columns: tuple[str, ...] = ()

    def fixed_views(self, user: User) -> list[FixedView]:
        """Return the views that everybody has."""
        model: Any = self.datamodel.obj  # type: ignore[attr-defined]
        mine = select(model.id).where(model.responsible_id == user.id)
        return [FixedView(gettext("All")), FixedView(gettext("Mine"), f"{self.own_filter}={user.id}", mine)]

    def view_tabs(self) -> list[Tab]:
        """Return the tabs of this request's list."""
        base = url_for(f"{self.endpoint}.list")  # type: ignore[attr-defined]
        now = saved_filters.normalised(request.query_string.decode("utf-8", "replace"))
        fixed, head = self._head()
        counts = iter(head.counts)
        tabs = []
        for view in fixed:
            query = saved_filters.normalised(view.query)
            count = next(counts) if view.rows is not None else None
            address = view.url or (f"{base}?{query}" if query else base)
            current = request.path == (view.url or base) and now == query
            tabs.append(
                Tab(view.label, address, current, count=_in_words(count), alarming=bool(view.alarming and count))
            )
        return tabs + [Tab(saved.name, f"{base}?{saved.query}", now == saved.query, saved.id) for saved in head.saved]

    def _head(self) -> tuple[list[FixedView], list_heads.Head]:
        heads: dict[str, Any] = g.setdefault(_HEADS, {})
        name, user = type(self).__name__, acting_user()
        if name not in heads:
            fixed = self.fixed_views(user)
            counted = [view.rows for view in fixed if view.rows is not None]
            heads[name] = fixed, list_heads.read(user.id, name, counted)
        found: tuple[list[FixedView], list_heads.Head] = heads[name]
        return found

    # -- columns

    def _get_list_widget(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        listed: dict[str, Any] = super()._get_list_widget(*args, **kwargs)  # type: ignore[misc]
        listed["list"].template_args["include_columns"] = self.shown_columns()
        return listed

    def shown_columns(self) -> list[str]:
        """Return the columns that the person sees; what is not offered any more is left out."""
        offered: list[str] = self.list_columns  # type: ignore[attr-defined]
        chosen = self._head()[1].columns or self.usual_columns or offered
        return [name for place, name in enumerate(offered) if place == 0 or name in chosen]

    def offered_columns(self) -> list[OfferedColumn]:
        """Return what the person can choose from, in the list's order."""
        shown, labels = self.shown_columns(), self.label_columns  # type: ignore[attr-defined]
        return [
            OfferedColumn(name, str(labels.get(name, name)), name in shown, place == 0)
            for place, name in enumerate(self.list_columns)  # type: ignore[attr-defined]
        ]

    @expose("/columns", methods=["POST"])
    @has_access
    @permission_name("list")
    def choose_columns(self) -> ResponseReturnValue:
        """Keep which columns the person wants to see; ``usual`` forgets the choice."""
        actor, offered = acting_user(), self.list_columns  # type: ignore[attr-defined]
        usual = self.usual_columns or tuple(offered)
        wanted = usual if request.form.get("usual") else request.form.getlist("columns")
        try:
            write(actor, lambda: list_heads.choose_columns(actor, type(self).__name__, wanted, offered, usual))
        except UserError as error:
            flash(error.message, "danger")
        return redirect(self.came_from())  # type: ignore[attr-defined]

    # -- saved filters

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


def _in_words(count: int | None) -> str:
    if count is None:
        return ""
    return f"{list_heads.COUNT_MAX}+" if count > list_heads.COUNT_MAX else number(count)


def view_tabs(view: Any) -> list[Tab]:
    """Return a screen's tabs; none for one without."""
    return view.view_tabs() if isinstance(view, SavedViews) else []


def offered_columns(view: Any) -> list[OfferedColumn]:
    """Return what can be chosen on a screen; none for one without."""
    return view.offered_columns() if isinstance(view, SavedViews) else []


def init_saved_views(app: Flask) -> None:
    """Offer the tabs and columns to the lists' template."""
    app.jinja_env.globals["view_tabs"] = view_tabs
    app.jinja_env.globals["offered_columns"] = offered_columns
