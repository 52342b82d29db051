"""A generated screen's actions: on one record or on the ticked ones, as far as the person sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_babel import lazy_gettext

from app.errors import UserError
from app.security import acting_user
from app.views import referrer
from app.views.generated.interface import ScreenInterface
from app.views.generated.writing import write


class Actions:
    """Part of :class:`app.views.generated.base.Screen`, whose other parts it asks."""

    appbuilder: Any
    actions: dict[str, Any]
    class_permission_name: str
    datamodel: ScreenInterface
    max_page_size: int
    _base_filters: Any
    get_action_permission_name: Any
    get_redirect: Any
    item_or_404: Any

    @expose("/action/<string:name>/<pk>", methods=["POST"])
    def action(self, name: str, pk: str) -> ResponseReturnValue:
        """Run an action on one record that the base filters let this person see."""
        found = self._allowed_action(name)
        if not found.single:
            abort(404)
        return found.func(self.item_or_404(pk))  # type: ignore[no-any-return]

    @expose("/action_post", methods=["POST"])
    def action_post(self) -> ResponseReturnValue:
        """Run an action on the selected records; those that the base filters hide are left out."""
        found = self._allowed_action(request.form.get("action", ""))
        if not found.multiple:
            abort(404)
        keys = request.form.getlist("rowid")[: self.max_page_size]
        items = self.datamodel.get_all(keys, self._base_filters)
        if not items:
            flash(lazy_gettext("Nothing was selected"), "warning")
            return redirect(self.get_redirect())
        return found.func(items)  # type: ignore[no-any-return]

    def _allowed_action(self, name: str) -> Any:
        if not self.appbuilder.sm.has_access("can_list", self.class_permission_name):
            abort(403)
        found = self.actions.get(name)
        if found is None:
            abort(404)
        if not self.appbuilder.sm.has_access(self.get_action_permission_name(name), self.class_permission_name):
            abort(403)
        return found

    def came_from(self) -> str:
        """Return the page of this site where a button was pressed, with its filters; FAB remembers the one before."""
        came = referrer.came_from()
        if came.netloc != request.host:
            return str(self.get_redirect())
        return f"{came.path}?{came.query}" if came.query else came.path

    def run_action(self, items: Any, service: Any, done: str) -> ResponseReturnValue:
        """Call ``service(actor, item)`` for each record in one transaction and go back; a refusal changes nothing."""
        actor = acting_user()
        chosen = items if isinstance(items, Sequence) else [items]
        try:
            write(actor, lambda: [service(actor, item) for item in chosen])
        except UserError as error:
            flash(error.message, "danger")
        else:
            flash(done, "success")
        return redirect(self.came_from())
