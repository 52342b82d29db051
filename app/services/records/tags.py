"""Tags: words that group leads, contacts and companies. A new word is a new tag."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.errors import UserError
from app.extensions import db
from app.models.base import sort_key_of
from app.models.people import User
from app.models.records import Tag, company_tags, contact_tags, lead_tags
from app.services import fields
from app.services.records.history import Record, subject_of

LENGTH_MAX = 40
PER_RECORD_MAX = 20
_TABLES = {"lead": lead_tags, "contact": contact_tags, "company": company_tags}


def tag(actor: User, item: Record, name: object) -> Tag:
    """Put a tag on a record that the caller may open. Raises UserError on ``tag``."""
    found = named(name)
    kind = subject_of(item).type
    values = {f"{kind}_id": item.id, "tag_id": found.id}
    db.session.execute(insert(_TABLES[kind]).values(**values).on_conflict_do_nothing())
    db.session.expire(item, ["tags"])
    if len(item.tags) > PER_RECORD_MAX:
        raise UserError("too_many", f"At most {PER_RECORD_MAX} tags on one record", "tag")
    return found


def untag(actor: User, item: Record, tag_id: int) -> None:
    """Take a tag from a record; a tag that nothing carries any more stays on offer."""
    kind = subject_of(item).type
    table = _TABLES[kind]
    db.session.execute(delete(table).where(table.c[f"{kind}_id"] == item.id, table.c.tag_id == tag_id))
    db.session.expire(item, ["tags"])


def named(name: object) -> Tag:
    """Return the tag of this name, made where it is new: "VIP" and "vip" are one. Raises UserError on ``tag``."""
    words = fields.needed_line(name, "tag", LENGTH_MAX)
    key = sort_key_of(words)
    db.session.execute(insert(Tag).values(name=words, sort_key=key).on_conflict_do_nothing())
    return db.session.scalars(select(Tag).where(Tag.sort_key == key)).one()
