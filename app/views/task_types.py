"""The screen of task types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext

from app.models.crm import TaskType
from app.models.people import User
from app.services.records.positions import Direction
from app.services.tasks import task_types
from app.views.generated.base import Screen
from app.views.generated.interface import ScreenInterface
from app.views.generated.placed import Placed, colour_field, colour_label


class TaskTypeView(Placed, Screen):
    """What kinds of tasks there are."""

    datamodel = ScreenInterface(TaskType)
    base_permissions = ["can_list", "can_show", "can_add", "can_edit", "can_delete"]
    base_order = ("position", "asc")
    list_title = lazy_gettext("Task types")
    show_title = lazy_gettext("Task type")
    add_title = lazy_gettext("Add task type")
    edit_title = lazy_gettext("Edit task type")
    list_columns = ["name", "colour", "key"]
    show_columns = ["name", "colour", "key"]
    add_columns = edit_columns = ["name", "colour"]
    search_columns = ["name"]
    order_columns: list[str] = []
    label_columns = {
        "name": lazy_gettext("Name"),
        "colour": lazy_gettext("Colour"),
        "key": lazy_gettext("Name for programs"),
    }
    formatters_columns = {"colour": colour_label}
    add_form_extra_fields = {"colour": colour_field()}
    edit_form_extra_fields = {"colour": colour_field()}
    remove_title = lazy_gettext("Delete this task type?")
    remove_words = lazy_gettext("Its tasks get the type that you choose.")

    def targets(self, item: TaskType) -> Sequence[TaskType]:
        """Return the other types."""
        return task_types.targets(item)

    def write_add(self, actor: User, changes: dict[str, Any]) -> TaskType:
        """Add by the service."""
        return task_types.create(actor, changes)

    def write_edit(self, actor: User, item: TaskType, changes: dict[str, Any]) -> None:
        """Change by the service."""
        task_types.update(actor, item, changes)

    def write_remove(self, actor: User, item: TaskType, target_id: int | None) -> None:
        """Delete by the service."""
        task_types.delete(actor, item, target_id)

    def write_move(self, actor: User, item: TaskType, direction: Direction) -> None:
        """Change places by the service."""
        task_types.move(actor, item, direction)
