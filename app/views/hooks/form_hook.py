"""`/hooks/forms/{token}`: what people write into forms of websites, by a browser's form or by a program."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any, Protocol

from flask import Blueprint, Flask, Response, jsonify, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from app.errors import TooMany, UserError
from app.extensions import csrf, db
from app.integrations import web_forms
from app.models.forms import Form
from app.services.buckets import Buckets
from app.services.clients import form_entries, forms, origins
from app.views import referrer
from app.views.hooks.hook_body import json_of, limited_body

blueprint = Blueprint("form_hook", __name__)

PER_ADDRESS = Buckets(burst=20, per_second=0.2)
PER_FORM = Buckets(burst=200, per_second=5.0)
PAGE_POLICY = "default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'"


class View(Protocol):
    """A view of one form."""

    def __call__(self, token: str) -> ResponseReturnValue: ...


def init_app(app: Flask) -> None:
    """Add the address. A form's token is public; its list of origins and the limits keep others away."""
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)


def answered(view: View) -> View:
    """Turn refusals into a page for people or JSON for programs, readable from the pages that the form is for."""

    @wraps(view)
    def answer(token: str) -> ResponseReturnValue:
        try:
            response = make_response(view(token))
        except UserError as error:
            response = _refusal(error)
        except HTTPException as error:
            response = _refusal(UserError("too_large" if error.code == 413 else "bad_request", str(error.description)))
            response.status_code = error.code or 400
        finally:
            db.session.rollback()
        return _shared(response, token)

    return answer


@blueprint.route("/hooks/forms/<string:token>", methods=["POST"], provide_automatic_options=False)
@answered
def receive(token: str) -> ResponseReturnValue:
    """Take one entry: 200, also for a repeat; 303 to the form's own page of thanks for a browser."""
    PER_ADDRESS.take(f"{request.remote_addr}")
    form = forms.by_token(token)
    PER_FORM.take(token)
    origin = request.headers.get("Origin")
    origins.require(form.allowed_origins, origin, gettext("This form is not meant for that page"))
    entry = web_forms.read(_body(), origin, request.headers.get("Idempotency-Key"))
    thanks, goes_to = form.thanks_text or gettext("Thank you! We will answer soon."), form.redirect_url
    new = form_entries.receive(form, entry)
    if not _for_people():
        return jsonify(ok=True, new=new, thanks=thanks, redirect=goes_to)
    return redirect(goes_to, 303) if goes_to else _page(gettext("Thank you"), thanks)


@blueprint.route("/hooks/forms/<string:token>", methods=["OPTIONS"], provide_automatic_options=False)
@answered
def ask_first(token: str) -> ResponseReturnValue:
    """What browsers ask before a page of another origin sends JSON."""
    form = forms.by_token(token)
    origins.require(form.allowed_origins, request.headers.get("Origin"), "This form is not meant for that page")
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = "POST"
    response.headers["Access-Control-Allow-Headers"] = "Content-Type, Idempotency-Key"
    response.headers["Access-Control-Max-Age"] = "600"
    return response


def _body() -> Mapping[str, Any] | object:
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        request.max_content_length = forms.MAX_BYTES
        request.max_form_parts = 100
        if request.files:
            raise UserError("invalid", "A form takes no files", next(iter(request.files)), 400)
        return {name: values[0] if len(values) == 1 else ", ".join(values) for name, values in request.form.lists()}
    return json_of(limited_body(forms.MAX_BYTES))


def _for_people() -> bool:
    """Browsers that leave the page ask for HTML; scripts and programs take anything."""
    return "text/html" in request.headers.get("Accept", "")


def _refusal(error: UserError) -> Response:
    if _for_people():
        response = _page(gettext("That did not work"), error.message, error.status)
    else:
        response = jsonify(error.as_json())
        response.status_code = error.status
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _page(title: str, words: str, status: int = 200) -> Response:
    """A page of its own, without a word about who is signed in here."""
    from app.headers import csp_nonce

    back = request.referrer if referrer.came_from().scheme in ("http", "https") else None
    response = Response(
        render_template("forms/answer.html", title=title, words=words, back=back, good=status < 400), status
    )
    response.headers["Content-Security-Policy"] = PAGE_POLICY.format(nonce=csp_nonce())
    response.headers["Cache-Control"] = "no-store"
    return response


def _shared(response: Response, token: str) -> Response:
    """Let the pages that the form is for read the answer; no cookie is sent or read."""
    origin = request.headers.get("Origin")
    response.headers["Vary"] = "Origin"
    form = _of_token(token) if origin else None
    if form is not None and origins.allows(form.allowed_origins, origin):
        response.headers["Access-Control-Allow-Origin"] = str(origin)
    return response


def _of_token(token: str) -> Form | None:
    try:
        return forms.by_token(token)
    except UserError:
        return None
    finally:
        db.session.rollback()
