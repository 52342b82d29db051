"""Two programs or people changing one record: who sends the version that they saw is told what changed since.

The version is ``changed_at``: sent back with the record, or as ``If-Match`` (RFC 9110, 13.1.1) the ETag of an answer.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Response, request
from sqlalchemy import select

from app.errors import Conflict, UserError
from app.extensions import db
from app.models.audit import AuditEntry
from app.models.people import User, full_name

# So many changes of one record are looked at.
CHANGES_MAX = 50
# The log is written right after the change: its oldest line in that time is the change that made the version itself.
_SAME_CHANGE = dt.timedelta(seconds=1)


class ChangedMeanwhile(Conflict):
    """Somebody was faster. ``changed`` has each field that is no longer as it was seen: old and new value."""

    def __init__(self, who: str, changed: dict[str, dict[str, Any]]) -> None:
        fields = ", ".join(sorted(changed))
        super().__init__("changed_meanwhile", f"{who} changed this meanwhile: {fields}", min(changed))
        self.changed = changed

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return the error with what changed."""
        return {"error": {**super().as_json()["error"], "changed": self.changed}}


def wanted_version(body: dict[str, Any]) -> dt.datetime | None:
    """Return the version that the request is about; None where it names none. Raises UserError on ``changed_at``."""
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"') or body.get("changed_at")
    if given in (None, "", "*"):
        return None
    try:
        moment = dt.datetime.fromisoformat(str(given))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UserError("invalid", "The version that was read is needed, as it was given", "changed_at")
    return moment


def check(item: Any, version: dt.datetime | None, fields: set[str]) -> None:
    """Refuse a change of what is no longer as the caller saw it; locks the record until the end of the transaction.

    ``fields`` are those that programs see. Raises ChangedMeanwhile.
    """
    if version is None or not hasattr(item, "changed_at"):
        return
    db.session.refresh(item, with_for_update={"of": type(item)})
    if item.changed_at <= version:
        return
    entries = db.session.execute(
        select(AuditEntry, User)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.table_name == item.__tablename__, AuditEntry.row_id == str(item.id))
        .where(AuditEntry.at > version)
        .order_by(AuditEntry.id.desc())
        .limit(CHANGES_MAX)
    ).all()
    if len(entries) > 1 and entries[-1][0].at - version < _SAME_CHANGE:
        entries = entries[:-1]
    changed: dict[str, dict[str, Any]] = {}
    for entry, _ in entries:
        for field in (set(entry.new or {}) | set(entry.old or {})) & fields:
            newest = changed.setdefault(field, {"new": (entry.new or {}).get(field)})
            newest["old"] = (entry.old or {}).get(field)
    if changed:
        who = next((full_name(user) for _, user in entries if user is not None), "Somebody")
        raise ChangedMeanwhile(who, changed)


def tagged(response: Response, item: Any) -> Response:
    """Say in the answer's head which version it shows."""
    changed_at = getattr(item, "changed_at", None)
    if changed_at is not None:
        response.headers["ETag"] = f'"{changed_at.isoformat()}"'
    return response
