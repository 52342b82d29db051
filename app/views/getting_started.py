"""The guided set-up of an account, and how a demo becomes one."""

from __future__ import annotations

from flask import abort, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext
from flask_login import logout_user

from app.errors import UserError
from app.security import acting_user
from app.services.account import demo_end, getting_started
from app.views.generated.base import SignedIn
from app.views.generated.writing import write


class GettingStartedView(SignedIn, BaseView):  # type: ignore[misc]
    """For admins."""

    route_base = "/getting-started"
    default_view = "page"

    @expose("/", methods=["GET"])
    @has_access
    @permission_name("page")
    def page(self) -> ResponseReturnValue:
        """Show what is done and what is next."""
        return self.render_template(
            "people/getting_started.html",
            title=gettext("Getting started"),
            steps=getting_started.steps(acting_user()),
            demo=demo_end.is_demo(),
        )

    @expose("/leave-demo", methods=["GET", "POST"])
    @has_access
    @permission_name("page")
    def leave_demo(self) -> ResponseReturnValue:
        """Ask; a POST removes the demo and leads to the page that makes the first admin. 404 where there is none."""
        from app.bootstrap import first_admin_link

        if not demo_end.is_demo():
            abort(404)
        if request.method == "GET":
            return self.render_template("people/leave_demo.html", title=gettext("Use Frontdesk for real"))
        actor = acting_user()
        try:
            write(actor, lambda: demo_end.leave(actor))
        except UserError as error:
            flash(error.message, "danger")
            return redirect(url_for("GettingStartedView.leave_demo"))
        logout_user()
        session.clear()
        return redirect(first_admin_link())
