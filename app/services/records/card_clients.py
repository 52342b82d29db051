"""The chats with clients that a card shows: those of its contact, as far as the viewer may see their talks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ScalarSelect, func, null, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app import access
from app.models.chats import Chat, ChatKind
from app.models.crm import Contact, Lead
from app.models.people import User
from app.models.talks import Talk, TalkState
from app.services.records.history import Record

SHOWN_MAX = 5
WRITES_MAX = 50


def of(viewer: User, item: Record) -> ScalarSelect[Any]:
    """The chats as one value, a list of what the card's script reads, the ones with an open talk first.

    A value, so that it comes with another statement of the card. NULL where there are none.
    """
    if isinstance(item, Contact):
        concerned = Talk.contact_id == item.id
    elif isinstance(item, Lead):
        by_lead = Talk.lead_id == item.id
        concerned = or_(by_lead, Talk.contact_id == item.contact_id) if item.contact_id else by_lead
    else:
        return select(null()).scalar_subquery()
    newest = select(func.max(Talk.number)).where(concerned).group_by(Talk.chat_id)
    is_open = (Talk.state == TalkState.OPEN).label("open")
    shown = (
        select(Talk.chat_id, Talk.number, is_open)
        .where(Talk.number.in_(newest), access.visible_talks(viewer))
        .order_by(is_open.desc(), Talk.number.desc())
        .limit(SHOWN_MAX)
        .subquery()
    )
    row = func.json_build_object("id", shown.c.chat_id, "number", shown.c.number, "open", shown.c.open)
    in_order = aggregate_order_by(row, shown.c.open.desc(), shown.c.number.desc())
    return select(func.json_agg(in_order, type_=JSON)).scalar_subquery()


def where_client_writes(item: Record) -> ScalarSelect[Any]:
    """The ids of the chats in which the card's client writes, as one value; NULL for none."""
    contact_id = item.id if isinstance(item, Contact) else item.contact_id if isinstance(item, Lead) else None
    if contact_id is None:
        return select(null()).scalar_subquery()
    found = select(Chat.id).where(Chat.kind == ChatKind.CLIENT, Chat.contact_id == contact_id)
    newest = found.order_by(Chat.id.desc()).limit(WRITES_MAX).subquery()
    return select(func.json_agg(newest.c.id, type_=JSON)).scalar_subquery()
