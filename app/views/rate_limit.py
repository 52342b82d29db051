"""How fast one program may call /api/v1: by its key or token, before anything is looked up for it."""

from __future__ import annotations

import hashlib

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from app.errors import TooMany
from app.services.buckets import Buckets

# 3,000 calls a minute for long, and two thousand at once: more than a program needs that waits for its answers.
PROGRAMS = Buckets(burst=2000, per_second=50.0)


def init_app(app: Flask) -> None:
    """Watch the calls of programs; people's browsers have a session and no Authorization header."""
    app.before_request(_take)


def _take() -> ResponseReturnValue | None:
    proof = request.headers.get("Authorization")
    if proof is None or not request.path.startswith("/api/v1/"):
        return None
    try:
        PROGRAMS.take(hashlib.sha256(proof.encode("utf-8", "replace")).hexdigest())
    except TooMany as error:
        return jsonify(error.as_json()), error.status
    return None
