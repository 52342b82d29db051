"""What bulk actions and filters of leads ask for, and how a lead's next task is shown."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext
from markupsafe import Markup
from wtforms import Form, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.models.crm import Task
from app.moments import due
from app.services.tasks import next_tasks
from app.views.generated.forms import INPUT, ZonedDateTimeField
from app.views.generated.lookup_field import LookupField


class StageForm(Form):  # type: ignore[misc]
    """Where to."""

    stage = LookupField("stages", lazy_gettext("Stage"), [InputRequired()])


class PipelineForm(Form):  # type: ignore[misc]
    """Whereto, at its first open stage."""

    pipeline = LookupField("pipelines", lazy_gettext("Pipeline"), [InputRequired()])


class TaskForm(Form):  # type: ignore[misc]
    """What to do about each, until when: by whoever is responsible for the lead, else by oneself."""

    text = StringField(
        lazy_gettext("What to do"),
        [InputRequired(), Length(max=500)],
        render_kw={"class": "fd-input", "autocomplete": "off"},
    )
    due_at = ZonedDateTimeField(lazy_gettext("Due"), [InputRequired()], render_kw={"class": "fd-input"})


def state_field() -> SelectField:
    """Choose how far leads have come."""
    choices = [("open", lazy_gettext("Open")), ("won", lazy_gettext("Won")), ("lost", lazy_gettext("Lost"))]
    return SelectField(lazy_gettext("State"), choices=choices, render_kw=INPUT)


def next_task_field() -> SelectField:
    """Choose by what is to be done about leads."""
    choices = [
        (next_tasks.NONE, lazy_gettext("None")),
        (next_tasks.LATE, lazy_gettext("Late")),
        (next_tasks.SOME, lazy_gettext("Any")),
    ]
    return SelectField(lazy_gettext("Next task"), choices=choices, render_kw=INPUT)


def next_task(task: Task | None) -> Markup | None:
    """Show a lead's next task as the way to it, and when it is due: red when late, and coloured on its day."""
    if task is None:
        return None
    moment = due(task.due_at, all_day=task.all_day, soon=True)
    words = Markup('<a class="fd-next-task" href="{}" title="{}" draggable="false"><span class="t-cut">{}</span>{}</a>')
    return words.format(url_for("TaskView.show", pk=task.id), task.text, task.text, moment)
