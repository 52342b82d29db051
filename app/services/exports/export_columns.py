"""What a list's file holds, by the list's kind: who sees which rows, and the columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload, selectinload

from app import access
from app.models.crm import Company, Contact, Lead, Stage, Task
from app.models.notifications import Delivery
from app.models.people import User, full_name


@dataclass(frozen=True, slots=True)
class Source:
    """What a kind's file holds: the model, who sees which rows, and its columns from a record."""

    model: Any
    visible: Callable[[User], ColumnElement[bool]]
    eager: tuple[Any, ...]
    columns: Mapping[str, Callable[[Any], Any]]


def _name(value: Any) -> str:
    return full_name(value) if isinstance(value, User) else str(value) if value is not None else ""


def _tags(record: Any) -> str:
    return ", ".join(tag.name for tag in record.tags)


_PIPELINE = joinedload(Lead.stage).joinedload(Stage.pipeline)

SOURCES: Mapping[str, Source] = {
    "leads": Source(
        Lead,
        access.visible_leads,
        (*map(joinedload, (Lead.contact, Lead.company, Lead.responsible)), _PIPELINE, selectinload(Lead.tags)),
        {
            "id": lambda lead: lead.id,
            "name": lambda lead: lead.name,
            "pipeline": lambda lead: _name(lead.stage.pipeline),
            "stage": lambda lead: _name(lead.stage),
            "budget": lambda lead: lead.budget,
            "currency": lambda lead: lead.currency,
            "contact": lambda lead: _name(lead.contact),
            "email": lambda lead: lead.contact.email if lead.contact else "",
            "phone": lambda lead: lead.contact.phone if lead.contact else "",
            "company": lambda lead: _name(lead.company),
            "responsible": lambda lead: _name(lead.responsible),
            "tags": _tags,
            "source": lambda lead: lead.source,
            "created_at": lambda lead: lead.created_at,
            "closed_at": lambda lead: lead.closed_at,
        },
    ),
    "contacts": Source(
        Contact,
        access.visible_contacts,
        (joinedload(Contact.company), joinedload(Contact.responsible), selectinload(Contact.tags)),
        {
            "id": lambda contact: contact.id,
            "name": lambda contact: contact.name,
            "email": lambda contact: contact.email,
            "phone": lambda contact: contact.phone,
            "company": lambda contact: _name(contact.company),
            "responsible": lambda contact: _name(contact.responsible),
            "tags": _tags,
            "created_at": lambda contact: contact.created_at,
        },
    ),
    "companies": Source(
        Company,
        access.visible_companies,
        (joinedload(Company.responsible), selectinload(Company.tags)),
        {
            "id": lambda company: company.id,
            "name": lambda company: company.name,
            "website": lambda company: company.website,
            "phone": lambda company: company.phone,
            "responsible": lambda company: _name(company.responsible),
            "tags": _tags,
            "created_at": lambda company: company.created_at,
        },
    ),
    "tasks": Source(
        Task,
        access.visible_tasks,
        tuple(map(joinedload, (Task.responsible, Task.author, Task.lead, Task.contact))),
        {
            "id": lambda task: task.id,
            "text": lambda task: task.text,
            "type": lambda task: task.type,
            "due_at": lambda task: task.due_at,
            "responsible": lambda task: _name(task.responsible),
            "author": lambda task: _name(task.author),
            "lead": lambda task: _name(task.lead),
            "contact": lambda task: _name(task.contact),
            "completed_at": lambda task: task.completed_at,
            "result": lambda task: task.result,
        },
    ),
    "deliveries": Source(
        Delivery,
        access.visible_deliveries,
        (joinedload(Delivery.user),),
        {
            "id": lambda delivery: delivery.id,
            "written_at": lambda delivery: delivery.created_at,
            "user": lambda delivery: _name(delivery.user),
            "purpose": lambda delivery: delivery.purpose,
            "event": lambda delivery: delivery.event_tag,
            "channel": lambda delivery: delivery.channel,
            "address": lambda delivery: delivery.address,
            "state": lambda delivery: delivery.state,
            "why_not": lambda delivery: delivery.skip_reason,
            "error": lambda delivery: delivery.error,
            "attempts": lambda delivery: delivery.attempts,
            "not_before": lambda delivery: delivery.not_before,
            "finished_at": lambda delivery: delivery.finished_at,
        },
    ),
}
