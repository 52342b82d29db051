"""How the database keeps secrets: those of other programs encrypted, tokens of ours as a hash to find them by.

ENCRYPTION_KEY may name several keys; the first is the newest."""

from __future__ import annotations

import hashlib

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


def hash_of(token: str) -> str:
    """Return how a token of ours is kept: it has 192 random bits or more, so a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _keys() -> MultiFernet:
    keys = str(current_app.config["ENCRYPTION_KEY"]).split(",")
    return MultiFernet([Fernet(key.strip().encode()) for key in keys if key.strip()])
