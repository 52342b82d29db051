"""Light, dark, or as the system says: remembered for the user."""

from __future__ import annotations

from flask import abort, g, request
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView, expose

from app.errors import UserError
from app.transaction import transaction

THEMES = ("system", "light", "dark")


class AppearanceView(BaseView):
    """One call of the profile menu. Everybody who is signed in may make it, free users too."""

    route_base = "/appearance"
    default_view = "set_theme"

    @expose("/theme", methods=["POST"])
    def set_theme(self) -> ResponseReturnValue:
        """Store the theme named in the form field ``theme``; 204."""
        if not g.user.is_authenticated:
            abort(401)
        theme = request.form.get("theme", "")
        if theme not in THEMES:
            raise UserError("invalid_theme", "The theme is one of system, light and dark.", "theme")
        with transaction(actor_id=g.user.id):
            g.user.theme = theme
        return "", 204
