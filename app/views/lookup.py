"""What look-up fields ask while one types."""

from __future__ import annotations

from flask import Response, jsonify, request
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access_api, permission_name

from app.security import acting_user
from app.views.generated import lookups


class LookupView(BaseView):  # type: ignore[misc]
    """One address per kind; each honours the rights on rows."""

    route_base = "/lookup"
    default_view = "lookup"

    @expose("/<kind>")
    @has_access_api
    @permission_name("lookup")
    def lookup(self, kind: str) -> Response:
        """Return ``{"results": [{"id", "text", "sub"}]}``, at most 20."""
        return jsonify(results=lookups.results(acting_user(), kind, request.args.get("q", "")))
