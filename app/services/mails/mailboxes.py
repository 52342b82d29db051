"""Mailboxes: kept by admins, one's own by each of the team; their passwords are encrypted and never shown again.

Admins may enter any host, also an internal one. Others reach the public internet only, on the ports of mail, unless an
admin has entered the same host before: what they type must not make the server talk to its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import select, text

from app import access
from app.channels import public_only
from app.errors import Forbidden, UserError
from app.extensions import db
from app.models.mailboxes import Mailbox, MailboxState, Security
from app.models.people import User
from app.services import fields, sealed
from app.services.account import account
from app.services.chats import chat_files
from app.services.mails import mailbox_health
from app.services.records.related import checked_related
from app.transaction import on_commit

FIELDS = (
    "name",
    "address",
    "owner_id",
    "group_id",
    "imap_host",
    "imap_port",
    "imap_security",
    "username",
    "password",
    "smtp_host",
    "smtp_port",
    "smtp_security",
    "sent_folder",
    "first_days",
    "copies_sent",
    "makes_leads",
    "shares",
    "active",
)
SECURITIES = tuple(security.value for security in Security)
IMAP_PORTS, SMTP_PORTS = (143, 993), (25, 465, 587, 2525)
FIRST_DAYS_MAX = 3650
OWN_MAX = 10
# Set once: the row of the settings is hidden until there is a mailbox.
CONNECTED = "mailboxes_connected"
_WHERE_IT_GOES = ("imap_host", "smtp_host")


@dataclass(frozen=True, slots=True)
class Account:
    """All that reading and sending need of a mailbox."""

    mailbox_id: int
    name: str
    address: str
    host: str
    port: int
    security: str
    username: str
    password: str
    trusted: bool
    sent_folder: str | None
    copies_sent: bool
    first_days: int
    smtp_host: str | None
    smtp_port: int
    smtp_security: str


def may_change(actor: User, mailbox: Mailbox) -> bool:
    """Admins change all, everybody the own ones."""
    return access.is_admin(actor) or mailbox.owner_id == actor.id


def create(actor: User, changes: Mapping[str, Any]) -> Mailbox:
    """Add a mailbox; without the rights of an admin one's own. Raises UserError naming the field, Forbidden."""
    given = {"address": None, "imap_host": None, "password": None, "imap_port": 993} | dict(changes)
    if not access.is_admin(actor):
        given["owner_id"] = given.get("owner_id") or actor.id
        own = select(Mailbox.id).where(Mailbox.owner_id == actor.id).limit(OWN_MAX)
        if len(db.session.scalars(own).all()) == OWN_MAX:
            raise UserError("too_many", f"At most {OWN_MAX} mailboxes; delete one first", "address")
    values = check(actor, given, None)
    if values.get("owner_id") is None and values.get("group_id") is None:
        raise UserError("required", "Choose whose mailbox it is: a person's or a group's", "owner_id")
    values.setdefault("name", values["address"][:60])
    values.setdefault("username", values["address"])
    mailbox = Mailbox(**values)
    db.session.add(mailbox)
    db.session.flush()
    db.session.add(MailboxState(mailbox_id=mailbox.id))
    account.set_setting(CONNECTED, True)
    db.session.flush()
    return mailbox


def update(actor: User, mailbox: Mailbox, changes: Mapping[str, Any]) -> Mailbox:
    """Change the given fields; an empty password leaves it as it is. Raises like create."""
    _require_change(actor, mailbox)
    given = dict(changes)
    if not given.get("password"):
        given.pop("password", None)
    for field, value in check(actor, given, mailbox).items():
        setattr(mailbox, field, value)
    if mailbox.owner_id is None and mailbox.group_id is None:
        raise UserError("required", "Choose whose mailbox it is: a person's or a group's", "owner_id")
    db.session.flush()
    mailbox_health.try_again(mailbox.id)
    return mailbox


def delete(actor: User, mailbox: Mailbox) -> None:
    """Delete a mailbox here with the mails that were read from it; on its server nothing changes. Raises Forbidden."""
    _require_change(actor, mailbox)
    rows = db.session.execute(
        text(
            "SELECT f.stored_as FROM mail_files f JOIN mails m ON m.id = f.mail_id"
            " WHERE m.mailbox_id = :id AND f.stored_as IS NOT NULL"
        ),
        {"id": mailbox.id},
    )
    stored = [row.stored_as for row in rows]
    for table in ("feed_items", "events"):
        its = "subject_type = 'mail' AND subject_id IN (SELECT id FROM mails WHERE mailbox_id = :id)"
        db.session.execute(text(f"DELETE FROM {table} WHERE {its}"), {"id": mailbox.id})
    db.session.delete(mailbox)
    db.session.flush()
    on_commit(lambda: chat_files.unlink(stored))


