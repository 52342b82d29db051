"""A person's own views of lists: search, filters and order, kept under a name."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from sqlalchemy import delete, func, select

from app.errors import NotFound, UserError
from app.extensions import db
from app.models.people import User
from app.models.records import SavedFilter
from app.services import fields

# What of a list's address belongs to a view of it; pages and sizes do not.
KEPT_PREFIXES = ("_flt_", "_oc_", "_od_")
PER_SCREEN_MAX = 20
QUERY_MAX = 2000


def save(actor: User, screen: str, name: object, query: str) -> SavedFilter:
    """Keep a list's address under a name. Raises UserError on ``name``."""
    words = fields.needed_line(name, "name", 60)
    kept = normalised(query)
    if not kept:
        raise UserError("required", "Search or filter first", "name")
    if len(kept) > QUERY_MAX:
        raise UserError("too_long", "These are too many filters", "name")
    count = select(func.count()).where(SavedFilter.user_id == actor.id, SavedFilter.screen == screen)
    if (db.session.scalar(count) or 0) >= PER_SCREEN_MAX:
        raise UserError("too_many", f"At most {PER_SCREEN_MAX} saved filters; delete one first", "name")
    saved = SavedFilter(user_id=actor.id, screen=screen, name=words, query=kept)
    db.session.add(saved)
    fields.flush_unique("saved_filters", {"name": "You have a filter of this name already"})
    return saved


def forget(actor: User, screen: str, filter_id: int) -> None:
    """Delete one of the person's own. Raises NotFound."""
    gone = db.session.execute(
        delete(SavedFilter)
        .where(SavedFilter.id == filter_id, SavedFilter.user_id == actor.id, SavedFilter.screen == screen)
        .returning(SavedFilter.id)
    ).first()
    if gone is None:
        raise NotFound("Filter")


def normalised(query: str) -> str:
    """Return the parts of an address that make a view, in one order: two equal views compare equal."""
    pairs = parse_qsl(query.lstrip("?"))
    return urlencode(sorted((name, value) for name, value in pairs if name.startswith(KEPT_PREFIXES) and value))
