"""FAB's generated screens, hardened: they list, show, build forms and check rights; services write.

Each override answers a defect that was shown in stock FAB; docs/architecture.md names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import ModelView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.hooks import before_request
from flask_appbuilder.security.decorators import has_access
from flask_appbuilder.urltools import Stack, get_order_args, get_page_args, get_page_size_args
from flask_babel import lazy_gettext
from flask_login import current_user
from wtforms import Form

from app.errors import UserError
from app.models.base import Model
from app.models.people import User
from app.security import acting_user
from app.services.limits import limits
from app.views import counted, referrer
from app.views.generated.actions import Actions
from app.views.generated.filters import RequestScopedFilters
from app.views.generated.form_values import changes_of, prefill, show_error
from app.views.generated.forms import FormConverter
from app.views.generated.interface import COUNT_MAX, PAGE_SIZE_MAX, ScreenInterface, checked_page
from app.views.generated.writing import RecordService, write


class SignedIn:
    """A page for people who are signed in; others are sent to the sign-in page and come back."""

    @before_request
    def ask_to_sign_in(self) -> ResponseReturnValue | None:
        """Ask strangers to sign in, without FAB's reproachful "access is denied"."""
        if current_user.is_authenticated:
            return None
        back = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("LoginView.login", next=back))


class Screen(SignedIn, Actions, RequestScopedFilters, ModelView):  # type: ignore[misc]
    """Base of all generated screens. Subclasses name columns and the service that writes."""

    datamodel: ScreenInterface
    # None where nothing is written, or by ``write_…`` calls of the screen's own.
    service: RecordService | None = None
    max_page_size = PAGE_SIZE_MAX
    # Column shown → column sorted by: names by their folded key.
    sort_columns: dict[str, str] = {}
    # Template of a row's own buttons, beside edit and delete.
    row_acts = ""
    # What a phone has room for: above, at its right, below, at its right. Empty: the first four columns.
    phone_columns: tuple[str, ...] = ()
    # Whether a new record's page follows, since it has what somebody needs next: a line to copy, an address, a key.
    shows_added = False
    # How the first record gets into the list, said where there is none.
    empty_text = lazy_gettext("What is added shows up in this list.")
    # No file is served from a generated screen.
    exclude_route_methods = {"download"}
    add_row_message = lazy_gettext("Added")
    edit_row_message = lazy_gettext("Saved")
    delete_row_message = lazy_gettext("Deleted")

    def _init_properties(self) -> None:
        super()._init_properties()
        counted.offer(self._filters.get_search_filters(), type(self).__name__, self.datamodel)

    # -- what a subclass gives

    def write_add(self, actor: User, changes: dict[str, Any]) -> Model:
        """Add a record by its service."""
        return self._service().create(actor, changes)

    def write_edit(self, actor: User, item: Any, changes: dict[str, Any]) -> None:
        """Change a record by its service."""
        self._service().update(actor, item, changes)

    def write_delete(self, actor: User, item: Any) -> None:
        """Delete a record by its service."""
        self._service().delete(actor, item)

    def may_edit(self, item: Any) -> bool:
        """Whether this very record may be changed at all; rights on the screen are checked before."""
        return True

    # -- lists

    def _init_forms(self) -> None:
        converter = FormConverter(self.datamodel)
        if not self.search_form:
            self.search_form = converter.create_form(
                self.label_columns, self.search_columns, extra_fields=self.search_form_extra_fields
            )
        for kind in ("add", "edit"):
            if not getattr(self, f"{kind}_form"):
                form = converter.create_form(
                    self.label_columns,
                    getattr(self, f"{kind}_columns"),
                    self.description_columns,
                    self.validators_columns,
                    getattr(self, f"{kind}_form_extra_fields"),
                )
                setattr(self, f"{kind}_form", form)
        super()._init_forms()

    def _get_list_widget(
        self,
        filters: Any,
        actions: Any = None,
        order_column: str = "",
        order_direction: str = "",
        page: int | None = None,
        page_size: int | None = None,
        widgets: Any = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        if order_column not in self.order_columns:
            # Stock FAB would sort by any column, of related tables too: by a password's hash, say.
            order_column = order_direction = ""
        if not order_column and self.base_order:
            order_column, order_direction = self.base_order
        order_column = self.sort_columns.get(order_column, order_column)
        page_size = min(max(page_size or self.page_size, 1), self.max_page_size)
        page = min(page or 0, COUNT_MAX // page_size)
        listed: dict[str, Any] = super()._get_list_widget(
            filters, actions, order_column, order_direction, page, page_size, widgets, **kwargs
        )
        shown = listed["list"].template_args
        shown["value_columns"] = [*shown["value_columns"]]  # FAB gives a generator
        limits.count_rows(acting_user(), self.datamodel.obj, shown["value_columns"])
        return listed

    @before_request
    def check_list_arguments(self) -> None:
        """Answer 400 to page numbers that are none; FAB would fail on them."""
        for name, value in request.args.items(multi=True):
            # Anywhere in the name, as FAB looks for them.
            if "page_" in name:
                checked_page(value, 10**6, name)
            elif "psize_" in name:
                checked_page(value, 10**9, name)

    @expose("/list/")
    @has_access
    def list(self) -> ResponseReturnValue:
        """Show the list."""
        self.update_redirect()
        return self.render_template(self.list_template, title=self.list_title, widgets=self._list())

    # -- one record

    def item_or_404(self, pk: object) -> Any:
        """Return the record if the base filters let this person see it."""
        item = self.datamodel.get(pk, self._base_filters)
        if item is None:
            abort(404)
        return item

    def opened(self, pk: object) -> Any:
        """Return the record like :meth:`item_or_404`, and count that it is shown. Raises LimitExceeded."""
        item = self.item_or_404(pk)
        limits.count_record(acting_user(), item)
        return item

    def _show(self, pk: object) -> dict[str, Any]:
        item = self.opened(pk)
        widgets = self._get_show_widget(item.id, item)
        self.update_redirect()
        return self._related(item, widgets)

    def _add(self) -> dict[str, Any] | None:
        form = self.add_form()
        if request.method == "POST":
            if form.validate() and self._written(form, self._add_from):
                flash(self.add_row_message, "success")
                return None
        else:
            prefill(form, request.args)
            self.prefill_add(form)
            self.remember_way_back()
        widgets: dict[str, Any] = self._get_add_widget(form=form)
        return widgets

    def prefill_add(self, form: Form) -> None:
        """Set what the add form suggests."""

    def _edit(self, pk: object) -> dict[str, Any] | None:
        item = self.opened(pk)
        if not self.may_edit(item):
            abort(403)
        # The record itself is never populated by the form: any later commit would then save a refused edit.
        form = self.edit_form(obj=item)
        if request.method == "POST":
            if form.validate() and self._written(form, self._edit_from, item):
                flash(self.edit_row_message, "success")
                return None
        else:
            self.prefill_form(form, item.id)
            self.remember_way_back()
        return self._related(item, self._get_edit_widget(form=form))

    def _delete(self, pk: object) -> None:
        item = self.item_or_404(pk)
        actor = acting_user()
        try:
            write(actor, lambda: self.write_delete(actor, item))
        except UserError as error:
            flash(error.message, "danger")
        else:
            flash(self.delete_row_message, "success")

    def _related(self, item: Any, widgets: dict[str, Any]) -> dict[str, Any]:
        pages, sizes, orders = get_page_args(), get_page_size_args(), get_order_args()
        return dict(
            self._get_related_views_widgets(item, orders=orders, pages=pages, page_sizes=sizes, widgets=widgets)
        )

    def heading(self, row: Mapping[str, Any], title: Any) -> Any:
        """Return what a record's page is called: its first column, unless a screen says it in other words."""
        return next(iter(row.values()), title)

    # -- writing

    def _service(self) -> RecordService:
        return self.service or abort(405)

    def _add_from(self, actor: User, changes: dict[str, Any]) -> None:
        added = self.write_add(actor, changes)
        if self.shows_added:
            g.added_id = added.id  # type: ignore[attr-defined]

    def _edit_from(self, actor: User, changes: dict[str, Any], item: Any) -> None:
        self.write_edit(actor, item, changes)

    def _written(self, form: Form, service: Any, *item: Any) -> bool:
        """Write the form's values; a refusal is put beside its field, and the typed text stays."""
        actor, changes = acting_user(), changes_of(form)
        try:
            write(actor, lambda: service(actor, changes, *item))
        except UserError as error:
            show_error(form, error)
            return False
        return True

    def post_add_redirect(self) -> ResponseReturnValue:
        """Go back to where the form was opened from, or to the new record where its page says what is to do next."""
        return redirect(url_for(f"{self.endpoint}.show", pk=g.added_id) if self.shows_added else self.get_redirect())

    def post_edit_redirect(self) -> ResponseReturnValue:
        """Go back to where the form was opened from."""
        return redirect(self.get_redirect())

    def post_delete_redirect(self) -> ResponseReturnValue:
        """Go to the list: the page before may be the deleted record's own."""
        return redirect(url_for(f"{self.endpoint}.list"))

    def remember_way_back(self) -> None:
        """Note the page that opened this form: FAB knows only of generated ones, and would lead past the dashboard."""
        came = referrer.came_from()
        if came.netloc == request.host and came.path != request.path:
            history = Stack(session.get("page_history", []))
            history.push(came.geturl())
            session["page_history"] = history.to_json()
        self.update_redirect()
