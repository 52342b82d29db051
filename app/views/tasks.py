"""The tasks' screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import Flask, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from wtforms import Form

from app import access, clock
from app.errors import UserError
from app.models.crm import Task
from app.models.people import User
from app.moments import day_words, due_of_row, viewer_zone
from app.security import acting_user
from app.services.tasks import my_day, task_views, tasks
from app.services.tasks.due_dates import Later
from app.views.exports import Exporting
from app.views.generated.base import Screen
from app.views.generated.bulk import AssignForm, BulkForms
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface
from app.views.generated.saved_views import FixedView, SavedViews
from app.views.generated.undo import Undoable
from app.views.generated.versions import Versioned
from app.views.generated.writing import write
from app.views.records import card_link
from app.views.task_fields import state_field, type_field, type_label, type_of


class TaskView(Versioned, Undoable, Exporting, SavedViews, BulkForms, Screen):
    """What is to be done, by whom, until when."""

    datamodel = ScreenInterface(
        Task,
        eager=("responsible", "author", "lead", "contact"),
        exact=("type",),
        asked={"state": task_views.in_state},
    )
    service = tasks
    base_filters = [["id", Visible, access.visible_tasks]]
    export_kind = "tasks"
    # What is ahead stands first, not what was done years ago.
    base_order = ("due_at", "desc")
    list_title = lazy_gettext("Tasks")
    show_title = lazy_gettext("Task")
    add_title = lazy_gettext("Add task")
    edit_title = lazy_gettext("Edit task")
    new_label = lazy_gettext("Task")
    new_icon = "check-circle"
    list_columns = [
        "text",
        "responsible",
        "due_at",
        "all_day",
        "type",
        "lead",
        "contact",
        "author",
        "created_at",
        "completed_at",
        "result",
    ]
    usual_columns = ("text", "responsible", "due_at", "type", "lead", "completed_at")
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
    search_columns = ["text", "state", "responsible", "author", "due_at", "completed_at", "lead", "contact", "type"]
    order_columns = ["text", "due_at", "completed_at"]
    add_form_extra_fields = {"type": type_field()}
    search_form_extra_fields = {"type": type_field(), "state": state_field()}
    edit_form_extra_fields = {"type": type_field()}
    label_columns = {
        "text": lazy_gettext("What to do"),
        "responsible": lazy_gettext("Responsible"),
        "author": lazy_gettext("Set by"),
        "due_at": lazy_gettext("Due"),
        "all_day": lazy_gettext("All day"),
        "type": lazy_gettext("Type"),
        "state": lazy_gettext("State"),
        "lead": lazy_gettext("Lead"),
        "contact": lazy_gettext("Contact"),
        "created_at": lazy_gettext("Created"),
        "completed_at": lazy_gettext("Completed"),
        "result": lazy_gettext("Result"),
    }
    formatters_columns = {"type": type_label, "due_at": due_of_row, "lead": card_link, "contact": card_link}
    bulk_forms = {"assign": AssignForm}
    list_template = "crm/tasks.html"

    def fixed_views(self, user: User) -> list[FixedView]:
        """Return the person's day with what is late in it, all tasks, one's own, and those set for others."""
        left = select(Task.id).where(task_views.in_state("open"))
        mine = left.where(Task.responsible_id == user.id)
        return [
            FixedView(
                gettext("My day"),
                rows=mine.where(Task.due_at < clock.now()),
                alarming=True,
                url=url_for("TaskView.day"),
            ),
            FixedView(gettext("All")),
            FixedView(gettext("Mine"), f"{self.own_filter}={user.id}&_flt_0_state=open", mine),
            FixedView(
                gettext("Set by me"),
                f"_flt_0_author={user.id}&_flt_0_state=open",
                left.where(Task.author_id == user.id),
            ),
        ]

    show_template = "crm/task.html"
    row_acts = "crm/task_row_acts.html"

    def offers(self, what: str, row: Mapping[str, Any]) -> bool:
        """Leave out the action on one task: its page has a button that asks for the result."""
        return what != "complete"

    def prefill_add(self, form: Form) -> None:
        """Suggest oneself, and the first full hour that is more than one away."""
        form.responsible.data = form.responsible.data or acting_user()
        if form.due_at.data is None:
            local = clock.now().astimezone(viewer_zone()).replace(minute=0, second=0, microsecond=0)
            form.due_at.data = local + dt.timedelta(hours=2)

    def write_edit(self, actor: User, item: Task, changes: dict[str, Any]) -> None:
        """Change by the service; the form's minutes leave a due date with seconds as it was."""
        if changes["due_at"] is not None and changes["due_at"] == item.due_at.replace(second=0, microsecond=0):
            changes["due_at"] = item.due_at
        tasks.update(actor, item, changes)

    @action("complete", lazy_gettext("Complete"), icon="check-circle")
    def complete(self, items: Any) -> ResponseReturnValue:
        """Complete one task or the selected ones."""
        return self.run_action(items, tasks.complete, gettext("Completed"))

    @action("assign", lazy_gettext("Assign"), icon="user-plus", single=False)
    def assign(self, items: Any) -> ResponseReturnValue:
        """Give the selected tasks to somebody."""

        def give(actor: User, task: Task, form: AssignForm) -> None:
            chosen = form.responsible.data
            tasks.update(actor, task, {"responsible_id": chosen.id if chosen else None})

        return self.run_asked("assign", items, give, gettext("Assigned"))

    # -- what is asked about one task

    @expose("/day/")
    @has_access
    @permission_name("list")
    def day(self) -> ResponseReturnValue:
        """Show the person's own day: overdue, today, next."""
        self.update_redirect()
        return self.render_template(
            "crm/day.html",
            title=gettext("My day"),
            day=day_words(clock.now().astimezone(viewer_zone()).date()),
            blocks=my_day.blocks_of(acting_user()),
            labels={"overdue": gettext("Overdue"), "today": gettext("Today"), "next": gettext("Next 7 days")},
            nothing={
                "overdue": gettext("Nothing is late."),
                "today": gettext("Nothing more today."),
                "next": gettext("Nothing in the next seven days."),
            },
        )

    @expose("/complete/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def complete_page(self, pk: str) -> ResponseReturnValue:
        """Ask for the result and complete the task."""
        task, error = self.opened(pk), ""
        result = request.form.get("result", "")
        if request.method == "POST":
            actor = acting_user()
            try:
                write(actor, lambda: tasks.complete(actor, task, result))
            except UserError as refused:
                if refused.field is None:
                    flash(refused.message, "danger")
                    return redirect(_back(task))
                error = refused.message
            else:
                flash(gettext("Completed"), "success")
                return redirect(_back(task))
        return self.render_template(
            "crm/ask.html",
            title=gettext("Complete this task?"),
            subject=task.text,
            back=_back(task),
            form_template="crm/complete_form.html",
            submit_label=gettext("Complete"),
            result=result,
            error=error,
        )

    @expose("/postpone/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def postpone(self, pk: str) -> ResponseReturnValue:
        """Ask for a later moment and move the due date there."""
        task, error = self.opened(pk), ""
        if request.method == "POST":
            actor = acting_user()
            try:
                wanted = _wanted_moment()
                write(actor, lambda: tasks.postpone(actor, task, wanted))
            except UserError as refused:
                error = refused.message
            else:
                flash(gettext("Postponed"), "success")
                return redirect(_back(task))
        return self.render_template(
            "crm/ask.html",
            title=gettext("Postpone due date"),
            subject=task.text,
            back=_back(task),
            form_template="crm/postpone_form.html",
            submit_label="",
            all_day=task.all_day,
            due_at=request.form.get("due_at", ""),
            error=error,
        )


def _wanted_moment() -> Later | dt.datetime:
    to = request.form.get("to", "at")
    if to in set(Later):
        return Later(to)
    try:
        local = dt.datetime.fromisoformat(request.form.get("due_at", ""))
        return local.replace(tzinfo=viewer_zone()).astimezone(dt.UTC)
    except (ValueError, OverflowError):  # the latter for the first and the last day that there are
        raise UserError("required", gettext("Choose a date and time"), "due_at") from None


def _back(task: Task) -> str:
    """Where the question was asked: a path of this very site."""
    wanted = request.form.get("back", "")
    own = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if own else url_for("TaskView.show", pk=task.id)


def init_tasks(app: Flask) -> None:
    """Offer the types to templates."""
    app.jinja_env.filters["task_type"] = type_of
