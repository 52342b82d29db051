"""/api/v1/leads: generated CRUD."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect
from flask_appbuilder.security.decorators import permission_name

from app import access
from app.models.crm import Lead
from app.models.people import User
from app.security import acting_user
from app.services.limits import limits
from app.services.records import lead_answers, leads
from app.views import idempotency
from app.views.api.base import Api
from app.views.api.problem import json_object, problems
from app.views.api.schemas import LeadIn
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface
from app.views.generated.writing import write


class LeadApi(Api):
    """Leads as JSON."""

    resource_name = "leads"
    openapi_spec_tag = "Leads"
    datamodel = ScreenInterface(Lead)
    service = leads
    base_filters = [["id", Visible, access.visible_leads]]
    in_schema = LeadIn
    list_columns = [
        "id",
        "name",
        "budget",
        "currency",
        "stage_id",
        "contact_id",
        "company_id",
        "responsible_id",
        "source",
        "created_at",
        "changed_at",
        "closed_at",
        "incoming_at",
        "answered_at",
        "answered_by_id",
        "declined_because",
    ]
    search_columns = [
        "id",
        "name",
        "budget",
        "stage_id",
        "contact_id",
        "company_id",
        "responsible_id",
        "source",
        "created_at",
        "changed_at",
        "stage",
        "responsible",
    ]
    order_columns = ["id", "name", "budget", "created_at", "changed_at"]

    def create(self, actor: User, changes: dict[str, Any]) -> Lead:
        """Add by the service: what a program brings comes in, for somebody to accept."""
        return leads.receive(actor, changes, source="api")

    @expose("/<int:pk>/accept", methods=["POST"])
    @protect()
    @problems
    @permission_name("put")
    def accept(self, pk: int) -> ResponseReturnValue:
        """Accept an incoming lead
        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: "`id` and `result`"
            404: {$ref: '#/components/responses/404'}
            409: {$ref: '#/components/responses/409'}
        """
        return self._answer(pk, lead_answers.accept)

    @expose("/<int:pk>/decline", methods=["POST"])
    @protect()
    @problems
    @permission_name("put")
    def decline(self, pk: int) -> ResponseReturnValue:
        """Decline an incoming lead
        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {reason: {type: string}}}
          responses:
            200:
              description: "`id` and `result`"
            404: {$ref: '#/components/responses/404'}
            409: {$ref: '#/components/responses/409'}
            422: {$ref: '#/components/responses/422'}
        """
        reason = json_object().get("reason")
        return self._answer(pk, lambda actor, lead: lead_answers.decline(actor, lead, reason))

    @expose("/<int:pk>/reopen", methods=["POST"])
    @protect()
    @problems
    @permission_name("put")
    def reopen(self, pk: int) -> ResponseReturnValue:
        """Take one's own decline back, within the hour
        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: "`id` and `result`"
            404: {$ref: '#/components/responses/404'}
            409: {$ref: '#/components/responses/409'}
        """
        return self._answer(pk, lead_answers.take_back)

    def _answer(self, pk: int, service: Callable[[User, Lead], Lead]) -> ResponseReturnValue:
        actor, item = acting_user(), self._item(pk)
        limits.count_record(actor, item)  # the answer shows it

        def answer() -> ResponseReturnValue:
            service(actor, item)
            response = self.response(200, id=item.id, result=self.show_model_schema.dump(item))
            idempotency.store(response)
            return response

        return write(actor, answer)
