"""What events about a task carry: the snapshot that every notice is worded from."""

from __future__ import annotations

from typing import Any

from app.models.crm import Task
from app.models.people import User, full_name
from app.services.notify import Subject


def snapshot(task: Task) -> dict[str, Any]:
    """Return what notices about a task are worded from, as JSON."""
    return {
        "task_id": task.id,
        "text": task.text,
        "type": task.type,
        "due_at": task.due_at.isoformat(),
        "all_day": task.all_day,
        "author": person(task.author),
        "responsible": person(task.responsible),
        "lead": {"id": task.lead_id, "name": task.lead.name} if task.lead else None,
        "contact": {"id": task.contact_id, "name": task.contact.name} if task.contact else None,
        "result": task.result,
        "url": f"/taskview/show/{task.id}",
    }


def person(user: User | None) -> dict[str, Any] | None:
    """Return who somebody is, as notices name them."""
    if user is None:
        return None
    return {"id": user.id, "name": full_name(user)} | ({"free": True} if user.limited else {})


def subject_of(task: Task) -> Subject:
    """Return the subject under which all notices about the task collapse."""
    return Subject("task", task.id)
