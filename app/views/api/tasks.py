"""/api/v1/tasks: generated CRUD."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect
from flask_appbuilder.security.decorators import permission_name

from app import access
from app.errors import UserError
from app.models.crm import Task
from app.security import acting_user
from app.services.limits import limits
from app.services.tasks import tasks
from app.views import idempotency
from app.views.api.base import Api
from app.views.api.problem import json_object, problems
from app.views.api.schemas import TaskIn
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface
from app.views.generated.writing import write


class TaskApi(Api):
    """Tasks as JSON."""

    resource_name = "tasks"
    openapi_spec_tag = "Tasks"
    datamodel = ScreenInterface(Task)
    service = tasks
    base_filters = [["id", Visible, access.visible_tasks]]
    in_schema = TaskIn
    list_columns = [
        "id",
        "text",
        "due_at",
        "all_day",
        "type",
        "responsible_id",
        "author_id",
        "lead_id",
        "contact_id",
        "result",
        "completed_at",
        "completed_by_id",
        "created_at",
        "changed_at",
    ]
    search_columns = [
        "id",
        "text",
        "due_at",
        "all_day",
        "type",
        "responsible_id",
        "author_id",
        "lead_id",
        "contact_id",
        "completed_at",
        "created_at",
        "changed_at",
    ]
    order_columns = ["id", "text", "due_at", "completed_at", "created_at", "changed_at"]

    @expose("/<int:pk>/complete", methods=["POST"])
    @protect()
    @problems
    @permission_name("put")
    def complete(self, pk: int) -> ResponseReturnValue:
        """Complete a task
        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {result: {type: string}}}
          responses:
            200:
              description: "`id` and `result`"
            404: {$ref: '#/components/responses/404'}
            409: {$ref: '#/components/responses/409'}
            422: {$ref: '#/components/responses/422'}
        """
        actor, item = acting_user(), self._item(pk)
        limits.count_record(actor, item)  # the answer shows it
        body = json_object() if request.get_data() else {}
        result = body.get("result")
        if result is not None and not isinstance(result, str):
            raise UserError("invalid", "A text is needed", "result")

        def complete() -> ResponseReturnValue:
            tasks.complete(actor, item, result)
            response = self.response(200, id=item.id, result=self.show_model_schema.dump(item))
            idempotency.store(response)
            return response

        return write(actor, complete)
