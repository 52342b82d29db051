"""What the buttons of *Try it* do: each calls the address that the real thing calls, with the same proof."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext
from flask_jwt_extended import create_access_token
from sqlalchemy import func, select
from werkzeug.test import Client

from app.errors import Conflict
from app.extensions import db
from app.models.calls import Call, CallLine, CallStatus
from app.models.crm import Contact, Lead
from app.models.forms import Form
from app.models.people import User
from app.services import digests
from app.services.calls import call_lines
from app.services.clients import forms
from app.services.payments import stripe_settings
from app.transaction import transaction
from app.views.personas import demo_person

QUESTIONS = (
    "Do you have a minute? A client asks for a test ride tomorrow at ten, can I promise it?",
    "Which saddle did you offer for the gravel bike? I have the client on the phone.",
    "Could you look over my offer before it goes out?",
)
ASKING = (
    ("Wilma Fenn", "Is there a cargo bike that carries two children and a week's shopping?"),
    ("Jasper Holt", "My gears jump under load. When could I bring the bike in?"),
    ("Iris Mallow", "We are eight and would like to hire bikes for a weekend in May."),
    ("Theo Bracken", "Do you take an old city bike in part payment?"),
    ("Nell Harrow", "I am 1.58 m: which of your gravel frames would fit me?"),
)
AMOUNT_CENTS = 24_900


def call(user: User) -> str:
    """The telephone system reports a call from one of this person's clients; once more, and nobody has answered it."""
    line = _newest(CallLine, gettext("The demo's telephone line is gone"))
    address, told = _path(call_lines.address(line)), "demo-try-"
    ringing = db.session.scalars(
        select(Call).where(Call.status == CallStatus.RINGING, Call.external_id.startswith(told)).limit(1)
    ).first()
    if ringing is not None:
        _post(address, json_of={"call_id": ringing.external_id, "direction": "incoming", "status": "missed"})
        return gettext("Nobody answered: a missed call")
    contact = _client_of(user)
    phone = contact.phone if contact else f"+1 555 01{secrets.randbelow(40):02d}"
    name = contact.name if contact else gettext("somebody unknown")
    report = {"call_id": f"{told}{secrets.token_hex(6)}", "direction": "incoming", "status": "ringing", "phone": phone}
    _post(address, json_of=report)
    return gettext("%(name)s is calling. Press again and nobody has answered.", name=name)


def lead(user: User) -> str:
    """Somebody fills in the website's form."""
    form = _newest(Form, gettext("The demo's website form is gone"))
    name, wish = secrets.choice(ASKING)
    email = f"{name.split()[0].lower()}.{secrets.token_hex(2)}@example.org"
    _post(_path(forms.address(form)), json_of={"name": name, "email": email, "message": wish})
    return gettext("%(name)s has filled in the form on the website", name=name)


def payment(user: User) -> str:
    """Stripe reports a refused card, signed as Stripe signs (docs.stripe.com/webhooks#verify-manually)."""
    secret, contact = stripe_settings.secret(), _payer_of(user) or _newest(Contact, gettext("There is no contact"))
    if not secret:
        raise Conflict("not_connected", gettext("Stripe is not connected"))
    now, key = int(time.time()), secrets.token_hex(8)
    intent = {
        "id": f"pi_{key}",
        "object": "payment_intent",
        "amount": AMOUNT_CENTS,
        "amount_received": 0,
        "currency": "eur",
        "receipt_email": contact.email,
        "description": gettext("Yearly service"),
        "last_payment_error": {"code": "card_declined", "message": "Your card has insufficient funds."},
    }
    event = {"id": f"evt_{key}", "type": "payment_intent.payment_failed", "created": now, "livemode": False}
    body = json.dumps(event | {"data": {"object": intent}}).encode()
    proof = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    _post(_path(stripe_settings.address()), body=body, headers={"Stripe-Signature": f"t={now},v1={proof}"})
    return gettext("A payment of %(name)s has failed", name=contact.name)


def colleague(user: User) -> str:
    """A colleague writes to this person, by the REST interface with a token of their own."""
    asking = demo_person("staff2" if user.username != "staff2" else "staff")
    if asking is None:
        raise Conflict("nobody", gettext("The demo's colleagues are gone"))
    proof = {"Authorization": f"Bearer {create_access_token(str(asking.id))}"}
    chat = _post("/api/v1/chats/", json_of={"kind": "direct", "member_ids": [user.id]}, headers=proof)
    question = {"client_id": secrets.token_hex(8), "body": secrets.choice(QUESTIONS)}
    _post(f"/api/v1/chats/{chat['id']}/messages", json_of=question, headers=proof)
    return gettext("%(name)s has written to you", name=asking.first_name)


def digest(user: User) -> str:
    """This person's digest goes out now."""
    with transaction(user.id):
        sent = digests.send_now(user.id)
    if not sent:
        return gettext("Nothing that is set to digest is unread: set a kind of news to digest first")
    return gettext("Your digest is on its way to %(address)s", address=user.email)


def _payer_of(user: User) -> Contact | None:
    """Return one of the contacts that this person is responsible for: payments know nothing of leads."""
    statement = select(Contact).where(Contact.responsible_id == user.id, Contact.email.is_not(None))
    return db.session.scalars(statement.order_by(func.random()).limit(1)).first()


def _client_of(user: User) -> Contact | None:
    """Return one of the clients for whom it would ring at this person: by the newest open lead, else the contact."""
    newest = (
        select(Lead.responsible_id)
        .where(Lead.contact_id == Contact.id, Lead.closed_at.is_(None), Lead.responsible_id.is_not(None))
        .order_by(Lead.id.desc())
        .limit(1)
    )
    whose = func.coalesce(newest.scalar_subquery(), Contact.responsible_id)
    reachable = (Contact.phone.is_not(None), Contact.email.is_not(None))
    statement = select(Contact).where(whose == user.id, *reachable).order_by(func.random()).limit(1)
    return db.session.scalars(statement).first()


def _newest(model: Any, gone: str) -> Any:
    found = db.session.scalars(select(model).order_by(model.id.desc()).limit(1)).first()
    if found is None:
        raise Conflict("gone", gone)
    return found


def _path(address: str) -> str:
    return urlsplit(address).path


def _post(
    path: str, *, json_of: Mapping[str, Any] | None = None, body: bytes | None = None, headers: Mapping[str, str] = {}
) -> dict[str, Any]:
    """Call our own address as somebody outside does. Raises Conflict with what was refused."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    db.session.rollback()
    # A context of its own: in this one, the caller would be who pressed the button.
    with app.app_context():
        answer = Client(app).post(
            path,
            data=body if body is not None else json.dumps(json_of),
            content_type="application/json",
            headers=dict(headers),
        )
    if answer.status_code not in (200, 201):
        raise Conflict("refused", gettext("This was refused: %(why)s", why=answer.get_data(as_text=True)[:200]))
    return dict(answer.json or {})
