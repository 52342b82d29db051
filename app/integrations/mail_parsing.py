"""From the bytes of a mail to what services take in. Never raises: a mail of which nothing can be made says so."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import re
from dataclasses import replace
from email import message_from_bytes
from email.message import Message

from app.integrations import mail_html
from app.integrations.mail_parts import Parts, addresses, bounce_of, clean, header, parts_of
from app.services.mails.mail_incoming import IncomingMail, Problem

log = logging.getLogger(__name__)

LARGEST_HEAD = 200_000
LARGEST_MAIL = 30 * 1024 * 1024
# Nested parts: the parser calls itself for each, and compares each line with all open boundaries.
MOST_BOUNDARIES, MOST_MESSAGES, MOST_COMPARISONS = 150, 40, 8_000_000
# A mail names those before it: the newest of them are enough to find its thread.
MOST_REFERENCES = 50
_NOBODY_ANSWERS = frozenset({"bulk", "junk", "list", "auto_reply"})
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,298}>")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


def read(raw: bytes, uid: int, received_at: dt.datetime, *, size: int = 0, whole: bool = True) -> IncomingMail:
    """Read one mail; ``whole`` is False where only its beginning was fetched."""
    head, body, cut = _halves(raw)
    fingerprint = fingerprint_of(head, body)
    size = size or len(raw)
    try:
        return _read(head, body, uid, received_at, size, fingerprint, whole=whole, cut=cut)
    except (Exception, RecursionError) as error:
        log.warning("a mail could not be read: %s", type(error).__name__)
    try:
        bare = _from_head(message_from_bytes(head), uid, received_at, size, fingerprint)
        return replace(bare, problem=Problem.UNREADABLE)
    except (Exception, RecursionError):
        return IncomingMail(uid, fingerprint, received_at, size, automatic=True, problem=Problem.UNREADABLE)


def fingerprint_of(head: bytes, body: bytes) -> str:
    """Return what recognises a mail again under another UID: its identification, which no server rewrites.

    The Message-ID alone is not enough: careless programs use one for all their mails, or none; then the text counts.
    """
    unfolded = re.sub(rb"\r?\n[ \t]+", b" ", head[:LARGEST_HEAD])
    named = {}
    for line in unfolded.splitlines()[:2000]:
        name, colon, value = line.partition(b":")
        key = name.strip().lower()
        if colon and key in (b"message-id", b"date", b"from", b"subject") and key not in named:
            named[key] = b" ".join(value.split())
    kept = b"\n".join(name + b":" + value for name, value in sorted(named.items()))
    return hashlib.sha256(kept if b"message-id" in named else head + body).hexdigest()


def _halves(raw: bytes) -> tuple[bytes, bytes, bool]:
    """Head and body; a head that goes on and on is cut."""
    end = _END_OF_HEAD.search(raw)
    head, body = (raw[: end.start() + 2], raw[end.end() :]) if end else (raw, b"")
    return head[:LARGEST_HEAD], body, len(head) > LARGEST_HEAD


def _read(
    head: bytes,
    body: bytes,
    uid: int,
    received_at: dt.datetime,
    size: int,
    fingerprint: str,
    *,
    whole: bool,
    cut: bool,
) -> IncomingMail:
    lowered = body.lower() if len(body) < LARGEST_MAIL else b""
    nested = lowered.count(b"boundary") + head.lower().count(b"boundary")
    many = nested > MOST_BOUNDARIES or lowered.count(b"message/") > MOST_MESSAGES
    if many or nested * body.count(b"\n") > MOST_COMPARISONS or len(body) > LARGEST_MAIL:
        raise ValueError("absurdly nested")
    mail = message_from_bytes(head.rstrip(b"\r\n") + b"\r\n\r\n" + body)
    parts = parts_of(mail) if whole else _beginning(mail)
    bare = _from_head(mail, uid, received_at, size, fingerprint)
    problem = None if whole else Problem.TOO_LARGE
    return replace(
        bare,
        body=parts.body(),
        html=mail_html.cleaned(clean(parts.html[0])) if parts.html else None,
        files=tuple(parts.files),
        bounce=bounce_of(mail),
        problem=problem or (Problem.CUT if parts.cut or cut else None),
    )


def _beginning(mail: Message) -> Parts:
    """The texts only: a file that broke off is none."""
    parts = parts_of(mail)
    parts.files = []
    return parts


def _from_head(mail: Message, uid: int, received_at: dt.datetime, size: int, fingerprint: str) -> IncomingMail:
    sender = addresses(mail, "From")[:1] or addresses(mail, "Sender")[:1] or [(header(mail, "From", 160), "")]
    reply_to = addresses(mail, "Reply-To")[:1]
    ids = _MESSAGE_ID.findall(header(mail, "Message-ID", 600))
    before = _MESSAGE_ID.findall(header(mail, "In-Reply-To", 1200))
    named = _MESSAGE_ID.findall(header(mail, "References", 30_000))[-MOST_REFERENCES:]
    return IncomingMail(
        uid=uid,
        fingerprint=fingerprint,
        received_at=received_at,
        size=size,
        message_id=ids[0] if ids else None,
        in_reply_to=before[0] if before else None,
        references=tuple(dict.fromkeys([*named, *before[:1]])),
        from_name=sender[0][0][:160],
        from_address=sender[0][1],
        reply_to=reply_to[0][1] if reply_to and reply_to[0][1] != sender[0][1] else None,
        to_line=_line(addresses(mail, "To")),
        to_addresses=tuple(address for _, address in addresses(mail, "To", "Cc"))[:50],
        cc_line=_line(addresses(mail, "Cc")),
        subject=header(mail, "Subject")[:300],
        automatic=_is_automatic(mail),
        newsletter=bool(mail.get("List-Unsubscribe") or mail.get("List-Id")),
    )


def _is_automatic(mail: Message) -> bool:
    """RFC 3834, and what was used before it; a bounce has an empty return path."""
    submitted = header(mail, "Auto-Submitted", 100).partition(";")[0].strip().lower()
    precedence = header(mail, "Precedence", 100).strip().lower()
    return (
        submitted not in ("", "no")
        or precedence in _NOBODY_ANSWERS
        or header(mail, "Return-Path", 100).strip() == "<>"
        or bool(mail.get("X-Autoreply") or mail.get("X-Autorespond"))
        or mail.get_content_type() == "multipart/report"
    )


def _line(people: list[tuple[str, str]]) -> str:
    """Addresses as people read them, ten of them."""
    shown = [f"{name} <{address}>" if name else address for name, address in people[:10]]
    more = len(people) - len(shown)
    return ", ".join(shown) + (f" +{more}" if more > 0 else "")
