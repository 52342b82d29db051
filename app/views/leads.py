"""The leads' screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from wtforms import Form
from wtforms.validators import InputRequired

from app import access
from app.errors import UserError
from app.formatting import number
from app.models.crm import Lead
from app.models.people import User
from app.security import acting_user
from app.services import lead_answers, leads, searching
from app.views.board import BoardScreen
from app.views.filters import Visible
from app.views.interface import ScreenInterface
from app.views.lookup_field import LookupField
from app.views.records import card_link, source_label
from app.views.writing import write


class StageForm(Form):  # type: ignore[misc]
    """Where to."""

    stage = LookupField("stages", lazy_gettext("Stage"), [InputRequired()])


class PipelineForm(Form):  # type: ignore[misc]
    """Whereto, at its first open stage."""

    pipeline = LookupField("pipelines", lazy_gettext("Pipeline"), [InputRequired()])


class LeadView(BoardScreen):
    """Leads as a list, a board and cards."""

    datamodel = ScreenInterface(
        Lead, eager=("stage", "contact", "company", "responsible", "tags"), search=searching.lead_has
    )
    base_filters = [["id", Visible, access.visible_leads]]
    export_kind = import_kind = "leads"
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
    formatters_columns = {"budget": number, "contact": card_link, "company": card_link, "source": source_label}

    bulk_forms = {**BoardScreen.bulk_forms, "stage": StageForm, "pipeline": PipelineForm}

    @expose("/accept/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def accept(self, pk: str) -> ResponseReturnValue:
        """Accept an incoming lead."""
        return self._answer(pk, lead_answers.accept, gettext("Accepted: it is yours"))

    @expose("/decline/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def decline(self, pk: str) -> ResponseReturnValue:
        """Decline an incoming lead."""
        reason = request.form.get("reason", "")
        return self._answer(pk, lambda actor, lead: lead_answers.decline(actor, lead, reason), gettext("Declined"))

    @expose("/reopen/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def reopen(self, pk: str) -> ResponseReturnValue:
        """Take one's own decline back."""
        return self._answer(pk, lead_answers.take_back, gettext("The decline is taken back"))

    def _answer(self, pk: str, service: Callable[[User, Lead], Lead], done: str) -> ResponseReturnValue:
        lead, actor = self.item_or_404(pk), acting_user()
        try:
            write(actor, lambda: service(actor, lead))
        except UserError as error:
            flash(error.message, "danger")
        else:
            flash(done, "success")
        return redirect(url_for("LeadView.show", pk=lead.id))

    @action("stage", lazy_gettext("Change stage"), icon="swap", single=False)
    def stage(self, items: Any) -> ResponseReturnValue:
        """Move the selected leads to a stage."""

        def move(actor: User, lead: Lead, form: Any) -> None:
            leads.update(actor, lead, {"stage_id": form.stage.data.id})

        return self.run_asked("stage", items, move, gettext("Moved"))

    @action("pipeline", lazy_gettext("Change pipeline"), icon="target", single=False)
    def pipeline(self, items: Any) -> ResponseReturnValue:
        """Move the selected leads to another pipeline."""

        def move(actor: User, lead: Lead, form: Any) -> None:
            leads.update(actor, lead, {"pipeline_id": form.pipeline.data.id})

        return self.run_asked("pipeline", items, move, gettext("Moved"))

    def prefill_add(self, form: Form) -> None:
        """Suggest the person who adds the lead, the stage where leads start, and its pipeline's currency."""
        form.stage.data = form.stage.data or leads.default_stage()
        if form.stage.data is not None and "currency" not in request.args:
            form.currency.data = form.stage.data.pipeline.currency
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
