"""/api/v1/leads: generated CRUD."""

from __future__ import annotations

from typing import Any

from app import access
from app.models.crm import Lead
from app.models.people import User
from app.services import leads
from app.views.api.base import Api
from app.views.api.schemas import LeadIn
from app.views.filters import Visible
from app.views.interface import ScreenInterface


class LeadApi(Api):
    """Leads as JSON."""

    resource_name = "leads"
    openapi_spec_tag = "Leads"
    datamodel = ScreenInterface(Lead)
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
        """Add by the service."""
        return leads.create(actor, changes, source="api")

    def update(self, actor: User, item: Lead, changes: dict[str, Any]) -> None:
        """Change by the service."""
        leads.update(actor, item, changes)

    def remove(self, actor: User, item: Lead) -> None:
        """Delete by the service."""
        leads.delete(actor, item)
