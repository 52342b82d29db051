"""The chats with clients that a card shows: those of its contact, as far as the viewer may see their talks."""

from __future__ import annotations

from sqlalchemy import func, or_, select

from app import access
from app.extensions import db
from app.models.crm import Contact, Lead
from app.models.people import User
from app.models.talks import Talk, TalkState
from app.services.history import Record

SHOWN_MAX = 5


def of(viewer: User, item: Record) -> list[dict[str, object]]:
    """Return the chats, the ones with an open talk first, as the card's script reads them."""
    if isinstance(item, Contact):
        concerned = Talk.contact_id == item.id
    elif isinstance(item, Lead):
        by_lead = Talk.lead_id == item.id
        concerned = or_(by_lead, Talk.contact_id == item.contact_id) if item.contact_id else by_lead
    else:
        return []
    newest = select(func.max(Talk.number)).where(concerned).group_by(Talk.chat_id)
    rows = db.session.execute(
        select(Talk.chat_id, Talk.number, Talk.state)
        .where(Talk.number.in_(newest), access.visible_talks(viewer))
        .order_by((Talk.state == TalkState.OPEN).desc(), Talk.number.desc())
        .limit(SHOWN_MAX)
    )
    return [{"id": row.chat_id, "number": row.number, "open": row.state == TalkState.OPEN} for row in rows]
