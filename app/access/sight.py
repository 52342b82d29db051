"""What all kinds of records share: the account's setting as a condition, and loading by id under a condition."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, false, or_, select, text, true

from app.access.who import holds, is_admin, is_free
from app.errors import NotFound
from app.extensions import db
from app.models.base import Model
from app.models.people import User
from app.services.account import account

M = TypeVar("M", bound=Model)
LARGEST_ID = 2**31 - 1
# So many of the newest cards that were shared with one person are found.
SHARED_MAX = 2000

EVERYTHING: ColumnElement[bool] = true()


def load(model: type[M], record_id: int, visible: ColumnElement[bool], what: str, *options: Any) -> M:
    """Return the record of this id that meets the condition ``visible``; ``what`` names its kind. Raises NotFound."""
    if not 0 < record_id <= LARGEST_ID:
        raise NotFound(what)
    statement = select(model).where(model.id == record_id, visible).options(*options)  # type: ignore[attr-defined]
    found = db.session.scalars(statement).unique().one_or_none()
    if found is None:
        raise NotFound(what)
    return found


def visible_by_setting(
    user: User, right: str, responsible_id: Any, unclaimed: ColumnElement[bool], card_id: Any = None
) -> ColumnElement[bool]:
    """Condition for records by who is responsible; ``unclaimed`` says which of nobody's a person's groups see.

    ``card_id`` is the key of records whose cards can be shared: those are seen whatever the setting says, and also by
    whom no role gives the ``right`` to see such records.
    """
    if is_admin(user):
        return EVERYTHING
    if is_free(user) or not holds(user, right):
        if card_id is None:
            return false()
        _, shared = _colleagues_and_shared(user, card_id, with_colleagues=False)
        return card_id.in_(shared)  # type: ignore[no-any-return]
    visibility = account.record_visibility()
    if visibility == "all":
        return EVERYTHING
    colleagues, shared = _colleagues_and_shared(user, card_id, with_colleagues=visibility == "groups")
    seen = [responsible_id.in_([user.id, *colleagues])]
    if visibility == "groups":
        seen.append(and_(responsible_id.is_(None), unclaimed))
    if shared:
        seen.append(card_id.in_(shared))
    return or_(*seen)


_COLLEAGUES = """
SELECT 'colleague' AS what, m.user_id AS id FROM mine JOIN ab_user_group m ON m.group_id = mine.id
UNION SELECT 'colleague', g.manager_id FROM mine JOIN ab_group g ON g.id = mine.id WHERE g.manager_id IS NOT NULL
"""
_SHARED = """
SELECT 'shared' AS what, s.subject_id AS id FROM card_shares s
WHERE s.user_id = :user_id AND s.subject_type = :kind ORDER BY s.created_at DESC LIMIT :most
"""
_IN_SIGHT = f"""
WITH mine AS (
    SELECT group_id AS id FROM ab_user_group WHERE user_id = :user_id
    UNION SELECT id FROM ab_group WHERE manager_id = :user_id
)
SELECT what, id FROM (({_COLLEAGUES}) UNION ALL ({_SHARED})) found WHERE what = ANY(:wanted)
"""


def _colleagues_and_shared(user: User, card_id: Any, with_colleagues: bool) -> tuple[list[int], list[int]]:
    """Return who belongs to or manages the person's groups, and which cards of a kind are shared with the person.

    Listed by id, so that the database knows how many rows that means, and uses the indexes.
    """
    kind = card_id.class_.__name__.lower() if card_id is not None else ""
    wanted = (["colleague"] if with_colleagues else []) + (["shared"] if kind else [])
    if not wanted:
        return [], []
    values = {"user_id": user.id, "kind": kind, "most": SHARED_MAX, "wanted": wanted}
    rows = db.session.execute(text(_IN_SIGHT), values).all()
    return [row.id for row in rows if row.what == "colleague"], [row.id for row in rows if row.what == "shared"]
