"""What a mail says, once it is read: what integrations hand over, and services take in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Problem(StrEnum):
    """Why a mail is not shown as it was sent."""

    # Larger than what is read: its beginning only.
    TOO_LARGE = "too_large"
    # Its text or its parts were too many.
    CUT = "cut"
    # Built so that nothing can be made of it.
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file of a mail, as it came; its name is anything. ``content_id``: by what the mail's HTML shows it."""

    name: str
    content: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail server says of a mail that it could not deliver (RFC 3464).

    ``proof`` is what we had put into the mail, where the server returned its head.
    """

    recipient: str
    status: str
    reason: str
    message_id: str
    proof: str = ""


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """One mail. Addresses are plain, texts without characters that cannot be stored."""

    uid: int
    fingerprint: str
    received_at: dt.datetime
    size: int = 0
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    from_name: str = ""
    from_address: str = ""
    reply_to: str | None = None
    to_line: str = ""
    to_addresses: tuple[str, ...] = ()
    cc_line: str = ""
    subject: str = ""
    body: str = ""
    html: str | None = None
    files: tuple[IncomingFile, ...] = ()
    automatic: bool = False
    """A program wrote it by itself (RFC 3834), or to many at once."""
    newsletter: bool = False
    """One can unsubscribe from it: no client."""
    bounce: Bounce | None = None
    problem: Problem | None = None
