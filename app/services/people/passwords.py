"""Passwords: what a good one is, hashing and checking (both off the hub)."""

from __future__ import annotations

from werkzeug.security import check_password_hash, generate_password_hash

from app.errors import UserError
from app.offload import offload

SHORTEST = 10
# A longer one would only make the hash slow.
LONGEST = 200
COMMON = frozenset(
    (
        "password12",
        "password123",
        "passwort123",
        "1234567890",
        "0123456789",
        "qwertyuiop",
        "qwertzuiop",
        "administrator",
    )
)
# Of a password nobody knows: checked for unknown names, so that they take as long as known ones.
_NOBODY = (
    "scrypt:32768:8:1$wiDa0ruWlIPhp9LM$6e409d093e62ad54df2af895d0e125b05ff6cf64148350189ffc4bcc71286edf1b8ad94a442c00f8"
    "90224bf2b32153d0750c89ee9401e62f9dcee5399065e4e5"
)


def check_quality(password: object, *names: str | None, field: str = "password") -> str:
    """Return the password, or raise UserError: NIST SP 800-63B's length over composition, and nothing well known."""
    if not isinstance(password, str) or not password:
        raise UserError("required", "A password is needed", field)
    if len(password) < SHORTEST:
        raise UserError("too_short", f"At least {SHORTEST} characters are needed", field)
    if len(password) > LONGEST:
        raise UserError("too_long", f"At most {LONGEST} characters", field)
    folded = password.casefold()
    if folded in COMMON or len(set(folded)) < 4 or folded in {name.casefold() for name in names if name}:
        raise UserError("too_common", "This password is too easy to guess", field)
    return password


def hashed(password: str) -> str:
    """Return the hash to store."""
    return offload(generate_password_hash, password)


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; without one, as slow and always no."""
    right = offload(check_password_hash, stored or _NOBODY, password[: LONGEST + 1])
    return right and bool(stored)
