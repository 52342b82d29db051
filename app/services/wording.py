"""The words for each kind of news: from an event's snapshot to a title and a line below it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from app.catalogue import Rule
from app.services.people.names import named
from app.services.tasks.due_words import full_due, short_due

TEST_TAG = "test"
"""Not news: what somebody sends to themselves to try a channel."""

_BREAKS = dict.fromkeys([*range(32), 127, 0x85, 0x2028, 0x2029], " ")


@dataclass(frozen=True, slots=True)
class TaskNews:
    """The snapshot of a task's event, as one person reads it. Every text is one line without control characters."""

    text: str
    author: str
    responsible: str
    giver: str
    """Who assigned it this time; not the author where somebody passed the task on."""
    completed_by: str
    result: str
    own: bool
    """Author and responsible are the same person."""
    late: bool
    """The reminder was told later than its lead time asks for."""
    minutes_left: int | None
    """Until a due moment that a lead time announced; None once it has passed, so that an old notice does not lie."""
    due: str
    """Short: "10:40", "tomorrow 10:40"."""
    due_in_full: str

    @classmethod
    def read(cls, data: Mapping[str, Any], zone: str, now: dt.datetime) -> TaskNews:
        """Read ``data``; what a snapshot lacks is left out of the words, never an error."""
        due_at, all_day = _moment(data.get("due_at")), bool(data.get("all_day"))
        author, responsible = data.get("author") or {}, data.get("responsible") or {}
        return cls(
            text=one_line(data.get("text")),
            author=one_line(named(author)),
            responsible=one_line(named(responsible)) or gettext("Somebody"),
            giver=one_line(named(data.get("by") or author)),
            completed_by=one_line(named(data.get("completed_by") or responsible)) or gettext("Somebody"),
            result=one_line(data.get("result")),
            own=author.get("id") is not None and author.get("id") == responsible.get("id"),
            late=bool(data.get("late")),
            minutes_left=_minutes(due_at, now) if data.get("lead_minutes") is not None and not all_day else None,
            due=short_due(due_at, zone, now, all_day=all_day) if due_at else "",
            due_in_full=full_due(due_at, zone, all_day=all_day) if due_at else "",
        )


def title_and_body(tag: str, task: TaskNews, rule: str) -> tuple[str, str]:
    """The title and the line below it, for the person whom ``rule`` found. Raises KeyError for a tag without words."""
    return _WORDS[tag](task, rule)


def joined(*parts: str) -> str:
    """Return the parts that say something as one line: "Acme · from Milo"."""
    return " · ".join(part for part in parts if part)


def one_line(text: object) -> str:
    """Text as one line: a line break in a task must not end a mail's header or a feed's row."""
    return " ".join(str(text or "").translate(_BREAKS).split())


def _task_assigned(task: TaskNews, rule: str) -> tuple[str, str]:
    # It may stand in for a lead time that had already begun when the task was made.
    due = gettext("due in %(minutes)s min", minutes=task.minutes_left) if task.minutes_left else _due(task)
    giver = gettext("from %(name)s", name=task.giver) if task.giver else ""
    return gettext("New task: %(text)s", text=task.text), joined(giver, due)


def _task_due_soon(task: TaskNews, rule: str) -> tuple[str, str]:
    late = gettext("reminded late") if task.late else ""
    if task.minutes_left is None:
        return gettext("Due %(moment)s: %(text)s", moment=task.due, text=task.text), joined(_from(task), late)
    title = gettext("In %(minutes)s min: %(text)s", minutes=task.minutes_left, text=task.text)
    return title, joined(_from(task), _due(task), late)


def _task_expired(task: TaskNews, rule: str) -> tuple[str, str]:
    was_due = gettext("was due %(moment)s", moment=task.due) if task.due else ""
    if rule == Rule.AUTHOR and not task.own:
        who = gettext("%(name)s has not completed it", name=task.responsible)
        return gettext("Expired: %(text)s", text=task.text), joined(who, was_due)
    return gettext("Overdue: %(text)s", text=task.text), joined(_from(task), was_due)


def _task_completed(task: TaskNews, rule: str) -> tuple[str, str]:
    who = gettext("by %(name)s", name=task.completed_by)
    return gettext("Completed: %(text)s", text=task.text), joined(who, task.result)


def _test(task: TaskNews, rule: str) -> tuple[str, str]:
    return gettext("Test notification"), gettext("If you can read this, it works.")


_WORDS: Mapping[str, Callable[[TaskNews, str], tuple[str, str]]] = {
    "task:assigned": _task_assigned,
    "task:due_soon": _task_due_soon,
    "task:expired": _task_expired,
    "task:completed": _task_completed,
    TEST_TAG: _test,
}


def _from(task: TaskNews) -> str:
    return gettext("from %(name)s", name=task.author) if task.author and not task.own else ""


def _due(task: TaskNews) -> str:
    return gettext("due %(moment)s", moment=task.due) if task.due else ""


def _moment(iso: object) -> dt.datetime | None:
    moment = dt.datetime.fromisoformat(str(iso)) if iso else None
    return moment.replace(tzinfo=dt.UTC) if moment and moment.tzinfo is None else moment


def _minutes(due_at: dt.datetime | None, now: dt.datetime) -> int | None:
    return math.ceil((due_at - now).total_seconds() / 60) if due_at and due_at > now else None
