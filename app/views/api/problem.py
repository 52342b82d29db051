"""How API methods read bodies and answer what a person did wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, cast

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from app.errors import UserError
from app.extensions import db

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
