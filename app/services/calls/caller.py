"""Who is calling and for whom it rings: by the last ten digits of the number, else the line's group."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from app.catalogue import Rule
from app.extensions import db
from app.models.calls import Call, CallLine
from app.models.crm import Contact, Lead, Stage
from app.services import audience as people
from app.services.account import account, faults
from app.services.calls import phones
from app.services.clients import door_faults, incoming
from app.services.records.responsible import may_have
from app.services.tasks.task_news import person

LEADS_MAX = 3


def identify(call: Call, line: CallLine) -> None:
    """Fill in the contact, the newest open lead and whose client it is. Two statements."""
    found = phones.tails(call.phone, line.region)
    if not found:
        return
    contact = by_tails(found)
    if contact is None:
        return
    leads = open_leads(contact.id)
    call.contact_id, call.contact = contact.id, contact
    call.lead_id = leads[0].id if leads else None
    owners = [lead.responsible for lead in leads] + [contact.responsible]
    owner = next((one for one in owners if one is not None and may_have(one)), None)
    if owner is None and contact.responsible is not None:
        door_faults.note_deactivated(contact.responsible)
    call.responsible_id, call.responsible = (owner.id, owner) if owner else (None, None)


def by_tails(found: list[str], visible: ColumnElement[bool] | None = None) -> Contact | None:
    """Return the oldest contact whose number ends so; by the index."""
    statement = select(Contact).where(Contact.phone_tail.in_(found))
    if visible is not None:
        statement = statement.where(visible)
    options = (joinedload(Contact.responsible), joinedload(Contact.company))
    # Not the column itself: with stale statistics the planner would rather walk the primary key up to the first match.
    oldest = statement.options(*options).order_by(Contact.id + 0).limit(1)
    return db.session.scalars(oldest).unique().first()


def open_leads(contact_id: int) -> list[Lead]:
    """Return the contact's newest leads that are neither won nor lost."""
    return list(
        db.session.scalars(
            select(Lead)
            .join(Stage)
            .where(Lead.contact_id == contact_id, Lead.closed_at.is_(None), Stage.kind.in_(("incoming", "open")))
            .options(joinedload(Lead.stage), joinedload(Lead.responsible))
            .order_by(Lead.id.desc())
            .limit(LEADS_MAX)
        ).unique()
    )


def audience(call: Call, line: CallLine) -> dict[int, Rule]:
    """Return for whom it rings: who is responsible, else the line's group, the pipeline's, the admins."""
    if call.responsible is not None and may_have(call.responsible):
        return {call.responsible.id: Rule.RESPONSIBLE}
    group_id = line.group_id or incoming.pipeline_group_id()
    members = people.members(group_id) if group_id is not None else []
    if not members:
        data = {"name": line.name, "url": f"/calllineview/edit/{line.id}"}
        faults.note(f"line:{line.id}:group", "line_without_group", data)
    return dict.fromkeys(members or people.admins(), Rule.GROUP)


def snapshot(call: Call, line: CallLine) -> dict[str, Any]:
    """Return what words about the call, and the slot of a ringing one, are made of."""
    contact = call.contact if _may_be_shown(call) else None
    data: dict[str, Any] = {
        "call_id": call.id,
        "phone": call.phone,
        "name": contact.name if contact else call.phone,
        "text": f"{contact.name} {call.phone}" if contact else call.phone,
        "line": line.name,
        "direction": call.direction,
        "duration": call.duration_seconds,
        "responsible": person(call.responsible) if call.responsible else None,
        "contact": None,
        "leads": [],
        "url": f"/contactview/show/{contact.id}" if contact else f"/callview/show/{call.id}",
    }
    if contact is not None:
        data["contact"] = {
            "id": contact.id,
            "name": contact.name,
            "company": contact.company.name if contact.company else "",
            "url": f"/contactview/show/{contact.id}",
        }
        data["leads"] = [_lead(lead) for lead in open_leads(contact.id) if _is_theirs(call, lead)]
    return data


def _may_be_shown(call: Call) -> bool:
    """Whether those for whom it rings may open the contact: where all see only their own, a group may not."""
    return call.responsible_id is not None or account.record_visibility() != "own"


def _is_theirs(call: Call, lead: Lead) -> bool:
    return account.record_visibility() == "all" or lead.responsible_id in (None, call.responsible_id)


def _lead(lead: Lead) -> dict[str, Any]:
    return {
        "id": lead.id,
        "name": lead.name,
        "stage": lead.stage.name,
        "amount": f"{lead.budget:,.0f} {lead.currency}" if lead.budget else "",
        "url": f"/leadview/show/{lead.id}",
    }
