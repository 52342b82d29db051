"""From a claimed delivery to the message that its channel sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from app.channels.base import Message
from app.services.render import email_message


class Sendable(Protocol):
    """What a message is made from; ``services/delivery.Claimed`` is one."""

    @property
    def id(self) -> int: ...
    @property
    def zone(self) -> str | None: ...
    @property
    def notification_id(self) -> int | None: ...
    @property
    def event_tag(self) -> str | None: ...
    @property
    def rule(self) -> str | None: ...
    @property
    def event_data(self) -> Mapping[str, Any] | None: ...


class Reader:
    """The zone that a message speaks in."""

    def __init__(self, zone: str | None) -> None:
        self.zone = zone or "UTC"


def message_of(delivery: Sendable) -> Message:
    """Word a delivery of one notice. Raises KeyError for a kind without words."""
    data = {**(delivery.event_data or {}), "link": f"/go/{link_token(int(delivery.notification_id or 0))}"}
    return email_message(str(delivery.event_tag), str(delivery.rule), data, Reader(delivery.zone), delivery)


def link_token(notification_id: int) -> str:
    """Return the token of a mail's link: following it marks the item read, for its owner only."""
    return str(_serializer().dumps(notification_id))


def notification_of(token: str) -> int | None:
    """Return the notification that a link's token names, or None for a token that is not ours."""
    try:
        return int(_serializer().loads(token))
    except (BadSignature, ValueError, TypeError):
        return None


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="notice-link")
