"""/api/v1/saved-answers: what one may answer clients with: the own ones and those that everybody shares."""

from __future__ import annotations

from app import access
from app.models.answers import SavedAnswer
from app.services.clients import saved_answers
from app.views.api.base import Api
from app.views.api.schemas import SavedAnswerIn
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface


class SavedAnswerApi(Api):
    """Saved answers as JSON."""

    resource_name = "saved-answers"
    openapi_spec_tag = "Saved answers"
    datamodel = ScreenInterface(SavedAnswer)
    service = saved_answers
    base_filters = [["id", Visible, access.visible_answers]]
    base_order = ("sort_key", "asc")
    in_schema = SavedAnswerIn
    list_columns = ["id", "name", "body", "shared", "owner_id", "created_at", "changed_at"]
    search_columns = ["id", "name", "body", "shared", "owner_id"]
    order_columns = ["id", "name"]
