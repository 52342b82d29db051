"""A forgotten password: a mail to the profile's address with a link that works once, for an hour.

Whoever asks hears the same whether there is such a person or not. The link dies with the password it replaces.
Who is added without a password gets such a mail, too, with two weeks' time.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from flask import current_app
from flask_babel import gettext
from itsdangerous import BadSignature
from sqlalchemy import func, or_, select, text

from app import clock
from app.channels.base import Message
from app.errors import Conflict
from app.extensions import db
from app.models.people import User, full_name
from app.services import outbound, signing
from app.services.account import lost_addresses
from app.services.claimed import Claimed
from app.services.people import people, signin
from app.services.render import Headline, letter
from app.transaction import on_commit

PURPOSE = "password"
PATH = "/login/reset"
VALID_FOR = dt.timedelta(hours=1)
WELCOME_VALID_FOR = dt.timedelta(days=14)
# One person is not written to more often, whoever asks.
AGAIN_AFTER = dt.timedelta(minutes=2)
_SALT = "password-reset"

_ASK = text("""
INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, state, not_before, queued_until, data,
                        created_at)
SELECT 'password:' || CAST(:user_id AS int) || ':' || :token_hash, CAST(:purpose AS varchar), 'email', :email,
       CAST(:user_id AS int), 'pending', CAST(:now AS timestamptz), CAST(:leased AS timestamptz),
       jsonb_build_object('token', CAST(:token AS text), 'by', CAST(:by AS text)), CAST(:now AS timestamptz)
WHERE NOT EXISTS (
    SELECT FROM deliveries d
    WHERE d.user_id = CAST(:user_id AS int) AND d.purpose = CAST(:purpose AS varchar) AND d.created_at > :since)
RETURNING id
""")


def ask(name: str) -> None:
    """Mail a link to whoever has this user name or address. Says nothing about who that is. Inside a transaction()."""
    user = _find(" ".join(name.replace("\x00", "").split()))
    if user is None or "@" not in (user.email or "") or lost_addresses.paused_mail(user.email):
        return
    _send(user, VALID_FOR)


def welcome(actor: User, user: User) -> None:
    """Mail a link to somebody whom an admin has just added without a password. Inside a transaction()."""
    _send(user, WELCOME_VALID_FOR, by=full_name(actor))


def _send(user: User, valid_for: dt.timedelta, by: str = "") -> None:
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('password'), :id)"), {"id": user.id})
    now = clock.now()
    token = signing.dumps([user.id, _proof(user), int((now + valid_for).timestamp())], _SALT)
    row = db.session.execute(
        _ASK,
        {
            "user_id": user.id,
            "token": token,
            "by": by,
            "token_hash": hashlib.sha256(token.encode()).hexdigest()[:32],
            "purpose": PURPOSE,
            "email": user.email,
            "now": now,
            "leased": now + outbound.QUEUED_FOR,
            "since": now - AGAIN_AFTER,
        },
    ).scalar()
    if row is not None:
        on_commit(lambda: outbound.enqueue([("email", row)]))


def person_of(token: str) -> User | None:
    """Return whose password a link may set; None for one that is not ours, was used or is too old."""
    try:
        user_id, proof, until = signing.loads(token, _SALT)
        user = db.session.get(User, int(user_id))
    except (BadSignature, ValueError, TypeError):
        return None
    if user is None or not user.active or until < clock.now().timestamp():
        return None
    return user if _proof(user) == proof else None


def use(token: str, password: object) -> User:
    """Set the password; all sessions end. Raises Conflict for a dead link, UserError on ``password``."""
    user = person_of(token)
    if user is None:
        raise Conflict("dead_link", gettext("This link was used already, or is too old. Ask for a new one."))
    db.session.refresh(user, with_for_update={"of": User, "key_share": True})
    if person_of(token) is None:
        raise Conflict("dead_link", gettext("This link was used already, or is too old. Ask for a new one."))
    people.set_password(user, user, password)
    signin.forget_failures(user)
    return user


def refuse(deliveries: Sequence[Claimed]) -> dict[int, str]:
    """Links that are dead already stay in."""
    return {one.id: "taken_back" for one in deliveries if person_of(_token(one)) is None}


def message_of(delivery: Claimed) -> Message:
    """Word the mail."""
    user = db.session.get_one(User, int(delivery.user_id or 0))
    link = f"{current_app.config['PUBLIC_URL']}{PATH}/{_token(delivery)}"
    if by := (delivery.data or {}).get("by"):
        title = gettext("%(name)s invites you to %(account)s", name=by, account=current_app.config["APP_NAME"])
        words = gettext("Your user name is %(username)s. Choose a password, then sign in.", username=user.username)
        line = Headline(title, words, link, "user-plus")
        return letter(delivery, "welcome", PURPOSE, line, days=WELCOME_VALID_FOR.days)
    title = gettext("A new password for %(account)s", account=current_app.config["APP_NAME"])
    words = gettext(
        "Somebody asked for a new password of %(name)s (%(username)s).", name=full_name(user), username=user.username
    )
    return letter(delivery, "password_reset", PURPOSE, Headline(title, words, link, "lock"))


def _token(delivery: Claimed) -> str:
    return str((delivery.data or {}).get("token") or "")


def _find(name: str) -> User | None:
    found = or_(User.username == name, func.lower(User.email) == name.lower())
    rows = db.session.scalars(select(User).where(found, User.active).limit(2)).unique().all()
    return rows[0] if len(rows) == 1 else None


def _proof(user: User) -> str:
    """Changes with the password and with whatever else ends sessions: a used link is a dead one."""
    return hashlib.sha256(f"{user.password}:{user.session_epoch}".encode()).hexdigest()[:24]
