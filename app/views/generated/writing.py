"""The one way from a page or an API to a service's write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from app.errors import Conflict, UserError
from app.models.base import Model
from app.models.people import User
from app.transaction import transaction

R = TypeVar("R")
log = logging.getLogger(__name__)


class RecordService(Protocol):
    """What the service of a noun gives to its screen and its API. Each call asks the rights and raises UserError."""

    def create(self, actor: User, changes: Mapping[str, Any], /) -> Model:
        """Add a record."""

    def update(self, actor: User, item: Any, changes: Mapping[str, Any], /) -> object:
        """Change the given fields."""

    def delete(self, actor: User, item: Any, /) -> None:
        """Delete a record."""


_UNIQUE, _MISSING, _IN_USE = "23505", "23502", "23503"


def write(actor: User, service: Callable[[], R]) -> R:
    """Call a service in the entry point's one transaction and return what it returns.

    Raises UserError: the service's own, or one in place of what the database refused, never with its text.
    """
    try:
        with transaction(actor.id):
            return service()
    except IntegrityError as error:
        raise _refused(error) from None
    except DataError as error:
        log.warning("the database refused a value: %s", type(error.orig).__name__)
        raise UserError("invalid", "A value does not fit") from None
    except StaleDataError:
        raise Conflict("changed_meanwhile", "Somebody else changed this at the same moment; look again") from None


def _refused(error: IntegrityError) -> UserError:
    state = getattr(error.orig, "sqlstate", None)
    log.warning("the database refused a row: %s", state)
    if state == _UNIQUE:
        return Conflict("exists", "This exists already")
    if state == _IN_USE:
        return Conflict("in_use", "Something else still needs this, or what it refers to is gone")
    column = getattr(getattr(error.orig, "diag", None), "column_name", None)
    if state == _MISSING:
        return UserError("required", "This field is needed", column)
    return UserError("invalid", "A value does not fit", column)
