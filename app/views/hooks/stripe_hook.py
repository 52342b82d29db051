"""`/hooks/stripe`: Stripe's events, signed."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue

from app.errors import UserError
from app.extensions import csrf
from app.integrations import stripe_events
from app.services.payments import payments, stripe_settings
from app.views.hooks.hook_body import answers, json_of, limited_body

blueprint = Blueprint("stripe_hook", __name__)
MAX_BYTES = 1024 * 1024


def init_app(app: Flask) -> None:
    """Add the address; the signature proves the sender."""
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)


@blueprint.post("/hooks/stripe")
@answers
def receive() -> ResponseReturnValue:
    """Take one event: 401 for a wrong signature, 400 malformed; unknown types and repeats are 200."""
    body, signature = limited_body(MAX_BYTES), request.headers.get("Stripe-Signature", "")
    secret = stripe_settings.remembered()
    try:
        stripe_events.check(body, signature, secret.opened)
        new = payments.keep(stripe_events.read(json_of(body)), secret.kept)
    except UserError as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
        new = None
    if new is None:
        # By what this process remembers it is not signed: an admin may just have entered another secret.
        secret = stripe_settings.remembered(anew=True)
        stripe_events.check(body, signature, secret.opened)
        new = payments.keep(stripe_events.read(json_of(body)), secret.kept)
    if new is None:
        raise UserError("bad_signature", "The secret is being changed; send it again", status=401)
    return jsonify(ok=True, new=new)
