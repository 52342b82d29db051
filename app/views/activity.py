"""For admins: what somebody opened and was shown, and the way to let that person in again."""

from __future__ import annotations

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext

from app import access
from app.errors import NotFound, UserError
from app.models.people import User, full_name
from app.security import acting_user
from app.services.limits import activity_log, limit_breaches
from app.services.people import people
from app.views.generated.base import SignedIn
from app.views.generated.writing import write
from app.views.limits import kind_label, span_label


class ActivityView(SignedIn, BaseView):  # type: ignore[misc]
    """The evidence of activity limits."""

    route_base = "/activity"
    default_view = "evidence"

    @expose("/<int:user_id>", methods=["GET", "POST"])
    @has_access
    @permission_name("show")
    def evidence(self, user_id: int) -> ResponseReturnValue:
        """Show what a person opened; a POST lets the person in again."""
        user = _person(user_id)
        if request.method == "POST":
            actor = acting_user()
            try:
                write(actor, lambda: people.reactivate(actor, user))
            except UserError as error:
                flash(error.message, "danger")
            else:
                flash(gettext("%(name)s is active again", name=full_name(user)), "success")
            return redirect(url_for("ActivityView.evidence", user_id=user_id))
        return self.render_template(
            "limits/evidence.html",
            title=gettext("Activity of %(name)s", name=full_name(user)),
            user=user,
            lines=activity_log.lines_of(user.id),
            windows=activity_log.windows_of(user.id),
            kind_label=kind_label,
            span_label=span_label,
        )

    @expose("/reactivate/<string:token>", methods=["GET", "POST"])
    @has_access
    @permission_name("show")
    def by_link(self, token: str) -> ResponseReturnValue:
        """Ask once, then let the person of a mail's link in again. Opening a link alone changes nothing."""
        user = limit_breaches.person_of(token)
        if user is None:
            abort(404)
        if request.method == "POST":
            actor = acting_user()
            try:
                write(actor, lambda: limit_breaches.reactivate_by_link(actor, token))
            except UserError as error:
                flash(error.message, "danger")
            else:
                flash(gettext("%(name)s is active again", name=full_name(user)), "success")
            return redirect(url_for("ActivityView.evidence", user_id=user.id))
        return self.render_template(
            "limits/reactivate.html", title=gettext("Reactivate %(name)s?", name=full_name(user)), user=user
        )


def _person(user_id: int) -> User:
    try:
        return access.access_user(acting_user(), user_id)
    except NotFound:
        abort(404)
