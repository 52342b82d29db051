"""What the screens of leads, contacts and companies share: somebody is responsible for each record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import Form

from app.security import acting_user
from app.services.responsible import may_delete
from app.views.base import Screen


class RecordScreen(Screen):
    """A screen whose model has ``responsible``."""

    def offers(self, what: str, row: Mapping[str, Any]) -> bool:
        """Offer to delete only what the service would let go."""
        responsible = row["responsible"]
        return what != "delete" or may_delete(acting_user(), responsible.id if responsible else None)

    def prefill_add(self, form: Form) -> None:
        """Suggest the person who adds the record."""
        form.responsible.data = form.responsible.data or acting_user()
