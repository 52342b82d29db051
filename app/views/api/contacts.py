"""/api/v1/contacts: generated CRUD."""

from __future__ import annotations

from app import access
from app.models.crm import Contact
from app.services.records import contacts
from app.views.api.base import Api
from app.views.api.schemas import ContactIn
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface


class ContactApi(Api):
    """Contacts as JSON."""

    resource_name = "contacts"
    openapi_spec_tag = "Contacts"
    datamodel = ScreenInterface(Contact)
    service = contacts
    base_filters = [["id", Visible, access.visible_contacts]]
    in_schema = ContactIn
    list_columns = [
        "id",
        "name",
        "email",
        "phone",
        "company_id",
        "responsible_id",
        "created_at",
        "changed_at",
    ]
    search_columns = [
        "id",
        "name",
        "email",
        "phone",
        "company_id",
        "responsible_id",
        "created_at",
        "changed_at",
    ]
    order_columns = ["id", "name", "email", "created_at", "changed_at"]
