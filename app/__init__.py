"""Frontdesk: a notifications center for sales and support teams."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Build the application from the environment, updated by ``settings``. Runs no SQL and connects to nothing."""
    import config
    from app import assets, formatting, headers, logs, models, request_reading, security, sockets, testmode, views
    from app.channels import email, telegram
    from app.extensions import csrf, db, init_redis, init_socketio, migrate
    from app.services import live, outbox

    assert models  # all tables are registered before the extensions look at the metadata

    app = Flask(__name__)
    app.config.update(config.load(os.environ))
    app.config.update(settings or {})
    request_reading.init_app(app)
    logs.init_app(app)
    testmode.init_app(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(Path(app.root_path).parent / "migrations"))
    csrf.init_app(app)  # before FAB: its APIs look for the extension when they register
    init_redis(app)
    init_socketio(app)
    email.init_app(app)
    telegram.init_app(app)
    outbox.init_app(app)
    live.init_app(app)
    assets.init_app(app)
    formatting.init_formatting(app)
    headers.init_headers(app)
    security.init_app(app)
    views.init_app(app)
    sockets.init_app(app)
    return app
