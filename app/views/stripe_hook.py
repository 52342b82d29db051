"""`/hooks/stripe`: Stripe's events, signed."""

from __future__ import annotations

from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue

from app.extensions import csrf, db
from app.integrations import stripe_events
from app.services import payments, stripe_settings
from app.views.hook_body import json_of, limited_body
from app.views.widget import answers

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
    body = limited_body(MAX_BYTES)
    secret = stripe_settings.secret()
    db.session.rollback()
    stripe_events.check(body, request.headers.get("Stripe-Signature", ""), secret)
    return jsonify(ok=True, new=payments.receive(stripe_events.read(json_of(body))))
