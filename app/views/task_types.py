"""The screen of task types."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext

from app.models.crm import TaskType
from app.services.tasks import task_types
from app.views.generated.base import Screen
from app.views.generated.interface import ScreenInterface
from app.views.generated.placed import Placed, colour_field, colour_label


class TaskTypeView(Placed, Screen):
    """What kinds of tasks there are."""

    datamodel = ScreenInterface(TaskType)
    service = task_types
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
