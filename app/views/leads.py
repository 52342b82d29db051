"""The leads' screen."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_babel import gettext, lazy_gettext
from wtforms import Form
from wtforms.validators import InputRequired

from app import access
from app.formatting import number
from app.models.crm import Lead
from app.models.people import User
from app.services import leads
from app.views.cards import CardScreen
from app.views.filters import Visible
from app.views.interface import ScreenInterface
from app.views.lookup_field import LookupField


class StageForm(Form):  # type: ignore[misc]
    """Where to."""

    stage = LookupField("stages", lazy_gettext("Stage"), [InputRequired()])


class LeadView(CardScreen):
    """Leads as a list and a record; the board of stages is a later screen."""

    datamodel = ScreenInterface(Lead, eager=("stage", "contact", "company", "responsible", "tags"))
    base_filters = [["id", Visible, access.visible_leads]]
    base_order = ("id", "desc")
    list_title = lazy_gettext("Leads")
    show_title = lazy_gettext("Lead")
    add_title = lazy_gettext("Add lead")
    edit_title = lazy_gettext("Edit lead")
    new_label = lazy_gettext("Lead")
    new_icon = "target"
    list_columns = ["name", "stage", "responsible", "budget", "contact", "company", "tags", "created_at"]
    show_columns = [
        "name",
        "stage",
        "responsible",
        "budget",
        "currency",
        "contact",
        "company",
        "source",
        "created_at",
        "closed_at",
    ]
    add_columns = edit_columns = ["name", "stage", "budget", "currency", "contact", "company", "responsible"]
    search_columns = ["name", "stage", "responsible", "contact", "company", "budget", "created_at", "tags"]
    order_columns = ["name", "budget", "created_at"]
    sort_columns = {"name": "sort_key"}
    label_columns = {
        "name": lazy_gettext("Name"),
        "stage": lazy_gettext("Stage"),
        "responsible": lazy_gettext("Responsible"),
        "budget": lazy_gettext("Budget"),
        "currency": lazy_gettext("Currency"),
        "contact": lazy_gettext("Contact"),
        "company": lazy_gettext("Company"),
        "source": lazy_gettext("Source"),
        "tags": lazy_gettext("Tags"),
        "created_at": lazy_gettext("Created"),
        "closed_at": lazy_gettext("Closed"),
    }
    formatters_columns = {"budget": number}

    bulk_forms = {**CardScreen.bulk_forms, "stage": StageForm}

    @action("stage", lazy_gettext("Change stage"), icon="swap", single=False)
    def stage(self, items: Any) -> ResponseReturnValue:
        """Move the selected leads to a stage."""

        def move(actor: User, lead: Lead, form: Any) -> None:
            leads.update(actor, lead, {"stage_id": form.stage.data.id})

        return self.run_asked("stage", items, move, gettext("Moved"))

    def prefill_add(self, form: Form) -> None:
        """Suggest the person who adds the lead, and the stage where leads start."""
        form.stage.data = form.stage.data or leads.default_stage()
        super().prefill_add(form)

    def write_add(self, actor: User, changes: dict[str, Any]) -> Lead:
        """Add by the service."""
        return leads.create(actor, changes)

    def write_edit(self, actor: User, item: Lead, changes: dict[str, Any]) -> None:
        """Change by the service."""
        leads.update(actor, item, changes)

    def write_delete(self, actor: User, item: Lead) -> None:
        """Delete by the service."""
        leads.delete(actor, item)
