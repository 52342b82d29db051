"""*Hand over*: what a colleague has goes to another one, with numbers before, a bar meanwhile and a list after it."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext

from app.errors import UserError
from app.models.people import User, full_name
from app.security import acting_user
from app.services.people import hand_overs
from app.services.people.hand_over_parts import in_words
from app.views.errors import or_404
from app.views.generated.form_values import show_error
from app.views.generated.interface import as_id
from app.views.generated.lookup_field import LookupField
from app.views.generated.writing import write


class TargetForm(DynamicForm):  # type: ignore[misc]
    """Who gets it."""

    to = LookupField("responsible", lazy_gettext("To whom"))


class HandingOver:
    """The pages of a hand-over, for the screens of users and of free users."""

    endpoint: str

    @expose("/handover/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def hand_over(self, pk: str) -> ResponseReturnValue:
        """Show what somebody has; a POST gives what is ticked to another one."""
        user, actor = self.item_or_404(pk), acting_user()  # type: ignore[attr-defined]
        form, parts_error, status = TargetForm(), "", 200
        chosen = request.form.getlist("parts") if request.method == "POST" else list(hand_overs.SOURCES)
        if request.method == "POST":
            try:
                if not form.validate():
                    raise UserError("invalid", gettext("Choose an existing colleague"), "to")
                to_id = form.to.data.id if form.to.data else None
                write(actor, lambda: hand_overs.start(actor, user, to_id, chosen))
            except UserError as error:
                status = 422
                if error.field == "parts":
                    parts_error = error.message
                elif not form.to.errors:
                    show_error(form, error)
            else:
                return redirect(url_for(f"{self.endpoint}.hand_over", pk=pk))
        page = self.render_template(  # type: ignore[attr-defined]
            "people/hand_over.html",
            title=gettext("Hand over from %(name)s", name=full_name(user)),
            user=user,
            form=form,
            parts=hand_overs.preview(user),
            in_words=in_words,
            chosen=chosen,
            parts_error=parts_error,
            history=hand_overs.history(user),
            under_way=hand_overs.under_way(user.id),
            endpoint=self.endpoint,
        )
        return page, status

    @expose("/handover/<pk>/progress/<order_pk>")
    @has_access
    @permission_name("edit")
    def hand_over_progress(self, pk: str, order_pk: str) -> Response:
        """Return how far a hand-over is, for the bar."""
        self.item_or_404(pk)  # type: ignore[attr-defined]
        order = or_404(lambda: hand_overs.find(acting_user(), as_id(order_pk) or 0))
        return jsonify({"state": order.state, "done": order.done, "total": order.total})

    @action("to_hand_over", lazy_gettext("Hand over"), icon="swap", multiple=False)
    def to_hand_over(self, item: User) -> ResponseReturnValue:
        """Lead to the page that shows what there is to hand over."""
        return redirect(url_for(f"{self.endpoint}.hand_over", pk=item.id))


def history_of(user: User) -> dict[str, Any]:
    """Return what the person's own page says about hand-overs."""
    return {
        "parts": [part for part in hand_overs.preview(user) if part.count],
        "under_way": hand_overs.under_way(user.id),
    }
