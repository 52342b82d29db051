"""Leads, contacts, companies and tasks: who may see and open which."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import joinedload

from app.access.sight import EVERYTHING, load, visible_by_setting
from app.access.who import groups_of, holds, is_free
from app.errors import NotFound
from app.models.crm import Company, Contact, Lead, Pipeline, Stage, Task
from app.models.people import User


def access_lead(user: User, lead_id: int) -> Lead:
    """Return the lead that this person may open. Raises NotFound."""
    options = (joinedload(Lead.stage), joinedload(Lead.contact), joinedload(Lead.company), joinedload(Lead.responsible))
    return load(Lead, lead_id, visible_leads(user), "Lead", *options)


def access_contact(user: User, contact_id: int) -> Contact:
    """Return the contact that this person may open. Raises NotFound."""
    options = (joinedload(Contact.company), joinedload(Contact.responsible))
    return load(Contact, contact_id, visible_contacts(user), "Contact", *options)


def access_company(user: User, company_id: int) -> Company:
    """Return the company that this person may open. Raises NotFound."""
    return load(Company, company_id, visible_companies(user), "Company", joinedload(Company.responsible))


def access_card(user: User, kind: str, record_id: int) -> Lead | Contact | Company:
    """Return the record whose card this person may open; ``kind`` is lead, contact or company. Raises NotFound."""
    load: Any = {"lead": access_lead, "contact": access_contact, "company": access_company}.get(kind)
    if load is None:
        raise NotFound()
    return load(user, record_id)  # type: ignore[no-any-return]


def access_task(user: User, task_id: int) -> Task:
    """Return the task that this person may open. Raises NotFound."""
    options = (
        joinedload(Task.responsible),
        joinedload(Task.author),
        joinedload(Task.lead),
        joinedload(Task.contact),
    )
    return load(Task, task_id, visible_tasks(user), "Task", *options)


def access_stage(user: User, stage_id: int) -> Stage:
    """Return a stage of a pipeline; everybody who works with leads may use each. Raises NotFound."""
    return load(Stage, stage_id, false() if is_free(user) else true(), "Stage", joinedload(Stage.pipeline))


def visible_leads(user: User) -> ColumnElement[bool]:
    """Condition for the leads this person may see.

    With *groups*, one without a responsible user belongs to its pipeline's group, or to everybody where there is none.
    """
    unclaimed = Lead.stage_id.in_(
        select(Stage.id).join(Pipeline).where(or_(Pipeline.group_id.is_(None), Pipeline.group_id.in_(groups_of(user))))
    )
    return visible_by_setting(user, "leads.see", Lead.responsible_id, unclaimed, Lead.id)


def visible_contacts(user: User) -> ColumnElement[bool]:
    """Condition for the contacts this person may see; with *groups*, also those without a responsible user."""
    return visible_by_setting(user, "contacts.see", Contact.responsible_id, true(), Contact.id)


def visible_companies(user: User) -> ColumnElement[bool]:
    """Condition for the companies this person may see; with *groups*, also those without a responsible user."""
    return visible_by_setting(user, "companies.see", Company.responsible_id, true(), Company.id)


def visible_tasks(user: User) -> ColumnElement[bool]:
    """Condition for the tasks this person may see: the own ones, those the person set, and by the account's setting."""
    if is_free(user) or not holds(user, "tasks.see"):
        return false()
    by_setting = visible_by_setting(user, "tasks.see", Task.responsible_id, false())
    return or_(by_setting, Task.author_id == user.id) if by_setting is not EVERYTHING else by_setting
