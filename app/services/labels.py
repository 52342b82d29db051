"""What people read: names of the rows of the matrix *kind of news × channel*, in the order of SPEC 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext


@dataclass(frozen=True, slots=True)
class RowLabel:
    """A row's name, and what it is about where the name does not say it."""

    name: LazyString
    hint: LazyString | str = ""


ROWS: Mapping[str, RowLabel] = {
    "limits": RowLabel(lazy_gettext("Activity limits"), lazy_gettext("Exceeded, or 80 % reached")),
    "billing": RowLabel(lazy_gettext("Billing"), lazy_gettext("The plan is about to end")),
    "calls": RowLabel(lazy_gettext("Calls"), lazy_gettext("Ringing, missed")),
    "chat_client": RowLabel(lazy_gettext("Chat messages: clients"), lazy_gettext("To you, and talks nobody answered")),
    "chat_direct": RowLabel(lazy_gettext("Chat messages: colleagues"), lazy_gettext("Direct messages and mentions")),
    "chat_group": RowLabel(lazy_gettext("Chat messages: groups"), lazy_gettext("Group chats you are in")),
    "errors": RowLabel(lazy_gettext("Errors and other info"), lazy_gettext("What could not be done")),
    "mails": RowLabel(lazy_gettext("Incoming emails")),
    "leads": RowLabel(lazy_gettext("Incoming leads")),
    "stripe": RowLabel(lazy_gettext("Stripe"), lazy_gettext("Failed and disputed payments")),
    "task_before": RowLabel(lazy_gettext("Tasks: before the task")),
    "task_expired": RowLabel(lazy_gettext("Tasks: the task you set is expired")),
    "task_completed": RowLabel(lazy_gettext("Tasks: the task you set is completed")),
    "task_assigned": RowLabel(lazy_gettext("Tasks: you have been assigned a new task")),
    "scores": RowLabel(lazy_gettext("Client scores"), lazy_gettext("Low ones")),
    "report": RowLabel(lazy_gettext("Scheduled report")),
}

_OTHERS = {"digest": lazy_gettext("Your digest")}


def row_label(row: str) -> str:
    """Return a row's name."""
    return str(ROWS[row].name if row in ROWS else _OTHERS.get(row, row))
