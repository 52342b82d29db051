"""Log lines: JSON for machines, one short line for a terminal; with the ids of requests and deliveries.

Nothing here writes bodies, query strings, headers or form fields, so no message text and no secret gets into a log.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from flask import Flask, Response, g, request
from flask.globals import request_ctx
from werkzeug.exceptions import MethodNotAllowed

_ids: ContextVar[Mapping[str, Any]] = ContextVar("log_ids", default=MappingProxyType({}))
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
# Asked every few seconds by probes; a line for each would drown the rest.
_QUIET_PATHS = ("/healthz", "/readyz", "/metrics", "/assets/", "/static/")
_URL_PASSWORD = re.compile(r"(\w+://[^:/\s]*:)[^@/\s]+@")


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "pid": record.process,
            "logger": record.name,
            "message": hide_secrets(record.getMessage()),
            **_ids.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = hide_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """One short line for a person at a terminal."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f" {record.levelname}"
        ids = " ".join(f"{name}={value}" for name, value in {**_ids.get(), **getattr(record, "fields", {})}.items())
        line = f"{at} {self._process}{level} {hide_secrets(record.getMessage())}{f'  ({ids})' if ids else ''}"
        if record.exc_info:
            line += "\n" + hide_secrets(self.formatException(record.exc_info))
        return line


def hide_secrets(text: str) -> str:
    """Drops the password from any `scheme://user:password@host` in a text, as database errors may hold one."""
    return _URL_PASSWORD.sub(r"\1…@", text)


def configure(settings: Mapping[str, Any], process: str) -> None:
    """Sends every logger of this process to standard error in the chosen form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter((JsonLines if settings["LOG_FORMAT"] == "json" else TextLines)(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings["LOG_LEVEL"].upper())
    # These bring handlers of their own, or (RQ) do not hand their lines up.
    for name in ("gunicorn.error", "gunicorn.access", "rq", "rq.worker", "rq.scheduler", "werkzeug", "flask-limiter"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    # One line per job, command and migration step says nothing a person needs.
    quiet = ("rq", "rq.worker", "alembic", "engineio", "socketio", "flask_appbuilder", "werkzeug", "fontTools", "fpdf")
    for name in quiet:
        if logging.getLogger(name).level == logging.NOTSET or settings["LOG_LEVEL"] != "debug":
            logging.getLogger(name).setLevel(logging.WARNING)


def init_app(app: Flask) -> None:
    """Gives every request an id, which its log lines and its answer carry."""
    log = logging.getLogger("app.request")

    @app.before_request
    def start() -> None:
        given = request.headers.get("X-Request-ID", "")
        trusted = app.config["TRUSTED_PROXIES"] and _REQUEST_ID.match(given)
        g.request_id = given if trusted else secrets.token_hex(8)
        g.request_started = time.monotonic()
        g.log_token = _ids.set({"request": g.request_id})

    @app.after_request
    def finish(response: Response) -> Response:
        if "request_id" not in g:
            return response
        response.headers["X-Request-ID"] = g.request_id
        if not request.path.startswith(_QUIET_PATHS):
            took_ms = round((time.monotonic() - g.request_started) * 1000)
            log.info(
                "%s %s %s", request.method, logged_path(), response.status_code, extra={"fields": {"took_ms": took_ms}}
            )
        return response

    @app.teardown_request
    def forget(_: BaseException | None) -> None:
        if token := g.pop("log_token", None):
            try:
                _ids.reset(token)
            except ValueError:
                # A streamed answer is finished in another context; that one ends with the request anyway.
                _ids.set({})


def logged_path() -> str:
    """Return the request's path without what proves something by itself: routes call such a part ``token``."""
    token = _arguments().get("token")
    return request.path.replace(str(token), "…") if token else request.path


def _arguments() -> Mapping[str, Any]:
    refused, addresses = request.routing_exception, request_ctx.url_adapter
    if addresses and isinstance(refused, MethodNotAllowed) and refused.valid_methods:
        # Who asks by a wrong method has the token all the same.
        return addresses.match(method=next(iter(refused.valid_methods)))[1]
    return request.view_args or {}


def process_name() -> str:
    """What run.py called this process, for its log lines."""
    return os.environ.get("FRONTDESK_PROCESS_NAME", "frontdesk")
