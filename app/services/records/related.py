"""Ids of other records that somebody sent: only those the person may open."""

from __future__ import annotations

from collections.abc import Callable

from app.errors import NotFound, UserError
from app.models.base import Model
from app.models.people import User


def checked_related(
    access: Callable[[User, int], Model], actor: User, record_id: object, field: str, before_id: int | None = None
) -> int | None:
    """Return the id when the guarded loader finds it for the person; None stays None. Raises UserError.

    What the record is linked to already may stay, even where the person may not open it.
    """
    if record_id is None:
        return None
    if not isinstance(record_id, int) or isinstance(record_id, bool):
        raise UserError("invalid", "An id is needed", field)
    if record_id == before_id:
        return record_id
    try:
        access(actor, record_id)
    except NotFound:
        raise UserError("invalid", "Choose an existing one", field) from None
    return record_id
