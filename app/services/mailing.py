"""The links of mails and pushes: each leads to one notice's subject and marks it read, for its owner only."""

from __future__ import annotations

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer


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
