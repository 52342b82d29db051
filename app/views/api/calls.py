"""/api/v1/calls: generated CRUD, and what rings for the person now."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect
from flask_appbuilder.security.decorators import permission_name

from app import access
from app.models.calls import Call
from app.models.people import User
from app.security import acting_user
from app.services.calls import call_log, call_sight
from app.views.api.base import Api
from app.views.api.problem import problems
from app.views.api.schemas import CallIn
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface


class CallApi(Api):
    """Calls as JSON."""

    resource_name = "calls"
    openapi_spec_tag = "Calls"
    datamodel = ScreenInterface(Call)
    base_filters = [["id", Visible, access.visible_calls]]
    in_schema = CallIn
    list_columns = [
        "id",
        "direction",
        "status",
        "phone",
        "duration_seconds",
        "recording_url",
        "contact_id",
        "lead_id",
        "user_id",
        "responsible_id",
        "started_at",
        "answered_at",
        "ended_at",
        "created_at",
    ]
    search_columns = [
        "id",
        "direction",
        "status",
        "phone",
        "contact_id",
        "lead_id",
        "user_id",
        "responsible_id",
        "started_at",
    ]
    order_columns = ["id", "started_at"]

    @expose("/live", methods=["GET"])
    @protect()
    @problems
    @permission_name("get")
    def live(self) -> ResponseReturnValue:
        """Return what rings for the person now, and whom the person talks to.
        ---
        get:
          summary: What rings for me, and whom I talk to
          responses:
            200:
              description: "{ringing: items of the center, talking: [{id, name, phone, since, url}]}"
              content:
                application/json:
                  schema:
                    type: object
            401:
              $ref: '#/components/responses/401'
        """
        return self.response(200, **call_sight.live_of(acting_user()))

    def create(self, actor: User, changes: dict[str, Any]) -> Call:
        """Add by the service."""
        return call_log.create(actor, changes)

    def update(self, actor: User, item: Call, changes: dict[str, Any]) -> None:
        """Change by the service."""
        call_log.update(actor, item, changes)

    def remove(self, actor: User, item: Call) -> None:
        """Delete by the service."""
        call_log.delete(actor, item)