def check(actor: User, changes: Mapping[str, Any], mailbox: Mailbox | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    _check_owner(actor, values, mailbox)
    if "address" in values:
        values["address"] = fields.email(values["address"], "address")
        if values["address"] is None:
            raise UserError("required", "This field is needed", "address")
    for field, needed, longest in (
        ("name", False, 60),
        ("imap_host", True, 200),
        ("smtp_host", False, 200),
        ("username", False, 254),
        ("sent_folder", False, 200),
    ):
        if field in values:
            values[field] = (fields.needed_line if needed else fields.line)(values[field], field, longest)
    for field in ("name", "username"):
        if field in values and values[field] is None:
            del values[field]
    for field in ("imap_host", "smtp_host"):
        if values.get(field):
            values[field] = _checked_host(values[field], field)
    for field in ("imap_port", "smtp_port"):
        if field in values:
            values[field] = _checked_number(values[field], field, 1, 65535)
    for field in ("imap_security", "smtp_security"):
        if field in values and values[field] not in SECURITIES:
            raise UserError("invalid", f"Choose one of {', '.join(SECURITIES)}", field)
    if "first_days" in values:
        values["first_days"] = _checked_number(values["first_days"], "first_days", 0, FIRST_DAYS_MAX)
    for field in ("copies_sent", "makes_leads", "shares", "active"):
        if field in values:
            values[field] = fields.flag(values[field], field)
    _check_password(values, mailbox)
    values["trusted"] = _trusted(actor, values, mailbox)
    return values


def account_of(mailbox: Mailbox) -> Account:
    """Return what connecting needs. Raises LookupError when the password cannot be decrypted any more."""
    return Account(
        mailbox_id=mailbox.id,
        name=mailbox.name,
        address=mailbox.address,
        host=mailbox.imap_host,
        port=mailbox.imap_port,
        security=mailbox.imap_security,
        username=mailbox.username,
        password=sealed.opened(mailbox.password),
        trusted=mailbox.trusted,
        sent_folder=mailbox.sent_folder,
        copies_sent=mailbox.copies_sent,
        first_days=mailbox.first_days,
        smtp_host=mailbox.smtp_host,
        smtp_port=mailbox.smtp_port,
        smtp_security=mailbox.smtp_security,
    )


def allows_loopback() -> bool:
    """Whether this very machine counts as public: in test mode, where the mail servers run beside the tests."""
    return bool(current_app.config["FRONTDESK_TEST"])


def _require_change(actor: User, mailbox: Mailbox) -> None:
    if not may_change(actor, mailbox):
        raise Forbidden("Only admins, and who it belongs to, may change this mailbox")


def _check_owner(actor: User, values: dict[str, Any], mailbox: Mailbox | None) -> None:
    """Admins give a mailbox to a person or to a group; for others it is their own."""
    if not access.is_admin(actor):
        owner_before = mailbox.owner_id if mailbox else actor.id
        if values.get("group_id") is not None or values.get("owner_id", owner_before) != owner_before:
            raise UserError("forbidden", "Only admins give mailboxes to others", "owner_id", 403)
        return
    for field, load in (("owner_id", access.access_user), ("group_id", access.access_group)):
        if field in values:
            before = getattr(mailbox, field) if mailbox else None
            values[field] = checked_related(load, actor, values[field], field, before)
    owner_id = values.get("owner_id", mailbox.owner_id if mailbox else None)
    group_id = values.get("group_id", mailbox.group_id if mailbox else None)
    if owner_id is not None and group_id is not None:
        raise UserError("invalid", "A person's or a group's, not both", "group_id")
    if values.get("owner_id") is not None:
        owner = db.session.get(User, owner_id)
        if owner is None or access.is_free(owner):
            raise UserError("invalid", "Free users have no mailbox here", "owner_id")


def _checked_host(value: str, field: str) -> str:
    host = value.lower().strip("[]")
    if "/" in host or "@" in host or " " in host or ("." not in host and ":" not in host and host != "localhost"):
        raise UserError("invalid", "A host like imap.example.com is needed, without https://", field)
    return host


def _checked_number(value: object, field: str, low: int, high: int) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:9])
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UserError("invalid", f"A whole number from {low} to {high} is needed", field)
    return value


def _check_password(values: dict[str, Any], mailbox: Mailbox | None) -> None:
    """A stored password goes nowhere else: another host needs it typed anew."""
    moved = mailbox is not None and any(
        field in values and values[field] not in (None, getattr(mailbox, field)) for field in _WHERE_IT_GOES
    )
    if "password" not in values:
        if moved:
            raise UserError("required", "Enter the password again: the host is another one", "password")
        return
    password = values["password"]
    if not isinstance(password, str) or not password:
        raise UserError("required", "This field is needed", "password")
    if len(password) > 1000 or "\x00" in password or "\n" in password:
        raise UserError("invalid", "A password of at most 1000 characters in one line is needed", "password")
    values["password"] = sealed.seal(password)


def _trusted(actor: User, values: Mapping[str, Any], mailbox: Mailbox | None) -> bool:
    """Whether the hosts may be internal. Raises UserError for one that this person may not enter."""
    if access.is_admin(actor):
        return True

    def now(field: str, default: Any = None) -> Any:
        return values.get(field, getattr(mailbox, field) if mailbox else default)

    imap = (now("imap_host"), now("imap_port", 993))
    smtp = (now("smtp_host"), now("smtp_port", 465))
    if mailbox is not None and (mailbox.imap_host, mailbox.imap_port, mailbox.smtp_host, mailbox.smtp_port) == (
        *imap,
        *smtp,
    ):
        return mailbox.trusted
    known = select(Mailbox.imap_host, Mailbox.imap_port, Mailbox.smtp_host, Mailbox.smtp_port).where(Mailbox.trusted)
    rows = db.session.execute(known.limit(1000)).all()
    if imap in {(row[0], row[1]) for row in rows} and (smtp[0] is None or smtp in {(row[2], row[3]) for row in rows}):
        return True
    _check_public(*imap, "imap_host", "imap_port", IMAP_PORTS)
    if smtp[0] is not None:
        _check_public(*smtp, "smtp_host", "smtp_port", SMTP_PORTS)
    return False


def _check_public(host: str, port: int, host_field: str, port_field: str, ports: tuple[int, ...]) -> None:
    if allows_loopback() and host in ("127.0.0.1", "localhost"):
        return
    if port not in ports:
        allowed = ", ".join(map(str, ports))
        raise UserError("invalid", f"One of the ports {allowed}; an admin may use others", port_field)
    if not public_only.resolves_public(host, port):
        message = "There is no such host on the public internet; admins may connect others"
        raise UserError("not_public", message, host_field)
