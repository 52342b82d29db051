"""Fields and words of a task's type and state."""

from __future__ import annotations

from flask_babel import lazy_gettext
from markupsafe import Markup
from wtforms import SelectField
from wtforms.fields import SelectChoice

from app.formatting import dot
from app.models.crm import Task
from app.services.tasks import task_types
from app.views.generated.forms import INPUT


def type_label(key: str) -> Markup:
    """Return a kind of task as its coloured dot and its words."""
    found = next((one for one in task_types.every() if one.key == key), None)
    return dot(found.colour, found.name) if found is not None else dot("1", key)


def type_of(task: Task) -> Markup:
    """The same of a task that was loaded with its kind: no further statement."""
    if task.kind is not None:
        return dot(task.kind.colour, task.kind.name)
    words, colour = next(
        ((name, colour) for key, name, colour in task_types.DEFAULTS if key == task.type), (task.type, "1")
    )
    return dot(colour, words)


def type_field() -> SelectField:
    """Choose a kind of task, the first one unless another is chosen."""

    def choices() -> list[SelectChoice]:
        return [SelectChoice(one.key, one.name) for one in task_types.every()]

    return SelectField(lazy_gettext("Type"), choices=choices, render_kw=INPUT)


def state_field() -> SelectField:
    """Choose what is still to be done, late, or done."""
    choices = [("open", lazy_gettext("Open")), ("late", lazy_gettext("Late")), ("done", lazy_gettext("Done"))]
    return SelectField(lazy_gettext("State"), choices=choices, render_kw=INPUT)
