"""Test mode: ``POST /test/clock`` moves the clock of all processes. Outside it the address answers 404."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from flask import Flask, Response, abort, jsonify, request

from app import clock
from app.extensions import csrf


def init_app(app: Flask) -> None:
    """Let the clock follow the shared offset, in test mode only, and register the address."""
    enabled = bool(app.config["FRONTDESK_TEST"])
    clock.use_offset_file(Path(app.config["DATA_DIR"]) / "test-clock.json" if enabled else None)
    app.add_url_rule("/test/clock", "test_clock", csrf.exempt(_set_clock), methods=["POST"])


def _set_clock() -> tuple[Response, int] | Response:
    from flask import current_app

    if not current_app.config["FRONTDESK_TEST"]:
        abort(404)
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or "now" not in body:
        message = 'Send {"now": ISO 8601 or null}'
        return jsonify({"error": {"code": "invalid", "message": message, "field": "now"}}), 400
    moment = None
    if body["now"] is not None:
        try:
            moment = dt.datetime.fromisoformat(str(body["now"]))
        except ValueError:
            moment = None
        if moment is None:
            message = "An ISO 8601 moment is needed; without an offset it is UTC"
            return jsonify({"error": {"code": "invalid", "message": message, "field": "now"}}), 400
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    clock.set_test_now(moment)
    return jsonify({"now": clock.now().isoformat()})
