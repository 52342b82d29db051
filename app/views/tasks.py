"""The tasks' screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_babel import gettext, lazy_gettext
from wtforms import Form, SelectField
from wtforms.fields import SelectChoice

from app import access, clock
from app.formatting import due_of_row, viewer_zone
from app.models.crm import Task
from app.models.people import User
from app.security import acting_user
from app.services import tasks
from app.views.base import Screen
from app.views.filters import Visible
from app.views.interface import ScreenInterface

TYPE_LABELS = {
    "todo": lazy_gettext("To do"),
    "call": lazy_gettext("Call"),
    "meeting": lazy_gettext("Meeting"),
    "mail": lazy_gettext("Mail"),
    "offer": lazy_gettext("Offer"),
}


def type_label(kind: str) -> str:
    """Return the words for a kind of task."""
    return str(TYPE_LABELS.get(kind, kind))


def type_field() -> SelectField:
    """Choose a kind of task."""
    choices = [SelectChoice(kind, TYPE_LABELS.get(kind, kind)) for kind in tasks.TYPES]
    return SelectField(lazy_gettext("Type"), choices=choices, default="todo", render_kw={"class": "form-control"})


class TaskView(Screen):
    """What is to be done, by whom, until when."""

    datamodel = ScreenInterface(Task, eager=("responsible", "author", "lead", "contact"))
    base_filters = [["id", Visible, access.visible_tasks]]
    base_order = ("due_at", "asc")
    list_title = lazy_gettext("Tasks")
    show_title = lazy_gettext("Task")
    add_title = lazy_gettext("Add task")
    edit_title = lazy_gettext("Edit task")
    new_label = lazy_gettext("Task")
    new_icon = "check-circle"
    list_columns = ["text", "responsible", "due_at", "type", "lead", "completed_at"]
    show_columns = [
        "text",
        "responsible",
        "author",
        "due_at",
        "all_day",
        "type",
        "lead",
        "contact",
        "created_at",
        "completed_at",
        "result",
    ]
    add_columns = edit_columns = ["text", "responsible", "due_at", "all_day", "type", "lead", "contact"]
    search_columns = ["text", "responsible", "author", "due_at", "completed_at", "lead", "contact", "type"]
    order_columns = ["text", "due_at", "completed_at"]
    add_form_extra_fields = {"type": type_field()}
    edit_form_extra_fields = {"type": type_field()}
    label_columns = {
        "text": lazy_gettext("What to do"),
        "responsible": lazy_gettext("Responsible"),
        "author": lazy_gettext("Set by"),
        "due_at": lazy_gettext("Due"),
        "all_day": lazy_gettext("All day"),
        "type": lazy_gettext("Type"),
        "lead": lazy_gettext("Lead"),
        "contact": lazy_gettext("Contact"),
        "created_at": lazy_gettext("Created"),
        "completed_at": lazy_gettext("Completed"),
        "result": lazy_gettext("Result"),
    }
    formatters_columns = {"type": type_label, "due_at": due_of_row}

    def offers(self, what: str, row: Mapping[str, Any]) -> bool:
        """Offer to complete what is open."""
        return what != "complete" or row["completed_at"] is None

    def prefill_add(self, form: Form) -> None:
        """Suggest oneself, and the next full hour."""
        form.responsible.data = form.responsible.data or acting_user()
        if form.due_at.data is None:
            local = clock.now().astimezone(viewer_zone()).replace(minute=0, second=0, microsecond=0)
            form.due_at.data = local + dt.timedelta(hours=2)

    def write_add(self, actor: User, changes: dict[str, Any]) -> Task:
        """Add by the service."""
        return tasks.create(actor, changes)

    def write_edit(self, actor: User, item: Task, changes: dict[str, Any]) -> None:
        """Change by the service; the form's minutes leave a due date with seconds as it was."""
        if changes["due_at"] is not None and changes["due_at"] == item.due_at.replace(second=0, microsecond=0):
            changes["due_at"] = item.due_at
        tasks.update(actor, item, changes)

    def write_delete(self, actor: User, item: Task) -> None:
        """Delete by the service."""
        tasks.delete(actor, item)

    @action("complete", lazy_gettext("Complete"), icon="check-circle")
    def complete(self, items: Any) -> ResponseReturnValue:
        """Complete one task or the selected ones."""
        return self.run_action(items, tasks.complete, gettext("Completed"))
