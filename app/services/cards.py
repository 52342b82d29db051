"""All that a card shows beside its fields, in a fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app import access
from app.extensions import db
from app.models.crm import Company, Contact, Lead, Task
from app.models.people import User
from app.models.records import CardShare, Note
from app.services import card_chats, card_clients, notes, outside, timeline
from app.services.history import Record, subject_of

RELATED_MAX = 10


@dataclass(frozen=True, slots=True)
class Card:
    """``tasks`` are the open ones first; ``leads`` and ``contacts`` those below the record."""

    kind: str
    item: Record
    notes: list[Note]
    timeline: timeline.Page
    tasks: list[Task]
    leads: list[Lead]
    contacts: list[Contact]
    chat_id: int | None
    # Seen by somebody it is only shared with: fields, notes and the internal chat.
    limited: bool
    shares: list[CardShare]
    # Whether a client writes on this card, and who of those it is shared with may answer.
    client_chats: bool
    answering: set[int]
    outside: outside.Outside
    # Chats with the client: id, the newest talk's number, whether it is open.
    clients: list[dict[str, object]]


def card_of(viewer: User, item: Record, before: int | None = None) -> Card:
    """Collect a card; related records are those that the viewer may open."""
    subject, free = subject_of(item), access.is_free(viewer)
    also = () if free else (card_clients.where_client_writes(item), card_clients.of(viewer, item))
    chat_id, shares, values = card_chats.chat_and_shares(subject, *also)
    clients, shown = (value or [] for value in values or (None, None))
    return Card(
        kind=subject.type,
        item=item,
        notes=notes.of(subject),
        # With whom a card is shared, sees its fields, notes and chat.
        timeline=timeline.Page([], None) if free else timeline.page(viewer, subject, before),
        tasks=_tasks(viewer, item),
        leads=_leads(viewer, item),
        contacts=_contacts(viewer, item),
        chat_id=chat_id,
        limited=free,
        shares=shares,
        client_chats=bool(clients),
        answering=card_chats.answering(clients, [share.user_id for share in shares]),
        outside=outside.Outside() if free else outside.of(viewer, item),
        clients=shown,
    )


def _tasks(viewer: User, item: Record) -> list[Task]:
    if isinstance(item, Company):
        return []
    of_item = Task.lead_id == item.id if isinstance(item, Lead) else Task.contact_id == item.id
    statement = (
        select(Task)
        .where(of_item, access.visible_tasks(viewer))
        .options(joinedload(Task.responsible), joinedload(Task.kind))
        .order_by(Task.completed_at.desc().nulls_first(), Task.due_at, Task.id)
        .limit(RELATED_MAX)
    )
    return list(db.session.scalars(statement).unique())


def _leads(viewer: User, item: Record) -> list[Lead]:
    if isinstance(item, Lead):
        return []
    of_item = Lead.contact_id == item.id if isinstance(item, Contact) else Lead.company_id == item.id
    statement = (
        select(Lead)
        .where(of_item, access.visible_leads(viewer))
        .options(joinedload(Lead.stage))
        .order_by(Lead.id.desc())
        .limit(RELATED_MAX)
    )
    return list(db.session.scalars(statement).unique())


def _contacts(viewer: User, item: Record) -> list[Contact]:
    if not isinstance(item, Company):
        return []
    statement = (
        select(Contact)
        .where(Contact.company_id == item.id, access.visible_contacts(viewer))
        .order_by(Contact.sort_key, Contact.id)
        .limit(RELATED_MAX)
    )
    return list(db.session.scalars(statement))
