"""/api/v1/_openapi: what the REST API says about itself."""

from __future__ import annotations

from flask_appbuilder.api.manager import OpenApi as FabOpenApi

from app.views.api.documentation import RESPONSES


class OpenApi(FabOpenApi):  # type: ignore[misc]
    """FAB's description, with our errors. Registered first, since the first to name a component wins."""

    responses = RESPONSES
