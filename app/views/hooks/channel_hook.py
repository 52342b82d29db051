"""`/hooks/channels/{id}`: what connected messengers bring, signed."""

from __future__ import annotations

from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue

from app.extensions import csrf, db
from app.integrations import channel_api
from app.services.clients import messengers
from app.services.clients.messengers import Incoming, Receipt
from app.views.hooks.hook_body import answers, json_of, limited_body

blueprint = Blueprint("channel_hook", __name__)

# A message has at most 10,000 characters.
MAX_BYTES = 256 * 1024


def init_app(app: Flask) -> None:
    """Add the address; the signature proves the sender."""
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)


@blueprint.post("/hooks/channels/<int:messenger_id>")
@answers
def receive(messenger_id: int) -> ResponseReturnValue:
    """Take one message or receipt: 401 for a wrong signature, 400 malformed; a repeat and unknown types are 200."""
    body = limited_body(MAX_BYTES)
    messenger = messengers.of_signed(messenger_id, body, request.headers.get("X-Signature", ""))
    update = channel_api.read(json_of(body))
    db.session.rollback()
    if isinstance(update, Incoming):
        return jsonify(ok=True, new=messengers.receive(messenger, update))
    if isinstance(update, Receipt):
        messengers.note_receipt(messenger, update)
    return jsonify(ok=True)
