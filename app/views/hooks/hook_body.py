"""What all addresses for strangers share: how much a sender may say at once, and how its JSON is read."""

from __future__ import annotations

from typing import Any

from flask import json, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import UserError

TOO_LARGE = "This is more than is taken here"


def limited_body(most_bytes: int) -> bytes:
    """Return the request's body. Raises RequestEntityTooLarge, without reading on."""
    request.max_content_length = most_bytes
    if request.content_length is not None and request.content_length > most_bytes:
        raise RequestEntityTooLarge(TOO_LARGE)
    return request.get_data()


def json_of(body: bytes) -> Any:
    """Return what the JSON says. Raises UserError (400) for what is none, nested too deeply or no Unicode."""
    try:
        return json.loads(body.decode("utf-8"))  # as strictly as all requests are read
    except ValueError:
        raise UserError("invalid_json", "JSON is expected", status=400) from None
