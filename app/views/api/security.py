"""/api/v1/security: FAB's sign-in for programs, with the same limits and reasons as the page."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose
from flask_appbuilder.security.api import SecurityApi as FabSecurityApi
from flask_jwt_extended import create_access_token, create_refresh_token, get_jwt_identity, jwt_required

from app.errors import UserError
from app.services.people import signin, two_step
from app.transaction import transaction
from app.views.api.documentation import RESPONSES
from app.views.api.problem import json_object, problems
from app.views.login import login_limits


class SecurityApi(FabSecurityApi):  # type: ignore[misc]
    """Tokens for name and password. No session is made, so there is nothing a foreign page could use."""

    responses = RESPONSES

    def __init__(self) -> None:
        super().__init__()
        self.limits = login_limits()

    @expose("/login", methods=["POST"])
    @problems
    def login(self) -> ResponseReturnValue:
        body = json_object() if request.is_json else {}
        username, password = body.get("username"), body.get("password")
        for field, value in (("username", username), ("password", password)):
            if not isinstance(value, str) or not value:
                raise UserError("required", "A text is needed", field, 400)
        if body.get("provider", "db") != "db":
            raise UserError("invalid", "The provider is db", "provider", 400)
        with transaction():
            user = signin.authenticate(str(username), str(password))
            has_code = two_step.is_on(user)
        if has_code:
            if not body.get("otp"):
                raise UserError("otp_required", "A code of the authenticator app is needed", "otp", 401)
            with transaction():
                two_step.accept(user, body["otp"])
        tokens = {"access_token": create_access_token(identity=str(user.id), fresh=True)}
        if body.get("refresh"):
            tokens["refresh_token"] = create_refresh_token(identity=str(user.id))
        return self.response(200, **tokens)

    login.__doc__ = FabSecurityApi.login.__doc__

    @expose("/refresh", methods=["POST"])
    @jwt_required(refresh=True)
    @problems
    def refresh(self) -> ResponseReturnValue:
        return self.response(200, access_token=create_access_token(identity=get_jwt_identity(), fresh=False))

    refresh.__doc__ = FabSecurityApi.refresh.__doc__
