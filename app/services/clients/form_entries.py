"""What people write into the forms of websites: each becomes an incoming lead of the contact that it is matched to."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import joinedload

from app import clock
from app.errors import UserError
from app.extensions import db
from app.models.base import sort_key_of
from app.models.crm import Company, Contact, Lead, Stage
from app.models.forms import Form, FormEntry
from app.models.people import User, full_name
from app.services import fields
from app.services.account import faults
from app.services.clients import clients, door_faults, forms
from app.services.records import history, lead_answers, pipelines
from app.services.records.responsible import may_have
from app.transaction import transaction

# The same words from the same person within this time are a second click on the button.
SAME_WITHIN = dt.timedelta(minutes=10)
MOST_EXTRAS, LONGEST_NAME, LONGEST_EXTRA = 20, 60, 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """What was sent. ``extras`` are fields that the website added by itself; ``external_id`` tells repeats."""

    values: Mapping[str, str]
    extras: Mapping[str, str] = field(default_factory=dict)
    consented: bool = False
    external_id: str | None = None
    origin: str | None = None
    by_a_program: bool = False


def receive(form: Form, entry: Entry) -> bool:
    """Take one entry; return whether it is new. A repeat changes nothing. Raises UserError naming the field.

    What only a program can have filled in is thanked for and thrown away.
    """
    if entry.by_a_program:
        return False
    values = check(form, entry)
    digest = _digest(values, entry.extras)
    with transaction():
        if _known(form, entry.external_id, digest):
            return False
        _write(form, entry, values, digest)
    return True


def newest(form: Form, limit: int = 20) -> list[FormEntry]:
    """Return what came in by a form last."""
    statement = select(FormEntry).where(FormEntry.form_id == form.id).options(joinedload(FormEntry.lead))
    return list(db.session.scalars(statement.order_by(FormEntry.id.desc()).limit(limit)))


def check(form: Form, entry: Entry) -> dict[str, str | None]:
    """Return the cleaned answers to what the form asks; writes nothing."""
    given = {name: entry.values.get(name) for name in form.asked}
    values: dict[str, str | None] = {
        "name": fields.line(given.get("name"), "name", forms.ASKED["name"]),
        "email": fields.email(given.get("email")),
        "phone": fields.phone(given.get("phone")),
        "company": fields.line(given.get("company"), "company", forms.ASKED["company"]),
        "message": _text(given.get("message")),
    }
    for name in form.needed:
        if values[name] is None:
            raise UserError("required", "This field is needed", name)
    if not values["email"] and not values["phone"]:
        raise UserError("required", "An address or a phone number is needed", "email" if "email" in given else "phone")
    if form.consent_text and not entry.consented:
        raise UserError("required", "Please agree first", "consent")
    return values


def _write(form: Form, entry: Entry, values: Mapping[str, str | None], digest: str) -> None:
    now = clock.now()
    contact = _contact(values)
    lead = _lead(form, contact, _responsible(form, contact))
    # A switched-off tick is no consent: what was agreed to is kept as it was worded then.
    consent = form.consent_text if entry.consented else None
    db.session.add(
        FormEntry(
            form_id=form.id,
            external_id=entry.external_id,
            digest=digest,
            contact_id=contact.id,
            lead_id=lead.id,
            answers={name: value for name, value in {**entry.extras, **values}.items() if value},
            consent_text=consent,
            consented_at=now if consent else None,
            origin=entry.origin,
        )
    )
    if form.group_id is None:
        data = {"name": form.name, "url": f"/formview/edit/{form.id}"}
        faults.note(f"form:{form.id}:group", "form_without_group", data)
    lead_answers.arrive(None, lead, values["message"] or "", via=form.name, group_id=form.group_id)


def _known(form: Form, external_id: str | None, digest: str) -> bool:
    """Whether it was sent before. Two sendings at the same moment wait for each other."""
    key = f"form:{form.id}:{external_id or digest}"
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    same = FormEntry.external_id == external_id
    if external_id is None:
        same = (FormEntry.digest == digest) & (FormEntry.created_at > clock.now() - SAME_WITHIN)
    statement = select(FormEntry.id).where(FormEntry.form_id == form.id, same).limit(1)
    return db.session.scalars(statement).first() is not None


def _contact(values: Mapping[str, str | None]) -> Contact:
    known_id = clients.find_contact(values["email"], values["phone"])
    if known_id is not None:
        contact = db.session.get_one(Contact, known_id, with_for_update=True, populate_existing=True)
        # An address that is there already is not a stranger's to change.
        for name in ("email", "phone"):
            if values[name] and not getattr(contact, name):
                setattr(contact, name, values[name])
        db.session.flush()
        return contact
    name = values["name"] or values["email"] or values["phone"] or ""
    contact = Contact(name=name, email=values["email"], phone=values["phone"], company_id=_company(values["company"]))
    db.session.add(contact)
    db.session.flush()
    history.record("contact:created", None, history.subject_of(contact), {"name": contact.name, "source": "form"})
    return contact


def _company(name: str | None) -> int | None:
    if not name:
        return None
    known = select(func.min(Company.id + 0)).where(Company.sort_key == sort_key_of(name))
    found = db.session.scalars(known).one()
    if found is not None:
        return found
    company = Company(name=name)
    db.session.add(company)
    db.session.flush()
    return company.id


def _responsible(form: Form, contact: Contact) -> User | None:
    """The form's, else the contact's. Somebody deactivated counts as nobody, and is told about."""
    chosen = form.responsible
    if chosen is not None and not may_have(chosen):
        data = {
            "name": form.name,
            "person": full_name(chosen),
            "user_id": chosen.id,
            "url": f"/formview/edit/{form.id}",
        }
        faults.note(f"form:{form.id}:responsible", "deactivated_responsible", data)
        chosen = None
    own = contact.responsible
    if chosen is None and own is not None:
        door_faults.note_deactivated(own)
    return chosen or (own if own is not None and may_have(own) else None)


def _lead(form: Form, contact: Contact, responsible: User | None) -> Lead:
    pipeline = form.pipeline or pipelines.ensure_default()
    first = select(Stage.id).where(Stage.pipeline_id == pipeline.id)
    stage_id = db.session.scalars(first.order_by(Stage.kind != "incoming", Stage.position, Stage.id).limit(1)).one()
    lead = Lead(
        name=contact.name,
        stage_id=stage_id,
        contact_id=contact.id,
        company_id=contact.company_id,
        responsible_id=responsible.id if responsible else None,
        source="form",
    )
    db.session.add(lead)
    db.session.flush()
    return lead


def _text(value: Any) -> str | None:
    if value is None:
        return None
    cleaned = "\n".join(" ".join(line.split()) for line in str(value).splitlines()).strip()
    if len(cleaned) > forms.ASKED["message"]:
        raise UserError("too_long", f"At most {forms.ASKED['message']} characters", "message")
    if "\x00" in cleaned:
        raise UserError("invalid", "This character cannot be stored", "message")
    return cleaned or None


def _digest(values: Mapping[str, str | None], extras: Mapping[str, str]) -> str:
    written = json.dumps([sorted(values.items()), sorted(extras.items())], ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()
