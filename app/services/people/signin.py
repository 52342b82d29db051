"""Signing in with name and password: who it is, or why not."""

from __future__ import annotations

import hashlib
import logging

from flask import current_app
from redis.exceptions import RedisError
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import joinedload

from app import clock
from app.errors import UserError
from app.extensions import db, redis_client
from app.models.people import Group, User, full_name
from app.services import audience
from app.services.people import passwords

log = logging.getLogger(__name__)

# A timed lock and no deactivation: otherwise anybody could put a colleague out of action for good.
FAILURES_UNTIL_LOCK = 10
LOCK_SECONDS = 15 * 60

_WRONG = "User name and password do not match."


def authenticate(username: str, password: str) -> User:
    """Return the person. Raises UserError: ``locked`` (429), ``wrong_login`` (401), ``deactivated`` (403).

    Only who knows the password learns that the account is deactivated. Works without Redis, then without the lock.
    """
    username = " ".join(username.split())
    failures = check_failures(username, "password")
    user = _find(username)
    if not passwords.matches(user.password if user else None, password) or user is None:
        count_failure(username)
        raise UserError("wrong_login", _WRONG, "password", 401)
    if not user.active:
        raise UserError("deactivated", why_out(user), "username", 403)
    if failures:
        forget_failures_of(username)
    now = clock.now().replace(tzinfo=None)  # FAB's column has no zone; it is UTC everywhere
    db.session.execute(
        update(User)
        .where(User.id == user.id)
        .values(last_login=now, login_count=func.coalesce(User.login_count, 0) + 1, fail_login_count=0)
        .execution_options(synchronize_session=False)
    )
    return user


def check_failures(name: str, field: str) -> int:
    """Return how often trying under this name has failed lately. Raises UserError (429) for too often."""
    failures = _failures(name)
    if failures >= FAILURES_UNTIL_LOCK:
        minutes = LOCK_SECONDS // 60
        words = f"Too many failed attempts. Try again in {minutes} minutes, or ask an admin."
        raise UserError("locked", words, field, 429)
    return failures


def why_out(user: User) -> str:
    """Say why somebody cannot sign in any more, and whom to ask. Only for who proved to be that person."""
    rows = db.session.scalars(select(User).where(User.id.in_(audience.admins())).order_by(User.sort_key).limit(3)).all()
    admins = ", ".join(f"{full_name(admin)} ({admin.email})" for admin in rows)
    reason = f" Reason: {user.deactivated_reason}." if user.deactivated_reason else ""
    return f"Your account is deactivated.{reason} Ask an admin of your account{f': {admins}' if admins else ''}."


def why_session_ended(user_id: object) -> str:
    """Return :func:`why_out` for the person of an old session who is deactivated, else an empty text."""
    user = db.session.get(User, int(user_id)) if isinstance(user_id, str) and user_id.isdigit() else None
    return why_out(user) if user is not None and not user.active else ""


def forget_failures(user: User) -> None:
    """End the lock of a person, for an admin who has set a new password."""
    for name in (user.username, user.email):
        forget_failures_of(name)


def _find(username: str) -> User | None:
    if not username or "\x00" in username:
        return None
    statement = (
        select(User)
        .where(or_(User.username == username, User.email == username))
        .order_by((User.username == username).desc())
        .options(joinedload(User.roles), joinedload(User.groups).joinedload(Group.roles))
    )
    return db.session.scalars(statement).unique().first()


def _key(username: str) -> str:
    return f"frontdesk:login-failures:{hashlib.sha256(username.casefold().encode()).hexdigest()[:32]}"


def _failures(username: str) -> int:
    if not current_app.config.get("RATE_LIMITS", True):
        return 0
    try:
        return int(redis_client().get(_key(username)) or 0)  # type: ignore[arg-type]
    except (RedisError, OSError) as error:
        log.warning("login failures are not counted: %s", error)
        return 0


def count_failure(username: str) -> None:
    """Note a failed try."""
    if not current_app.config.get("RATE_LIMITS", True):
        return
    try:
        with redis_client().pipeline() as pipe:
            pipe.incr(_key(username))
            pipe.expire(_key(username), LOCK_SECONDS)
            pipe.execute()
    except (RedisError, OSError) as error:
        log.warning("login failures are not counted: %s", error)


def forget_failures_of(username: str) -> None:
    """Begin to count anew."""
    try:
        redis_client().delete(_key(username))
    except (RedisError, OSError) as error:
        log.warning("login failures are not forgotten: %s", error)
