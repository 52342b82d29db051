"""/api/v1/contacts: generated CRUD."""

from __future__ import annotations

from typing import Any

from app import access
from app.models.crm import Contact
from app.models.people import User
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

    def create(self, actor: User, changes: dict[str, Any]) -> Contact:
        """Add by the service."""
        return contacts.create(actor, changes)

    def update(self, actor: User, item: Contact, changes: dict[str, Any]) -> None:
        """Change by the service."""
        contacts.update(actor, item, changes)

    def remove(self, actor: User, item: Contact) -> None:
        """Delete by the service."""
        contacts.delete(actor, item)
