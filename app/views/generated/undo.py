"""Deleting on screens, with a way back: the message that says it has the button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext, ngettext
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.errors import UserError
from app.security import acting_user
from app.services.records import trash
from app.views.generated.writing import write

_WITH_UNDO = Markup(
    '{} <form method="post" action="{}"><input type="hidden" name="csrf_token" value="{}">'
    '<button type="submit">{}</button></form>'
)


class Undoable:
    """For screens whose records can come back for an hour after they were deleted."""

    def _delete(self, pk: object) -> None:
        self._delete_all([self.item_or_404(pk)])  # type: ignore[attr-defined]

    @action("remove", lazy_gettext("Delete"), icon="trash", single=False)
    def remove(self, items: Any) -> ResponseReturnValue:
        """Delete the selected records, all or none."""
        self._delete_all(items if isinstance(items, Sequence) else [items])
        return redirect(self.came_from())  # type: ignore[attr-defined]

    @expose("/restore/<batch>", methods=["POST"])
    @has_access
    @permission_name("delete")
    def restore(self, batch: str) -> ResponseReturnValue:
        """Bring back what this person just deleted."""
        actor = acting_user()
        try:
            count = write(actor, lambda: trash.restore(actor, batch))
        except UserError as error:
            if error.status == 404:
                abort(404)
            flash(error.message, "danger")
        else:
            flash(ngettext("Brought back", "%(num)s brought back", count), "success")
        return redirect(self.came_from())  # type: ignore[attr-defined]

    def _delete_all(self, items: Sequence[Any]) -> None:
        actor, batch, count = acting_user(), trash.new_batch(), len(items)

        def delete() -> None:
            for item in items:
                trash.keep(actor, item, batch)
                self.write_delete(actor, item)  # type: ignore[attr-defined]

        try:
            write(actor, delete)
        except UserError as error:
            flash(error.message, "danger")
            return
        words = ngettext("Deleted", "%(num)s deleted", count)
        way_back = url_for(f"{self.endpoint}.restore", batch=batch)  # type: ignore[attr-defined]
        flash(_WITH_UNDO.format(words, way_back, generate_csrf(), gettext("Undo")), "success")
