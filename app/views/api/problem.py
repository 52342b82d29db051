"""How API methods read a request, and answer what a person did wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from app.errors import UserError
from app.extensions import db
from app.services.chats import drafts

P = ParamSpec("P")


def problems(method: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Answer a UserError as ``{"error": {code, message, field?}}`` with its status; nothing of the request is kept."""

    @wraps(method)
    def answer(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        try:
            return method(*args, **kwargs)
        except UserError as error:
            db.session.rollback()
            return jsonify(error.as_json()), error.status

    return answer


def json_object() -> dict[str, Any]:
    """Return the request's JSON object. Raises UserError (400) for anything else."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise UserError("invalid_json", "A JSON object is needed", status=400)
    return cast(dict[str, Any], body)


def number(name: str, largest: int = drafts.LARGEST_ID, least: int = 0) -> int | None:
    """Return a number of the query, None where it is not given. Raises UserError (400)."""
    value = request.args.get(name)
    if value is None or value == "":
        return None
    if not (value.isascii() and value.isdigit()) or len(value) > 19 or not least <= int(value) <= largest:
        asked = f"A number from {least} to {largest} is needed" if least else "A number is needed"
        raise UserError("invalid", asked, name, 400)
    return int(value)


def uploaded_file() -> Any:
    """Return the request's file. Raises UserError on ``file``."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise UserError("required", "Choose a file", "file", 400)
    return upload
