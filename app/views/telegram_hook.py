"""`/hooks/telegram/…`: the bot's updates, where Telegram can reach this installation."""

from __future__ import annotations

import hmac

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from app.errors import UserError
from app.extensions import csrf
from app.integrations import telegram_bot

blueprint = Blueprint("telegram_hook", __name__)


def init_app(app: Flask) -> None:
    """Add the address; the secret in it is what proves the sender."""
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)


@blueprint.post("/hooks/telegram/<string:secret>")
def receive(secret: str) -> ResponseReturnValue:
    """Take one update: 401 for a wrong secret, 400 for what is no update; what the bot does not know is 200."""
    if not hmac.compare_digest(secret.encode(), telegram_bot.hook_secret().encode()):
        return UserError("unauthorized", "This is not the bot's address").as_json(), 401
    try:
        update = telegram_bot.read(request.get_json(silent=True))
    except ValueError:
        return UserError("invalid_json", "This is no update of the bot").as_json(), 400
    if update is not None:
        telegram_bot.handle(update)
    return {"ok": True}
