"""Connected messengers: kept by admins; what they bring in is a client's message, whatever the messenger is called.

Adding a messenger that speaks another language: a file in ``integrations`` that reads it into :class:`Incoming`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app import access, clock
from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.models.talks import Messenger
from app.services import fields, sealed
from app.services.account import faults
from app.services.chats import drafts
from app.services.clients import client_messages, messenger_out
from app.services.clients.clients import Door, Who
from app.services.people.people import require_admin
from app.services.records.related import checked_related
from app.services.talks import talk_flow, working_hours
from app.transaction import on_commit, transaction

FIELDS = ("name", "url", "working_hours", "zone", "group_id", "active")
STATES = ("delivered", "read", "failed")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message of a messenger's user. ``echo``: our side wrote it elsewhere, so nobody is told."""

    external_id: str
    message_id: str
    body: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    echo: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message of ours: ``code`` and ``reason`` are the messenger's."""

    message_id: int
    state: str
    code: str = ""
    reason: str = ""


def create(actor: User, changes: Mapping[str, Any]) -> Messenger:
    """Connect a messenger with a secret of its own. Raises UserError naming the field, Forbidden but for admins."""
    require_admin(actor)
    messenger = Messenger(secret=sealed.seal(secrets.token_urlsafe(32)), **check(actor, changes, None))
    db.session.add(messenger)
    db.session.flush()
    return messenger


def update(actor: User, messenger: Messenger, changes: Mapping[str, Any]) -> Messenger:
    """Change the given fields. Raises like create."""
    require_admin(actor)
    for field, value in check(actor, changes, messenger).items():
        setattr(messenger, field, value)
    db.session.flush()
    if messenger.group_id is not None or not messenger.active:
        faults.over(f"messenger:{messenger.id}:group")
    return messenger


def delete(actor: User, messenger: Messenger) -> None:
    """Disconnect a messenger; what its clients wrote stays. Raises Forbidden but for admins."""
    require_admin(actor)
    faults.over(f"messenger:{messenger.id}:group")
    db.session.delete(messenger)
    db.session.flush()


def check(actor: User, changes: Mapping[str, Any], messenger: Messenger | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if messenger is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 60)
    if messenger is None or "url" in values:
        values["url"] = fields.endpoint(values.get("url"), "url", "https://bridge.example/out")
    if "working_hours" in values:
        values["working_hours"] = working_hours.checked(values["working_hours"])
    if "zone" in values:
        values["zone"] = fields.zone(values["zone"])
    if "group_id" in values:
        before_id = messenger.group_id if messenger else None
        values["group_id"] = checked_related(access.access_group, actor, values["group_id"], "group_id", before_id)
    if "active" in values:
        values["active"] = fields.flag(values["active"], "active")
    return values


def of_signed(messenger_id: int, body: bytes, signature: str) -> Messenger:
    """Return the messenger that signed this body. Unknown and wrongly signed look the same: UserError 401."""
    messenger = db.session.get(Messenger, messenger_id) if 0 < messenger_id < 2**31 else None
    try:
        secret = sealed.opened(messenger.secret) if messenger is not None else secrets.token_hex()
    except LookupError:  # nobody can sign for it any more: it has to be connected anew
        secret = secrets.token_hex()
    right = hmac.compare_digest(signature_of(secret, body).encode(), signature.encode())
    if messenger is None or not messenger.active or not right:
        raise UserError("bad_signature", "The signature is not right", status=401)
    return messenger


def signature_of(secret: str, body: bytes) -> str:
    """Return what X-Signature says of a body."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def receive(messenger: Messenger, incoming: Incoming) -> bool:
    """Take a message; return whether it is new. A repeat changes nothing. Raises UserError naming the field."""
    door = Door(messenger.name, messenger.group_id, messenger.working_hours, messenger.zone, messenger_id=messenger.id)
    key = hashlib.sha256(f"{messenger.id}:{incoming.external_id}".encode()).hexdigest()[:32]
    who = Who(key, incoming.external_id, incoming.name, incoming.email, incoming.phone)
    # A messenger's own number may be longer than ours or hold blanks.
    client_id = hashlib.sha256(incoming.message_id.encode()).hexdigest()
    draft = drafts.Draft(client_id=client_id, body=drafts.checked_body(incoming.body, False))
    if incoming.echo:
        return _record(door, who, draft)
    return client_messages.receive(door, who, draft).new


def note_receipt(messenger: Messenger, receipt: Receipt) -> None:
    """Note that a message of ours was delivered, read or refused. Raises NotFound for a message not of this door."""
    with transaction():
        row = db.session.execute(
            text(
                "SELECT m.seq, m.chat_id, v.id AS visitor_id FROM messages m JOIN visitors v ON v.chat_id = m.chat_id"
                " WHERE m.id = :id AND v.messenger_id = :messenger_id AND m.public"
            ),
            {"id": receipt.message_id, "messenger_id": messenger.id},
        ).one_or_none()
        if row is None:
            raise UserError("not_found", "There is no such message", "message_id", 404)
        if receipt.state == "failed":
            _fail(row.chat_id, receipt)
            return
        seen = db.session.execute(
            text(
                "UPDATE visitors SET delivered_seq = greatest(delivered_seq, :seq),"
                " read_seq = CASE WHEN :read THEN greatest(read_seq, :seq) ELSE read_seq END"
                " WHERE id = :id RETURNING delivered_seq, read_seq"
            ),
            {"seq": row.seq, "read": receipt.state == "read", "id": row.visitor_id},
        ).one()
        payload = {"chat_id": row.chat_id, "delivered_seq": seen.delivered_seq, "read_seq": seen.read_seq}
        place = client_messages.ClientPlace(row.chat_id)
        on_commit(lambda: client_messages.chat_live.tell("client.seen", place, payload))


def _record(door: Door, who: Who, draft: drafts.Draft) -> bool:
    """What our side wrote elsewhere stands in the chat and ends the waiting; it tells nobody and sends nothing."""
    from app.services.clients import clients

    with transaction():
        visitor = clients.arrive(door, who)
        chat_id = visitor.chat_id or clients.begin_chat(visitor)[0]
        talk = talk_flow.current(chat_id)
        known = db.session.execute(
            text("SELECT 1 FROM messages WHERE chat_id = :id AND client_id = :client_id"),
            {"id": chat_id, "client_id": draft.client_id},
        ).first()
        if known is not None:
            return False
        client_messages.insert(chat_id, draft.body, kind="system", client_id=draft.client_id, public=True, sent=True)
        if talk is not None and talk.state == "open":
            talk.last_public_at = clock.now()
            talk_flow.end_waiting(talk)
    return True


def _fail(chat_id: int, receipt: Receipt) -> None:
    said = " ".join(part for part in (receipt.reason, f"({receipt.code})" if receipt.code else "") if part)
    failed = db.session.execute(
        text(
            "UPDATE deliveries SET state = 'failed', error = :error, finished_at = :now"
            " WHERE dedupe_key = :key AND state <> 'failed' RETURNING id"
        ),
        {"key": f"m:{receipt.message_id}", "error": said or "refused by the messenger", "now": clock.now()},
    ).first()
    if failed is not None:
        messenger_out.show_failed(chat_id, receipt.message_id, said)
