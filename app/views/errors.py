"""Error pages for people, problem JSON for programs: ``{"error": {"code", "message", "field"?}}``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy import exc
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, ServiceUnavailable

from app.errors import UserError
from app.logs import logged_path

log = logging.getLogger(__name__)
T = TypeVar("T")

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "server_error",
    503: "unavailable",
}
# Pages with a text of their own; every other status shows errors/error.html with the exception's description.
OWN_PAGES = (403, 404, 429)
# No connection is free or to be had, or a statement was ended in favour of another one: trying again may work.
BUSY = (exc.TimeoutError, exc.OperationalError)
RETRY_AFTER_SECONDS = 5
JSON_PREFIXES = ("/api/", "/hooks/", "/widget/api/", "/test/")


def init_errors(app: Flask) -> None:
    """Register the handlers. FAB's own ``{"message": …}`` answers below /api are turned into the same shape."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(UserError, _user_error)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_problem_json)


def or_404(find: Callable[[], T]) -> T:
    """Return what a service finds for a page; 404 where it refuses."""
    try:
        return find()
    except UserError:
        abort(404)


def wants_json() -> bool:
    """Whether the request comes from a program: by its path, or because it asks for JSON rather than a page."""
    accepted = request.accept_mimetypes
    return request.path.startswith(JSON_PREFIXES) or (
        accepted["application/json"] > accepted["text/html"] and request.method != "HEAD"
    )


def problem(code: str, message: str, status: int, field: str | None = None) -> Response:
    """Return problem JSON with its status."""
    response = jsonify(UserError(code, message, field).as_json())
    response.status_code = status
    return response


def _http_error(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    headers = [(name, value) for name, value in error.get_headers() if name in ("Retry-After", "Allow")]
    message = str(error.description)
    if isinstance(error, RateLimitExceeded):
        headers.append(("Retry-After", str(error.limit.limit.get_expiry())))
        message = gettext("Too many tries; wait a little, then try again")
    if wants_json():
        response = problem(CODES.get(status, "error"), message, status)
    elif isinstance(error, CSRFError):
        response = Response(_page(status, gettext("That was not sent"), _form_refused(message)), status)
    else:
        response = Response(_page(status, error.name, message), status)
    response.headers.extend(headers)
    return response


def _form_refused(reason: str) -> str:
    if "referrer does not match" in reason:
        # With TLS in front Flask-WTF compares the page that sent the form with the host that the proxy names.
        log.warning(
            "a form of a page at %s was sent to %s: what is the proxy's Host header?", request.referrer, request.host
        )
        return gettext(
            "This server is called otherwise here than in your browser: see docs/deploy.md, “In front of it”."
        )
    return gettext("The page was too old for it. Go back, reload the page, then send it again.")


def _user_error(error: UserError) -> ResponseReturnValue:
    if wants_json():
        response = jsonify(error.as_json())
        response.status_code = error.status
        return response
    if error.code == "deactivated":
        # The page's own person was put out just now: the sign-in page says why, and whom to ask.
        return redirect(url_for("LoginView.login"))
    return Response(_page(error.status, gettext("That did not work"), error.message), error.status)


def _unexpected(error: Exception) -> ResponseReturnValue:
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return _http_error(BadRequest(gettext("A text holds half a character, which cannot be stored")))
    if isinstance(error, UnicodeDecodeError) and error.object == request.query_string:
        return _http_error(BadRequest(gettext("The address holds bytes that are no text")))
    log.error("unexpected error in %s %s", request.method, logged_path(), exc_info=error)
    if isinstance(error, BUSY):
        busy = gettext("The database has no time at the moment; try again in a few seconds.")
        return _http_error(ServiceUnavailable(busy, retry_after=RETRY_AFTER_SECONDS))
    if wants_json():
        return problem("server_error", gettext("Something went wrong on our side."), 500)
    return Response(_page(500, InternalServerError().name, ""), 500)


def _page(status: int, title: str, message: str) -> str:
    if status >= 500:
        # Nothing that needs the database: it may be what failed.
        return render_template("errors/500.html", status=status)
    if "user" not in g:
        g.user = None
    name = f"errors/{status}.html" if status in OWN_PAGES else "errors/error.html"
    return render_template(name, status=status, title=title, message=message)


def _problem_json(response: Response) -> Response:
    if response.status_code < 400 or not request.path.startswith(JSON_PREFIXES) or not response.is_json:
        return response
    payload = response.get_json(silent=True)
    if isinstance(payload, dict) and isinstance(payload.get("error"), dict):
        if (seconds := payload["error"].get("retry_after_seconds")) is not None:
            response.headers["Retry-After"] = str(seconds)
        return response
    if not request.path.startswith("/api/"):
        return response
    if isinstance(payload, dict) and "error" not in payload:
        message, field = _first_message(payload.get("message") or payload.get("msg") or payload.get("errors"))
        status = response.status_code
        response.set_data(jsonify(UserError(CODES.get(status, "error"), message, field).as_json()).get_data())
    return response


def _first_message(message: Any) -> tuple[str, str | None]:
    """Return text and field of FAB's answer: a text, or marshmallow's ``{"field": ["text", …]}``."""
    field = None
    while isinstance(message, (dict, list)) and message:
        if isinstance(message, dict):
            key, message = next(iter(message.items()))
            field = field or (str(key) if key != "_schema" else None)
        else:
            message = message[0]
    return (str(message) if message else gettext("The request was refused.")), field
