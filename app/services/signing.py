"""Tokens that leave the house and come back: everybody can read them, and only we can have made them."""

from __future__ import annotations

from typing import Any

from flask import current_app
from itsdangerous import URLSafeSerializer


def dumps(value: object, salt: str) -> str:
    """Return a token of what JSON can say. One salt a purpose: no token passes for one of another purpose."""
    return str(_serializer(salt).dumps(value))


def loads(token: str, salt: str) -> Any:
    """Return what a token says. Raises itsdangerous.BadSignature for one that is not ours."""
    return _serializer(salt).loads(token)


def _serializer(salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=salt)
