"""The links of mails and pushes: each leads to one notice's subject and marks it read, for its owner only."""

from __future__ import annotations

from itsdangerous import BadSignature

from app.services import signing

_SALT = "notice-link"


def link_token(notification_id: int) -> str:
    """Return the token of a mail's link: following it marks the item read, for its owner only."""
    return signing.dumps(notification_id, _SALT)


def notification_of(token: str) -> int | None:
    """Return the notification that a link's token names, or None for a token that is not ours."""
    try:
        return int(signing.loads(token, _SALT))
    except (BadSignature, ValueError, TypeError):
        return None
