"""Who may be responsible for a record."""

from __future__ import annotations

from app import access
from app.errors import NotFound, UserError
from app.models.people import User

FIELD = "responsible_id"


def checked_responsible(actor: User, user_id: object, before_id: int | None = None) -> int | None:
    """Return the id of an active colleague who is no free user, or None for nobody. Raises UserError.

    Whoever is responsible already may stay, also after being deactivated: saving another field must not fail.
    """
    if user_id is None:
        return None
    if not isinstance(user_id, int) or isinstance(user_id, bool):
        raise UserError("invalid", "Choose a colleague", FIELD)
    if user_id == before_id:
        return user_id
    try:
        user = access.access_user(actor, user_id)
    except NotFound:
        raise UserError("invalid", "Choose an existing colleague", FIELD) from None
    if not user.active:
        raise UserError("deactivated", "This colleague is deactivated", FIELD)
    if access.is_free(user):
        raise UserError("free_user", "A free user cannot be responsible", FIELD)
    return user_id


def may_delete(actor: User, responsible_id: int | None) -> bool:
    """Whether the person may delete a record: managers and admins any they see, others what is theirs."""
    return access.is_manager_or_admin(actor) or responsible_id == actor.id


def may_have(user: User) -> bool:
    """Whether somebody can be responsible now."""
    return bool(user.active) and not access.is_free(user)
