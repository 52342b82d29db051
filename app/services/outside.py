"""What came from outside and hangs on a card: calls, mails, payments, entries of forms. A few statements."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app import access
from app.extensions import db
from app.models.calls import Call
from app.models.crm import Contact, Lead
from app.models.forms import FormEntry
from app.models.mailboxes import Mail
from app.models.payments import Payment
from app.models.people import User
from app.services import mails, stripe_settings
from app.services.history import Record

AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Outside:
    """The newest of each kind, as the viewer may see them."""

    calls: list[Call] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    entries: list[FormEntry] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)


def of(viewer: User, item: Record) -> Outside:
    """Collect what hangs on a lead or contact; a company has nothing of its own."""
    if isinstance(item, Contact):
        paid = _payments(item) if stripe_settings.is_connected() else []
        return Outside(_calls(viewer, Call.contact_id == item.id), paid, mails=mails.of_card(viewer, item))
    if isinstance(item, Lead):
        entries = _entries(FormEntry.lead_id == item.id) if item.source == "form" else []
        called = _calls(viewer, Call.lead_id == item.id)
        return Outside(called, entries=entries, mails=mails.of_card(viewer, item))
    return Outside()


def _calls(viewer: User, of_item: object) -> list[Call]:
    statement = (
        select(Call)
        .where(of_item, access.visible_calls(viewer))  # type: ignore[arg-type]
        .options(joinedload(Call.user))
        .order_by(Call.started_at.desc(), Call.id.desc())
        .limit(AT_MOST)
    )
    return list(db.session.scalars(statement).unique())


def _payments(contact: Contact) -> list[Payment]:
    statement = select(Payment).where(Payment.contact_id == contact.id)
    return list(db.session.scalars(statement.order_by(Payment.at.desc(), Payment.id.desc()).limit(AT_MOST)))


def _entries(of_item: object) -> list[FormEntry]:
    statement = select(FormEntry).where(of_item).options(joinedload(FormEntry.form))  # type: ignore[arg-type]
    return list(db.session.scalars(statement.order_by(FormEntry.id.desc()).limit(AT_MOST)).unique())
