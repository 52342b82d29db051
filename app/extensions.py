"""Flask extensions, created unbound; ``create_app`` binds them."""

from __future__ import annotations

from typing import Any, cast

import redis
from flask import Flask, current_app, request, session
from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_migrate import Migrate
from flask_socketio import SocketIO
from flask_wtf.csrf import CSRFProtect

from app import pool
from app.pubsub import PatientRedisManager

# Must be set before FAB's security models are imported, so that their constraints are named too.
Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

assert pool  # its listeners are bound by importing it

# One metadata for FAB's tables and ours: Alembic then owns them all.
db = SQLA(metadata=Model.metadata)
migrate = Migrate(compare_type=True)
socketio = SocketIO()

REDIS_TIMEOUT_SECONDS = 1.0


class BearerAwareCSRF(CSRFProtect):
    """CSRF for cookies only: a call of the API without a signed-in session cannot be forged by a page.

    Nor has it any rights without a token: whoever forgot that is told so, 401, and not about a form's field.
    """

    def protect(self, *args: Any, **kwargs: Any) -> None:
        # Not the cookie's mere presence: programs keep cookies too, and a session of nobody gives no rights.
        if "_user_id" not in session and (
            request.path.startswith("/api/") or request.headers.get("Authorization", "").lower().startswith("bearer ")
        ):
            return
        super().protect(*args, **kwargs)


csrf = BearerAwareCSRF()


def redis_client() -> redis.Redis:
    """Return this app's Redis client: 1 s timeouts and no retries, so that a dead Redis cannot hang a page."""
    return cast(redis.Redis, current_app.extensions["redis"])


def init_redis(app: Flask) -> None:
    """Bind the shared client; nothing is connected before its first use."""
    app.extensions["redis"] = redis.Redis.from_url(
        app.config["REDIS_URL"],
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=None,
        health_check_interval=30,
    )


def init_socketio(app: Flask) -> None:
    """Bind Socket.IO with Redis between processes; also used by workers and the beat, which only emit.

    WebSocket transport only, so no proxy needs sticky sessions.
    """
    socketio.init_app(
        app,
        client_manager=PatientRedisManager(app.config["REDIS_URL"]),
        async_mode=app.config.get("SOCKETIO_ASYNC_MODE", "threading"),
        transports=["websocket"],
        cors_allowed_origins=app.config["ALLOWED_ORIGINS"],
        manage_session=False,
        max_http_buffer_size=256 * 1024,
        ping_interval=20,
        ping_timeout=20,
    )
