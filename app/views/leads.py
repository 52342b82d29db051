"""The leads' screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from sqlalchemy import ColumnElement
from wtforms import Form

from app import access, clock
from app.errors import UserError
from app.formatting import number
from app.models.crm import Lead
from app.models.people import User
from app.moments import viewer_zone
from app.security import acting_user
from app.services import searching
from app.services.records import lead_answers, lead_views, leads
from app.services.tasks import next_tasks, tasks
from app.views.board import BoardScreen
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface
from app.views.generated.saved_views import FixedView
from app.views.generated.typed_values import Day
from app.views.generated.writing import write
from app.views.lead_fields import PipelineForm, StageForm, TaskForm, next_task, next_task_field, state_field
from app.views.records import card_link, source_label


def _leads_with(which: str) -> ColumnElement[bool]:
    return next_tasks.leads_with(which, acting_user())


class LeadView(BoardScreen):
    """Leads as a list, a board and cards."""

    datamodel = ScreenInterface(
        Lead,
        eager=("stage", "contact", "company", "responsible", "tags"),
        search=searching.lead_has,
        asked={"state": lead_views.in_state, "next_task": _leads_with},
    )
    service = leads
    base_filters = [["id", Visible, access.visible_leads]]
    export_kind = import_kind = "leads"
    base_order = ("id", "desc")
    list_title = lazy_gettext("Leads")
    show_title = lazy_gettext("Lead")
    add_title = lazy_gettext("Add lead")
    edit_title = lazy_gettext("Edit lead")
    new_label = lazy_gettext("Lead")
    new_icon = "target"
    list_columns = [
        "name",
        "stage",
        "responsible",
        "budget",
        "contact",
        "company",
        "next_task",
        "tags",
        "source",
        "created_at",
        "changed_at",
    ]
    usual_columns = ("name", "stage", "responsible", "budget", "contact", "next_task", "changed_at")
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
    search_columns = [
        "name",
        "stage",
        "state",
        "responsible",
        "contact",
        "company",
        "budget",
        "next_task",
        "created_at",
        "changed_at",
        "closed_at",
        "tags",
    ]
    search_form_extra_fields = {"state": state_field(), "next_task": next_task_field()}
    order_columns = ["name", "budget", "created_at", "changed_at"]
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
        "state": lazy_gettext("State"),
        "next_task": lazy_gettext("Next task"),
        "created_at": lazy_gettext("Created"),
        "changed_at": lazy_gettext("Updated"),
        "closed_at": lazy_gettext("Closed"),
    }
    formatters_columns = {
        "budget": number,
        "contact": card_link,
        "company": card_link,
        "source": source_label,
        "next_task": next_task,
    }

    bulk_forms = {**BoardScreen.bulk_forms, "stage": StageForm, "pipeline": PipelineForm, "task": TaskForm}

    def fixed_views(self, user: User) -> list[FixedView]:
        """Return the views of leads, each with how many it holds."""
        month = clock.now().astimezone(viewer_zone()).date().replace(day=1)
        mine, none, late, won = lead_views.counted(user, Day(month).start)
        return [
            FixedView(gettext("All")),
            FixedView(gettext("Open"), "_flt_0_state=open", lead_views.still_open(user)),
            FixedView(gettext("Mine"), f"{self.own_filter}={user.id}", mine),
            FixedView(gettext("No next task"), "_flt_0_state=open&_flt_0_next_task=none", none),
            FixedView(gettext("Late tasks"), "_flt_0_next_task=late", late, alarming=True),
            FixedView(
                gettext("Won this month"),
                f"_flt_0_state=won&_flt_1_closed_at={month - dt.timedelta(days=1)}",
                won,
            ),
        ]

    def _get_list_widget(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        listed: dict[str, Any] = super()._get_list_widget(*args, **kwargs)
        shown = listed["list"].template_args
        if "next_task" in shown["include_columns"]:
            found = next_tasks.of(acting_user(), shown["pks"])
            for pk, row in zip(shown["pks"], shown["value_columns"], strict=True):
                row["next_task"] = found.get(pk)
        return listed

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

    @action("task", lazy_gettext("Add task"), icon="check-circle", single=False)
    def task(self, items: Any) -> ResponseReturnValue:
        """Set the same task for each of the selected leads."""

        def add(actor: User, lead: Lead, form: Any) -> None:
            responsible = lead.responsible if lead.responsible is not None and lead.responsible.active else actor
            tasks.create(
                actor,
                {
                    "text": form.text.data,
                    "due_at": form.due_at.data,
                    "responsible_id": responsible.id,
                    "lead_id": lead.id,
                    "contact_id": lead.contact_id,
                },
            )

        return self.run_asked("task", items, add, gettext("Tasks added"))

    def prefill_add(self, form: Form) -> None:
        """Suggest the person who adds the lead, the stage where leads start, and its pipeline's currency."""
        form.stage.data = form.stage.data or leads.default_stage()
        if form.stage.data is not None and "currency" not in request.args:
            form.currency.data = form.stage.data.pipeline.currency
        super().prefill_add(form)
