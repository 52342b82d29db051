"""What all addresses for strangers share: how much a sender may say at once, how its JSON is read and answered."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import json, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app.errors import UserError
from app.extensions import db

TOO_LARGE = "This is more than is taken here"


def answers(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Turn a UserError into problem JSON, and end the transaction."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        try:
            return view(*args, **kwargs)
        except UserError as error:
            return jsonify(error.as_json()), error.status
        finally:
            db.session.rollback()

    return answer


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
