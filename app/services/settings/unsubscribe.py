"""One-click unsubscribe (RFC 8058): signed links that need no login, one per person and kind of news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.catalogue import OFF, Channel, Mail
from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.services import labels, signing
from app.services.settings import matrix

DIGEST = "digest"
UNDO_SECONDS = 7 * 24 * 3600
# No expiry: a mail can be found again after years, and its link must still work.
_SALT = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Link:
    """What a link stops: a row of the matrix for one person, or the person's digest."""

    user: User
    row: str

    @property
    def label(self) -> str:
        """Return what the row is called."""
        return labels.row_label(self.row)


def url_for_row(user_id: int, row: str) -> str:
    """Return the link that stops mails of one kind."""
    return f"{current_app.config['PUBLIC_URL']}/unsubscribe/{signing.dumps([user_id, row], _SALT)}"


def url_for_digest(user_id: int) -> str:
    """Return the link that stops the digest."""
    return url_for_row(user_id, DIGEST)


def read(token: str) -> Link:
    """Return what a link is for. Raises UserError (404) for one that is not ours, or whose person is gone."""
    try:
        user_id, row = signing.loads(token, _SALT)
    except (BadSignature, ValueError, TypeError):
        raise _broken() from None
    user = db.session.get(User, int(user_id))
    if user is None or not user.active or (row != DIGEST and row not in labels.ROWS):
        raise _broken()
    return Link(user, str(row))


def stop(link: Link) -> str:
    """Switch the mails off and return the token that undoes it. Raises UserError where an admin requires them."""
    rows = _rows_of(link)
    before = {row: matrix.own_value(link.user.id, row, Channel.EMAIL) for row in rows}
    for row in rows:
        matrix.set_cell(link.user, row, Channel.EMAIL, OFF)
    return str(_undos().dumps([link.user.id, link.row, before]))


def undo(link: Link, token: str) -> None:
    """Put back what :func:`stop` changed. Raises UserError for a token that is old or not of this link."""
    try:
        user_id, row, before = _undos().loads(token, max_age=UNDO_SECONDS)
    except (BadSignature, ValueError, TypeError):
        raise _broken() from None
    if [user_id, row] != [link.user.id, link.row]:
        raise _broken()
    values: Mapping[str, Any] = before
    for changed, value in values.items():
        if value is None:
            matrix.forget_cell(link.user.id, changed, Channel.EMAIL)
        else:
            matrix.set_cell(link.user, changed, Channel.EMAIL, value)


def _rows_of(link: Link) -> list[str]:
    if link.row != DIGEST:
        return [link.row]
    shown = matrix.of_user(link.user)
    return [row.key for row in shown if row.value(Channel.EMAIL) == Mail.DIGEST and not row.locked(Channel.EMAIL)]


def _broken() -> UserError:
    return UserError("invalid_link", "This link is not valid", status=404)


def _undos() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="unsubscribe-undo")
