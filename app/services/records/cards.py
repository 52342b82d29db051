"""All that a card shows beside its fields, in a fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app import access
from app.models.crm import Company, Contact, Lead, Task
from app.models.people import User
from app.models.records import CardShare, Note
from app.services.records import card_chats, card_clients, notes, outside, side_by_side, timeline
from app.services.records.history import Record, subject_of
from app.services.records.side_by_side import Listing


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
    tasks, leads, contacts = _related(viewer, item)
    return Card(
        kind=subject.type,
        item=item,
        notes=notes.of(subject),
        # With whom a card is shared, sees its fields, notes and chat.
        timeline=timeline.Page([], None) if free else timeline.page(viewer, subject, before),
        tasks=tasks,
        leads=leads,
        contacts=contacts,
        chat_id=chat_id,
        limited=free,
        shares=shares,
        client_chats=bool(clients),
        answering=card_chats.answering(clients, [share.user_id for share in shares]),
        outside=outside.Outside() if free else outside.of(viewer, item),
        clients=shown,
    )


def _related(viewer: User, item: Record) -> list[list[Any]]:
    """Return the tasks, leads and contacts below a record."""
    return side_by_side.read((_tasks(viewer, item), _leads(viewer, item), _contacts(viewer, item)))


def _tasks(viewer: User, item: Record) -> Listing | None:
    if isinstance(item, Company):
        return None
    of_item = Task.lead_id == item.id if isinstance(item, Lead) else Task.contact_id == item.id
    order = (Task.completed_at.desc().nulls_first(), Task.due_at, Task.id)
    return Listing(Task, (of_item, access.visible_tasks(viewer)), order, (Task.responsible, Task.kind))


def _leads(viewer: User, item: Record) -> Listing | None:
    if isinstance(item, Lead):
        return None
    of_item = Lead.contact_id == item.id if isinstance(item, Contact) else Lead.company_id == item.id
    return Listing(Lead, (of_item, access.visible_leads(viewer)), (Lead.id.desc(),), (Lead.stage,))


def _contacts(viewer: User, item: Record) -> Listing | None:
    if not isinstance(item, Company):
        return None
    where = (Contact.company_id == item.id, access.visible_contacts(viewer))
    return Listing(Contact, where, (Contact.sort_key, Contact.id))
