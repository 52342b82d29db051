"""What happened to a record and to what hangs on it, newest first, page by page: from the events."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import aliased

from app import access
from app.extensions import db
from app.models.calls import Call
from app.models.crm import Contact, Lead, Task
from app.models.mailboxes import Mail
from app.models.notifications import Event
from app.models.payments import Payment
from app.models.people import User, full_name
from app.services.notify import Subject
from app.services.records.timeline_words import icon_of, words_of

PAGE = 20
TASK_TAGS = ("task:assigned", "task:completed", "task:expired")
MAIL_TAGS = ("mail:received", "mail:sent")
CALL_TAGS = ("call:answered", "call:missed", "call:outgoing")
LEAD_TAGS = (
    "lead:created",
    "lead:incoming",
    "lead:won",
    "lead:lost",
    "lead:assigned",
    "lead:accepted",
    "lead:declined",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. ``text`` continues the actor's name, or stands alone where a clock or a program did it."""

    id: int
    at: dt.datetime
    actor_id: int | None
    actor: str
    actor_free: bool
    text: str
    detail: str
    url: str
    icon: str


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, and the id before which the next page begins; None on the last one."""

    entries: list[Entry]
    before: int | None


def page(viewer: User, subject: Subject, before: int | None = None) -> Page:
    """Return a page of the card's timeline; what the viewer may not open is left out. One statement."""
    own = select(Event.id).where(Event.subject_type == subject.type, Event.subject_id == subject.id)
    parts = [own, *_hanging(viewer, subject)]
    limited = []
    for part in parts:
        bound = part.where(Event.id < before) if before is not None else part
        limited.append(select(bound.order_by(Event.id.desc()).limit(PAGE + 1).subquery().c.id))
    actor = aliased(User)
    rows = (
        db.session.execute(
            select(Event, actor)
            .outerjoin(actor, actor.id == Event.actor_id)
            .where(Event.id.in_(union_all(*limited)))
            .order_by(Event.id.desc())
            .limit(PAGE + 1)
        )
        .unique()
        .all()
    )
    entries = [_entry(event, actor, subject) for event, actor in rows[:PAGE]]
    return Page(entries, entries[-1].id if len(rows) > PAGE else None)


def _hanging(viewer: User, subject: Subject) -> list[Select[Any]]:
    """Events of the records below: a lead's tasks, calls, mails; a contact's also leads and payments; a company's."""
    on_task = select(Event.id).join(Task, (Event.subject_type == "task") & (Event.subject_id == Task.id))
    on_task = on_task.where(Event.tag.in_(TASK_TAGS), access.visible_tasks(viewer))
    on_lead = select(Event.id).join(Lead, (Event.subject_type == "lead") & (Event.subject_id == Lead.id))
    on_lead = on_lead.where(Event.tag.in_(LEAD_TAGS), access.visible_leads(viewer))
    on_call = select(Event.id).join(Call, (Event.subject_type == "call") & (Event.subject_id == Call.id))
    on_call = on_call.where(Event.tag.in_(CALL_TAGS), access.visible_calls(viewer))
    if subject.type == "company":
        on_contact = select(Event.id).join(
            Contact, (Event.subject_type == "contact") & (Event.subject_id == Contact.id)
        )
        on_contact = on_contact.where(Event.tag == "contact:created", access.visible_contacts(viewer))
        return [on_lead.where(Lead.company_id == subject.id), on_contact.where(Contact.company_id == subject.id)]
    on_mail = select(Event.id).join(Mail, (Event.subject_type == "mail") & (Event.subject_id == Mail.id))
    on_mail = on_mail.where(Event.tag.in_(MAIL_TAGS), access.visible_mails(viewer))
    if subject.type == "lead":
        return [
            on_task.where(Task.lead_id == subject.id),
            on_call.where(Call.lead_id == subject.id),
            on_mail.where(Mail.lead_id == subject.id),
        ]
    paid = select(Event.id).join(Payment, (Event.subject_type == "payment") & (Event.subject_id == Payment.id))
    return [
        on_task.where(Task.contact_id == subject.id),
        on_lead.where(Lead.contact_id == subject.id),
        on_call.where(Call.contact_id == subject.id),
        on_mail.where(Mail.contact_id == subject.id),
        paid.where(Payment.contact_id == subject.id),
    ]


def _entry(event: Event, actor: User | None, subject: Subject) -> Entry:
    words = words_of(event.tag, event.data, about_itself=event.subject_type == subject.type)
    # What came in came by itself, whoever's key the program used.
    by = actor if event.tag != "lead:incoming" else None
    return Entry(
        id=event.id,
        at=event.created_at,
        actor_id=by.id if by else None,
        actor=full_name(by) if by else "",
        actor_free=bool(by and by.limited),
        text=words.text,
        detail=words.detail,
        url="" if event.subject_type == subject.type else _url(event),
        icon=icon_of(event.tag),
    )


def _url(event: Event) -> str:
    if event.subject_type == "payment":
        return ""  # the list of payments is the admins' alone
    return f"/{event.subject_type}view/show/{event.subject_id}"
