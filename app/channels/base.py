"""What crosses the border to a channel, and what every channel promises.

A channel turns a `Message` into one send through one provider. It knows no models, users or preferences.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Urgency(StrEnum):
    """How soon a device should be woken; the values of RFC 8030, section 5.3."""

    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A picture inside an HTML mail, referred to as `<img src="cid:{cid}">`."""

    cid: str
    content: bytes
    subtype: str = "png"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a mail; ``type`` is its media type, e.g. `application/pdf`."""

    name: str
    content: bytes
    type: str


@dataclass(frozen=True, slots=True)
class MailServer:
    """The SMTP server of one mailbox; ``security`` is tls, starttls or none, ``public_only`` forbids internal hosts."""

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)
    public_only: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """One piece of news, ready for one person: already in words, in their language and time zone.

    Each channel takes what it can show: mail uses `subject`, `text`, `html`, `headers`, `images`, `attachments` and
    `thread`; push and messengers use `title`, `text`, `url` and `tag`.
    """

    delivery_id: int
    """The delivery's row; becomes the Message-ID, so that a repeated send can be recognised."""
    subject: str
    title: str
    text: str
    html: str = ""
    url: str = ""
    """Absolute address that opens the subject."""
    tag: str = ""
    """The event's tag, e.g. `task:assigned`."""
    thread: str = ""
    """Subject key, e.g. `task:5`; messages with the same key belong together."""
    item: str = ""
    """The item of the center that it is about, e.g. `n:12`: reading it elsewhere closes what a device shows."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further mail headers, e.g. List-Unsubscribe."""
    images: tuple[InlineImage, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    to: tuple[str, ...] = ()
    """Mail addresses beside the one that it is sent to, each seen by all…"""
    cc: tuple[str, ...] = ()
    """… and those that get a copy."""
    urgency: Urgency = Urgency.NORMAL
    closes: tuple[str, ...] = ()
    """Items of the center that were read elsewhere: a device closes what it shows of them, and shows nothing."""
    sender: str = ""
    """Whose mail it is, where it is not the account's own: `Name <address>`."""
    server: MailServer | None = None
    """… and by which server it leaves; None is the account's."""
    closes_until: int = 0
    """… as far as it left before that moment, in milliseconds since 1970."""


class Sender(Protocol):
    """An opened channel: sends many messages one after another over one connection."""

    def send(self, address: str, message: Message) -> str | None:
        """Hand the message to the provider; returning means that it took it.

        The answer is what the provider calls the message, where answers will refer to it.

        :raises TemporarySendError: try again later; with `connection_lost` the rest of the batch would fail as well
        :raises PermanentSendError: this message will never be taken
        :raises AddressGone: nothing sent to this address will ever be taken
        """
        ...


class Channel(Protocol):
    """A way out of the house."""

    @property
    def name(self) -> str:
        """As in deliveries and preferences, e.g. `email`."""
        ...

    def open(self) -> AbstractContextManager[Sender]:
        """A sender for one batch. Opening does not connect yet and does not fail: the first send does."""
        ...
