"""Signing in with a second step: codes of an authenticator app (RFC 6238), each once, and recovery codes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

import pyotp
from flask_babel import gettext
from sqlalchemy import delete, func, select, update

from app import clock
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.people import User, full_name
from app.models.two_step import RecoveryCode, TwoStep
from app.services import sealed
from app.services.people import passwords, people, signin

ISSUER = "Frontdesk"
STEP_SECONDS = 30
# A phone's clock may be half a minute off, either way.
STEPS_OFF = (0, -1, 1)
RECOVERY_CODES = 10
_RECOVERY_BYTES = 5


def is_on(user: User) -> bool:
    """Whether this person signs in with a code too."""
    return db.session.get(TwoStep, user.id) is not None


def state(user: User) -> tuple[TwoStep | None, int]:
    """Return since when it is on, if it is, and how many recovery codes are left."""
    left = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user.id)
    return db.session.get(TwoStep, user.id), db.session.execute(left).scalar_one()


def new_secret() -> str:
    """Return a secret to be shown to its person; nothing is stored before a code of it was entered."""
    return pyotp.random_base32()


def address(user: User, secret: str) -> str:
    """Return what the QR code holds (the key URI format of authenticator apps)."""
    return pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(
        name=user.email or user.username, issuer_name=ISSUER
    )


def turn_on(user: User, secret: str, code: object) -> list[str]:
    """Store the secret once a code shows that the app has it; return the recovery codes, which are shown this once.

    Raises UserError on ``otp``, Conflict where it is on already.
    """
    if is_on(user):
        raise Conflict("already_on", gettext("Two-step sign-in is on already"))
    step = _step_of(secret, _digits(code))
    if step is None:
        raise UserError("wrong_code", gettext("This code is not right. Is the phone's clock?"), "otp")
    db.session.add(TwoStep(user_id=user.id, secret=sealed.seal(secret), last_step=step, since=clock.now()))
    return _new_codes(user)


def renew_codes(user: User, password: object) -> list[str]:
    """Replace the recovery codes. Raises UserError on ``password``."""
    _check_password(user, password)
    return _new_codes(user)


def turn_off(user: User, password: object) -> None:
    """End it for oneself: an unlocked screen must not be enough. Raises UserError on ``password``."""
    _check_password(user, password)
    forget(user)


def reset(actor: User, user: User) -> None:
    """End it for somebody who has lost the phone. Raises Forbidden but for admins, Conflict where it is not on."""
    people.require_admin(actor)
    if not is_on(user):
        raise Conflict("not_on", gettext("%(name)s signs in without a code", name=full_name(user)))
    forget(user)


def forget(user: User) -> None:
    """Remove secret and codes."""
    db.session.execute(delete(TwoStep).where(TwoStep.user_id == user.id))
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def accept(user: User, code: object) -> None:
    """Let a code count, once. Raises UserError on ``otp``: ``locked`` (429) after many wrong ones, else 401.

    Must run inside a transaction(); of two requests with the same code one is refused.
    """
    name = f"code of {user.id}"
    signin.check_failures(name, "otp")
    if not (_accept_app(user, _digits(code)) or _accept_recovery(user, code)):
        signin.count_failure(name)
        raise UserError("wrong_code", gettext("This code is not right, or was used already"), "otp", 401)
    signin.forget_failures_of(name)


def _accept_app(user: User, code: str) -> bool:
    row = db.session.get(TwoStep, user.id)
    try:
        step = _step_of(sealed.opened(row.secret), code) if row is not None else None
    except LookupError:  # encrypted with another key: recovery codes still work
        step = None
    if step is None:
        return False
    used = update(TwoStep).where(TwoStep.user_id == user.id, TwoStep.last_step < step).values(last_step=step)
    return bool(db.session.execute(used.returning(TwoStep.user_id)).first())


def _accept_recovery(user: User, code: object) -> bool:
    wanted = (RecoveryCode.user_id == user.id, RecoveryCode.code_hash == _hash(str(code)))
    return db.session.execute(delete(RecoveryCode).where(*wanted).returning(RecoveryCode.user_id)).first() is not None


def _step_of(secret: str, code: str) -> int | None:
    """Return the 30 seconds that a code is of, or None."""
    now = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    for step in (now + off for off in STEPS_OFF):
        if hmac.compare_digest(totp.generate_otp(step), code):
            return step
    return None


def _new_codes(user: User) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    plain = [secrets.token_hex(_RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash(code)) for code in plain)
    db.session.flush()
    return [f"{code[:5]}-{code[5:]}" for code in plain]


def _hash(code: str) -> str:
    """Forty random bits behind a lock after ten tries need no slow hash."""
    return hashlib.sha256(re.sub(r"[\s-]", "", code).lower().encode("utf-8", "replace")).hexdigest()


def _digits(code: object) -> str:
    cleaned = re.sub(r"[\s-]", "", str(code or ""))
    return cleaned if cleaned.isascii() else ""


def _check_password(user: User, password: object) -> None:
    if not passwords.matches(user.password, str(password or "")):
        raise UserError("wrong_password", gettext("This is not your password"), "password")
