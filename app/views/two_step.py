"""Two-step sign-in in one's profile, and the admins' way to end it for who has lost the phone."""

from __future__ import annotations

from typing import Any

import segno
from flask import flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, no_cache, permission_name
from flask_babel import gettext, lazy_gettext

from app.errors import UserError
from app.models.people import User
from app.security import acting_user
from app.services import sealed
from app.services.people import two_step
from app.views.generated.base import SignedIn
from app.views.generated.writing import write

_NEW = "new_two_step"


class TwoStepView(SignedIn, BaseView):  # type: ignore[misc]
    """One page: on with QR code and code, or off with the password."""

    route_base = "/profile/two-step"
    default_view = "page"
    class_permission_name = "ProfileView"

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("profile")
    @no_cache
    def page(self) -> ResponseReturnValue:
        """Show how it is; a POST turns it on, off, or makes new recovery codes. Codes are shown once."""
        user, errors, codes = acting_user(), {}, None
        if request.method == "POST":
            try:
                codes = self._act(user, request.form.get("act", ""))
            except UserError as error:
                errors[error.field or ""] = error.message
            else:
                if codes is None:
                    flash(gettext("You sign in by password alone now"), "success")
                    return redirect(url_for("ProfileView.profile"))
        on, left = two_step.state(user)
        return self.render_template(
            "people/two_step.html",
            title=gettext("Two-step sign-in"),
            on=on,
            left=left,
            codes=codes,
            errors=errors,
            **({} if on else _offer(user)),
        )

    def _act(self, user: User, act: str) -> list[str] | None:
        """Return new recovery codes, or None where it is off now."""
        if act == "off":
            write(user, lambda: two_step.turn_off(user, request.form.get("password")))
            return None
        if act == "renew":
            return write(user, lambda: two_step.renew_codes(user, request.form.get("password")))
        codes = write(user, lambda: two_step.turn_on(user, _secret(), request.form.get("otp")))
        session.pop(_NEW, None)
        return codes


class TwoStepReset:
    """For the screens of people."""

    @action(
        "two_step_off",
        lazy_gettext("End two-step sign-in"),
        lazy_gettext("The password alone is enough then, until it is set up again. Go on?"),
        icon="lock",
        multiple=False,
    )
    def two_step_off(self, items: Any) -> ResponseReturnValue:
        """End it for somebody who has lost the phone."""
        return self.run_action(  # type: ignore[attr-defined,no-any-return]
            items, two_step.reset, gettext("Signs in by password alone now")
        )


def _secret() -> str:
    """Return the secret that this browser is being shown; encrypted in the session, so that a cookie tells nothing."""
    try:
        return sealed.opened(session[_NEW])
    except (KeyError, LookupError):
        secret = two_step.new_secret()
        session[_NEW] = sealed.seal(secret)
        return secret


def _offer(user: User) -> dict[str, str]:
    secret = _secret()
    picture = segno.make(two_step.address(user, secret), error="m")
    return {
        "qr": picture.svg_data_uri(scale=5, border=2, dark="#000", light="#fff"),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    }
