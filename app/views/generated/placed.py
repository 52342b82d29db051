"""Short lists whose order admins choose, and whose rows hand over what hangs on them before they go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from flask import abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup
from wtforms import RadioField
from wtforms.fields import SelectChoice

from app.errors import UserError
from app.formatting import dot
from app.models.people import User
from app.security import acting_user
from app.services.records.positions import Direction
from app.views.generated.interface import as_id
from app.views.generated.writing import RecordService, write

COLOURS = {
    "1": lazy_gettext("Grey"),
    "2": lazy_gettext("Violet"),
    "3": lazy_gettext("Blue"),
    "4": lazy_gettext("Indigo"),
    "won": lazy_gettext("Green"),
    "5": lazy_gettext("Teal"),
    "6": lazy_gettext("Amber"),
    "7": lazy_gettext("Red"),
    "8": lazy_gettext("Pink"),
    "lost": lazy_gettext("Pale"),
}


def colour_label(colour: str) -> Markup:
    """Show a colour as its dot and its name."""
    return dot(colour, str(COLOURS.get(colour, colour)))


def colour_field() -> RadioField:
    """Choose a colour by its dot."""

    def choices() -> list[SelectChoice]:
        return [SelectChoice(colour, colour_label(colour)) for colour in COLOURS]

    return RadioField(lazy_gettext("Colour"), choices=choices, default="1")


class PlacedService(RecordService, Protocol):
    """A service whose rows have places, and are deleted for another one: ``target_id`` is what takes over."""

    def move(self, actor: User, item: Any, direction: Direction, /) -> None:
        """Change places with the row before or behind."""

    def delete(self, actor: User, item: Any, target_id: int | None = None, /) -> None:
        """Delete a row."""


class Placed:
    """For screens of rows with ``position``."""

    service: PlacedService
    row_acts = "crm/place_acts.html"
    # Said on the page that asks where to.
    remove_title = lazy_gettext("Delete")
    remove_words = ""

    def targets(self, item: Any) -> Sequence[Any]:
        """Return what can take over."""
        raise NotImplementedError

    def back_to(self, item: Any) -> str:
        """Return where one goes on after a row was moved or deleted."""
        return url_for(f"{self.endpoint}.list")  # type: ignore[attr-defined]

    @expose("/move/<pk>/<direction>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def move(self, pk: str, direction: str) -> ResponseReturnValue:
        """Change places with the row before or behind."""
        item, actor = self.item_or_404(pk), acting_user()  # type: ignore[attr-defined]
        if direction not in set(Direction):
            abort(404)
        write(actor, lambda: self.service.move(actor, item, Direction(direction)))
        return redirect(self.back_to(item))

    @expose("/remove/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("delete")
    def remove(self, pk: str) -> ResponseReturnValue:
        """Ask what takes over, and delete."""
        item, error = self.item_or_404(pk), ""  # type: ignore[attr-defined]
        back, targets = self.back_to(item), self.targets(item)
        if request.method == "POST":
            wanted = as_id(request.form.get("target", ""))
            if refused := self._removed(item, lambda actor: self.service.delete(actor, item, wanted or 0)):
                if refused.field != "target":
                    flash(refused.message, "danger")
                    return redirect(back)
                error = refused.message
            else:
                return redirect(back)
        return self.render_template(  # type: ignore[attr-defined,no-any-return]
            "crm/ask.html",
            title=self.remove_title,
            subject=gettext("“%(name)s” will be deleted.", name=str(item)),
            words=self.remove_words,
            back=back,
            form_template="crm/remove_form.html",
            submit_label=gettext("Delete"),
            danger=True,
            targets=targets,
            error=error,
        )

    def _delete(self, pk: object) -> None:
        item = self.item_or_404(pk)  # type: ignore[attr-defined]
        g.after_delete = self.back_to(item)
        refused = self._removed(item, lambda actor: self.service.delete(actor, item, None))
        if refused and refused.code == "needs_target":
            g.after_delete = url_for(f"{self.endpoint}.remove", pk=item.id)  # type: ignore[attr-defined]
        elif refused:
            flash(refused.message, "danger")

    def post_delete_redirect(self) -> ResponseReturnValue:
        """Go on where :meth:`_delete` said."""
        return redirect(g.get("after_delete") or url_for(f"{self.endpoint}.list"))  # type: ignore[attr-defined]

    def _removed(self, item: Any, service: Callable[[User], None]) -> UserError | None:
        actor = acting_user()
        try:
            write(actor, lambda: service(actor))
        except UserError as error:
            return error
        flash(self.delete_row_message, "success")  # type: ignore[attr-defined]
        return None
