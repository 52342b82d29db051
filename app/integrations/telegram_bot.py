"""What people write to the staff's Telegram bot: /start CODE, /stop, and answers to chat notices."""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass

from flask import current_app
from flask_babel import gettext

from app.channels import telegram
from app.errors import SendError
from app.services.settings import telegram_links
from app.transaction import transaction

log = logging.getLogger(__name__)

ALLOWED_UPDATES = ["message"]


@dataclass(frozen=True, slots=True)
class Update:
    """One message to the bot. ``private`` is False in groups, where the bot links nobody."""

    update_id: int
    chat_id: int
    message_id: int
    private: bool
    name: str
    text: str
    replied_to_id: int | None


def read(body: object) -> Update | None:
    """Read an update; None for a kind that the bot does not use. Raises ValueError for what is no update."""
    if not isinstance(body, dict) or not isinstance(body.get("update_id"), int):
        raise ValueError("no update")
    message = body.get("message")
    if message is None:
        return None
    try:
        chat, sender = message["chat"], message.get("from") or {}
        reply = message.get("reply_to_message") or {}
        name = " ".join(str(sender.get(part) or "") for part in ("first_name", "last_name")).strip()
        return Update(
            update_id=body["update_id"],
            chat_id=int(chat["id"]),
            message_id=int(message["message_id"]),
            private=chat.get("type") == "private",
            name=name or str(sender.get("username") or ""),
            text=str(message.get("text") or ""),
            replied_to_id=int(reply["message_id"]) if "message_id" in reply else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ValueError("no update") from None


def handle(update: Update) -> None:
    """Do what was asked and answer. A repeated update does nothing twice; an answer that cannot be sent is logged."""
    if not update.private:
        return
    said = _act(update)
    if said:
        say(update.chat_id, said)


def say(chat_id: int, words: str) -> None:
    """Write into a chat outside of any delivery."""
    try:
        telegram.call("send_message", chat_id, words)
    except SendError as error:
        log.warning("the bot could not answer: %s", error.reason)


def hook_secret() -> str:
    """Return the last part of the bot's address: unguessable, and another one for another bot or installation."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    token = str(current_app.config["TELEGRAM_BOT_TOKEN"] or "")
    return hmac.new(key, f"telegram-hook:{token}".encode(), hashlib.sha256).hexdigest()


def hook_url() -> str | None:
    """Return the address to register with Telegram, None where it could not reach this installation."""
    home: str = current_app.config["PUBLIC_URL"]
    return f"{home}/hooks/telegram/{hook_secret()}" if home.startswith("https://") else None


def _act(update: Update) -> str | None:
    command, _, argument = update.text.strip().partition(" ")
    command = command.partition("@")[0].lower()
    if command == "/start" and argument.strip():
        with transaction():
            return telegram_links.start(argument.strip()[:128], update.chat_id, update.name)
    if command == "/stop":
        with transaction():
            return telegram_links.stop(update.chat_id)
    if command in ("/start", "/help"):
        return gettext("Open your profile in Frontdesk and press + to link this chat.")
    # Without a transaction around it: sending a message is one of its own.
    return telegram_links.answer(update.chat_id, update.message_id, update.replied_to_id, update.text)
