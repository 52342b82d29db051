"""Who speaks in a mail: a person, a program, or we ourselves."""

from __future__ import annotations

import hashlib
import hmac
import re

from app.channels.email import wire_address
from app.channels.mime import mail_host, proof_of
from app.models.mailboxes import Mailbox, MailKind
from app.services.mails.mail_incoming import IncomingMail

_OURS = re.compile(r"<delivery-(\d{1,18})@([^<>@\s]+)>")


def kind_of(mail: IncomingMail) -> MailKind:
    """Return who speaks. Only a person is news."""
    if mail.bounce is not None:
        return MailKind.BOUNCE
    if delivery_of(mail.message_id) is not None:
        return MailKind.OWN
    return MailKind.AUTOMATIC if mail.automatic or _is_machine(mail) else MailKind.PERSON


def is_outgoing(mail: IncomingMail, mailbox: Mailbox, folder: str) -> bool:
    """Whether our side wrote it: it lies in the folder of what was sent, or comes from the mailbox's own address."""
    return folder == mailbox.sent_folder or mail.from_address.lower() == mailbox.address.lower()


def delivery_of(message_id: str | None) -> int | None:
    """Return the delivery that a Message-ID of ours names, None for a stranger's."""
    ours = _OURS.fullmatch(message_id or "")
    return int(ours[1]) if ours and ours[2].lower() == mail_host().lower() else None


def is_proven(delivery_id: int, address: str, proof: str) -> bool:
    """Whether a server returned the head of a mail that we really sent to this address."""
    return hmac.compare_digest(proof_of(delivery_id, wire_address(address)).encode(), proof.encode())


def spellings(address: str) -> list[str]:
    """Return an address as it may be stored, in lower case: servers name its domain in ASCII (IDNA)."""
    local, at, domain = address.lower().rpartition("@")
    try:
        return [f"{local}{at}{domain}", f"{local}{at}{domain.encode('ascii').decode('idna')}"]
    except UnicodeError:
        return [f"{local}{at}{domain}"]


def digest_of(*parts: str) -> str:
    """Return a fingerprint for a mail of our own."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_machine(mail: IncomingMail) -> bool:
    """A website's form writes as nobody too, but says whom to answer."""
    local = mail.from_address.partition("@")[0].lower()
    nobody = local in ("noreply", "no-reply", "donotreply", "do-not-reply") and mail.reply_to is None
    return nobody or local in ("mailer-daemon", "postmaster") or not local
