"""Secrets of other programs, encrypted in the database with ENCRYPTION_KEY; the first of several keys is the newest."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app
from flask_babel import lazy_gettext

# For screens, in place of a secret that none of the keys opens.
LOST = lazy_gettext("It was encrypted with another ENCRYPTION_KEY and cannot be read. Delete this and connect it anew")


def seal(secret: str) -> str:
    """Return a secret as it may be stored."""
    return _keys().encrypt(secret.encode()).decode()


def opened(stored: str) -> str:
    """Return the secret. Raises LookupError when none of the keys fits any more."""
    try:
        return _keys().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise LookupError("this secret was encrypted with another key") from None


def _keys() -> MultiFernet:
    keys = str(current_app.config["ENCRYPTION_KEY"]).split(",")
    return MultiFernet([Fernet(key.strip().encode()) for key in keys if key.strip()])
