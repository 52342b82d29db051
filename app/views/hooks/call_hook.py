"""`/hooks/calls/{token}`: what a telephone system reports about calls."""

from __future__ import annotations

from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue

from app.extensions import csrf
from app.integrations import telephony
from app.services.buckets import Buckets
from app.services.calls import call_lines, calls
from app.views.hooks.hook_body import answers, json_of, limited_body

blueprint = Blueprint("call_hook", __name__)
MAX_BYTES = 64 * 1024
# A busy line reports a few times a second; whoever tries tokens does not get far.
PER_ADDRESS = Buckets(burst=300, per_second=50.0)


def init_app(app: Flask) -> None:
    """Add the address; the token in it proves the sender."""
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)


@blueprint.post("/hooks/calls/<string:token>")
@answers
def receive(token: str) -> ResponseReturnValue:
    """Take one report: 401 for a wrong token, 400 malformed, 422 for an unknown ``user_phone``; a repeat is 200."""
    PER_ADDRESS.take(f"{request.remote_addr}")
    body = limited_body(MAX_BYTES)
    line = call_lines.by_token(token)
    given = request.form.to_dict() if request.mimetype == "application/x-www-form-urlencoded" else json_of(body)
    call, new = calls.receive(line, telephony.read(given))
    return jsonify(ok=True, id=call.id, status=call.status, new=new)
