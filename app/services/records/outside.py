"""What came from outside and hangs on a card: calls, mails, payments, entries of forms. One statement."""

from __future__ import annotations

from dataclasses import dataclass, field

from app import access
from app.models.calls import Call
from app.models.crm import Contact, Lead
from app.models.forms import FormEntry
from app.models.mailboxes import Mail
from app.models.payments import Payment
from app.models.people import User
from app.services.payments import stripe_settings
from app.services.records import side_by_side
from app.services.records.history import Record
from app.services.records.side_by_side import Listing


@dataclass(frozen=True, slots=True)
class Outside:
    """The newest of each kind, as the viewer may see them."""

    calls: list[Call] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    entries: list[FormEntry] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)


def of(viewer: User, item: Record) -> Outside:
    """Collect what hangs on a lead or contact; a company has nothing of its own."""
    if not isinstance(item, Lead | Contact):
        return Outside()
    called = Call.contact_id if isinstance(item, Contact) else Call.lead_id
    mailed = Mail.contact_id if isinstance(item, Contact) else Mail.lead_id
    listings = (
        Listing(
            Call,
            (called == item.id, access.visible_calls(viewer)),
            (Call.started_at.desc(), Call.id.desc()),
            (Call.user,),
        ),
        _payments(item),
        _entries(item),
        Listing(
            Mail,
            (mailed == item.id, access.visible_mails(viewer)),
            (Mail.received_at.desc(), Mail.id.desc()),
            (Mail.author,),
        ),
    )
    return Outside(*side_by_side.read(listings))


def _payments(item: Lead | Contact) -> Listing | None:
    if not isinstance(item, Contact) or not stripe_settings.is_connected():
        return None
    return Listing(Payment, (Payment.contact_id == item.id,), (Payment.at.desc(), Payment.id.desc()))


def _entries(item: Lead | Contact) -> Listing | None:
    if not isinstance(item, Lead) or item.source != "form":
        return None
    return Listing(FormEntry, (FormEntry.lead_id == item.id,), (FormEntry.id.desc(),), (FormEntry.form,))
