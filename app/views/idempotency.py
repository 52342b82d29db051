"""``Idempotency-Key``: a repeated POST to /api/v1 answers like the first one, and acts once.

The key is claimed by a conditional insert of its own. APIs that store their answer inside the service's transaction
(:func:`store`) act exactly once even if the process dies in between; for others the answer is stored right after.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from dataclasses import dataclass

from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_jwt_extended import current_user as token_user
from flask_jwt_extended import verify_jwt_in_request
from flask_login import current_user
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.idempotency import IdempotencyKey
from app.views.errors import problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY_MAX = 200
# After this a request without an answer counts as dead (transactions end after 20 s) and may be made again.
ABANDONED = dt.timedelta(seconds=60)
# How long a repeat waits for the first request, and how often it looks.
WAIT_SECONDS = 8.0
ASK_AGAIN_SECONDS = 0.05
# These say nothing about the request itself, so trying again with the same key must be possible.
NOT_KEPT = frozenset({401, 403, 408, 429})


@dataclass(frozen=True, slots=True)
class Claim:
    """This request is the first one with its key."""

    user_id: int
    key: str


def init_app(app: Flask) -> None:
    """Watch the POSTs to /api/v1."""
    app.before_request(_begin)
    app.after_request(_finish)


def store(response: Response) -> None:
    """Store the answer inside the caller's transaction: then effect and answer exist together or not at all."""
    claim: Claim | None = g.get("idempotency_claim")
    if claim is None:
        return
    db.session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.user_id == claim.user_id, IdempotencyKey.key == claim.key)
        .values(status=response.status_code, body=response.get_data())
    )
    g.idempotency_stored = True


def _begin() -> ResponseReturnValue | None:
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or not request.path.startswith("/api/v1/"):
        return None
    if request.path.startswith("/api/v1/security/"):
        return None
    user_id = _user_id()
    if user_id is None:
        return None  # the API itself answers 401
    if not 0 < len(key) <= KEY_MAX or not key.isprintable():
        return problem("invalid", f"{HEADER}: 1 to {KEY_MAX} printable characters are needed", 400)
    try:
        return _claim(Claim(user_id, key))
    except UserError as error:
        return problem(error.code, error.message, error.status, error.field)


def _user_id() -> int | None:
    """Who asks, by session, API key or token: found out here, since the repeat must not reach the API at all."""
    if current_user.is_authenticated:
        return int(current_user.id)
    manager = current_app.extensions["appbuilder"].sm
    api_key = manager.extract_api_key_from_request() if current_app.config.get("FAB_API_KEY_ENABLED") else None
    if api_key is not None:
        user = manager.validate_api_key(api_key)
        return int(user.id) if user else None
    if verify_jwt_in_request(optional=True) is None:
        return None
    return int(token_user.id)


def _claim(claim: Claim) -> Response | None:
    """Claim the key, or answer like its first request: waiting for that one's end, if it is still worked on."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        claimed, answer = _try_claim(claim)
        if claimed:
            g.idempotency_claim = claim
        if claimed or answer is not None:
            return answer
        if time.monotonic() >= deadline:
            raise Conflict("in_progress", "The first request with this key is still being worked on")
        db.session.rollback()  # who waits keeps no connection
        time.sleep(ASK_AGAIN_SECONDS)


def _try_claim(claim: Claim) -> tuple[bool, Response | None]:
    """Return whether the key is this request's, else the first one's answer, None while there is none yet."""
    now, fingerprint = clock.now(), _fingerprint()
    mine = (IdempotencyKey.user_id == claim.user_id, IdempotencyKey.key == claim.key)
    # Its own short transaction: a concurrent repeat sees the claim at once.
    with db.engine.begin() as connection:
        claimed = connection.execute(
            insert(IdempotencyKey)
            .values(user_id=claim.user_id, key=claim.key, fingerprint=fingerprint, created_at=now)
            .on_conflict_do_nothing()
            .returning(IdempotencyKey.key)
        ).first()
        if claimed is not None:
            return True, None
        first = connection.execute(
            select(IdempotencyKey.fingerprint, IdempotencyKey.status, IdempotencyKey.body).where(*mine)
        ).first()
        if first is None:
            return False, None  # it has just ended without an answer to keep: the key is free
        if first.fingerprint != fingerprint:
            raise UserError("key_reused", "This key belongs to another request", status=422)
        if first.status is not None:
            return False, _replay(first.status, first.body)
        taken_over = connection.execute(
            update(IdempotencyKey)
            .where(*mine, IdempotencyKey.status.is_(None), IdempotencyKey.created_at < now - ABANDONED)
            .values(created_at=now)
            .returning(IdempotencyKey.key)
        ).first()
        return taken_over is not None, None


def _fingerprint() -> str:
    parts = (request.method, request.full_path, request.mimetype)
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + request.get_data(cache=True)).hexdigest()


def _replay(status: int, body: bytes | None) -> Response:
    response = Response(body or b"", status, mimetype="application/json")
    response.headers[REPLAYED] = "true"
    return response


def _finish(response: Response) -> Response:
    claim: Claim | None = g.pop("idempotency_claim", None)
    if claim is None or (g.pop("idempotency_stored", False) and response.status_code < 500):
        return response
    mine = (IdempotencyKey.user_id == claim.user_id, IdempotencyKey.key == claim.key, IdempotencyKey.status.is_(None))
    with db.engine.begin() as connection:
        if response.status_code >= 500 or response.status_code in NOT_KEPT or not response.is_json:
            connection.execute(delete(IdempotencyKey).where(*mine))
        else:
            values = {"status": response.status_code, "body": response.get_data()}
            connection.execute(update(IdempotencyKey).where(*mine).values(values))
    return response
