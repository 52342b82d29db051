"""What the screens of leads, contacts and companies share: somebody is responsible for each record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext
from markupsafe import Markup
from wtforms import Form

from app import access
from app.models.crm import Company, Contact, Lead
from app.security import acting_user
from app.services.records.responsible import may_delete
from app.services.records.timeline_words import source_words
from app.views.generated.base import Screen


def card_link(record: Lead | Contact | Company | None) -> str | Markup | None:
    """Show a record as the way to its card; free users open only what is shared with them."""
    if record is None or access.is_free(acting_user()):
        return record.name if record is not None else None
    address = url_for(f"{type(record).__name__}View.show", pk=record.id)
    return Markup('<a class="fd-link" href="{}">{}</a>').format(address, record.name)


def mail_link(address: str | None) -> Markup | None:
    """Show an address as the way to write to it."""
    return Markup('<a class="fd-link" href="mailto:{0}">{0}</a>').format(address) if address else None


def phone_link(number: str | None) -> Markup | None:
    """Show a number as the way to call it."""
    dialled = "".join(char for char in number or "" if char in "+0123456789")
    return Markup('<a class="fd-link" href="tel:{}">{}</a>').format(dialled, number) if number else None


def source_label(source: str) -> str:
    """Return by which way a lead came, as a line of its own."""
    if source == "manual":
        return gettext("Added by hand")
    words = source_words(source)
    return words[:1].upper() + words[1:]


class RecordScreen(Screen):
    """A screen whose model has ``responsible``."""

    def offers(self, what: str, row: Mapping[str, Any]) -> bool:
        """Offer to delete only what the service would let go."""
        responsible = row["responsible"]
        return what != "delete" or may_delete(acting_user(), responsible.id if responsible else None)

    def prefill_add(self, form: Form) -> None:
        """Suggest the person who adds the record."""
        form.responsible.data = form.responsible.data or acting_user()
