"""`/hooks/telegram/…`: the bot's updates, where Telegram can reach this installation."""

from __future__ import annotations

import hmac

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue

from app.errors import UserError
from app.extensions import csrf
from app.integrations import telegram_bot
from app.views.hooks.hook_body import json_of, limited_body

blueprint = Blueprint("telegram_hook", __name__)

# An update with a long message and all that it quotes is some kilobytes.
MAX_BYTES = 256 * 1024


def init_app(app: Flask) -> None:
    """Add the address; the secret in it is what proves the sender."""
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)


@blueprint.post("/hooks/telegram/<string:token>")
def receive(token: str) -> ResponseReturnValue:
    """Take one update: 401 for a wrong secret, 400 for what is no update; what the bot does not know is 200."""
    if not hmac.compare_digest(token.encode(), telegram_bot.hook_secret().encode()):
        return UserError("unauthorized", "This is not the bot's address").as_json(), 401
    try:
        update = telegram_bot.read(json_of(limited_body(MAX_BYTES)))
    except (UserError, ValueError):
        return UserError("invalid_json", "This is no update of the bot").as_json(), 400
    if update is not None:
        telegram_bot.handle(update)
    return {"ok": True}
