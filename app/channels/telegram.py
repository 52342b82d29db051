"""News by the staff's Telegram bot. An address is the number of a private chat with it."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import requests
from flask import Flask, current_app
from telebot import TeleBot, apihelper
from telebot.apihelper import ApiTelegramException

from app.channels.base import Message, Sender
from app.errors import AddressGone, PermanentSendError, TemporarySendError

TIMEOUT_SECONDS = 15
TEXT_LENGTH = 3500
# Telegram allows a bot about 30 messages a second over all chats.
PER_SECOND = 25
_GONE = re.compile(r"blocked|deactivated|chat not found|kicked|peer_id_invalid|can't initiate", re.IGNORECASE)


def init_app(app: Flask) -> None:
    """Point the library at the configured server. It keeps one address per process, not per bot."""
    apihelper.API_URL = app.config["TELEGRAM_API_URL"] + "/bot{0}/{1}"
    apihelper.FILE_URL = app.config["TELEGRAM_API_URL"] + "/file/bot{0}/{1}"
    apihelper.CONNECT_TIMEOUT = 5
    apihelper.READ_TIMEOUT = TIMEOUT_SECONDS
    # Its own retries would hide how long Telegram asks to wait.
    apihelper.RETRY_ON_ERROR = False


def is_configured() -> bool:
    """Whether there is a bot."""
    return bool(current_app.config["TELEGRAM_BOT_TOKEN"])


def bot() -> TeleBot:
    """Return the bot. Raises TemporarySendError without a token."""
    if not is_configured():
        raise TemporarySendError("Telegram has no bot (TELEGRAM_BOT_TOKEN)", connection_lost=True)
    return TeleBot(current_app.config["TELEGRAM_BOT_TOKEN"], threaded=False)


class TelegramChannel:
    """The staff bot."""

    name = "telegram"

    @contextmanager
    def open(self) -> Iterator[Sender]:
        """A sender for one batch."""
        yield TelegramSender()


class TelegramSender:
    """Sends one message after another, no faster than Telegram allows."""

    def __init__(self) -> None:
        self._sent: deque[float] = deque(maxlen=PER_SECOND)

    def send(self, address: str, message: Message) -> str | None:
        """As promised by ``app.channels.base.Sender``; answers the message's number in that chat."""
        self._keep_pace()
        sent = call("send_message", int(address), text_of(message), parse_mode="HTML", disable_web_page_preview=True)
        return str(sent.message_id)

    def _keep_pace(self) -> None:
        if len(self._sent) == PER_SECOND:
            wait = self._sent[0] + 1 - time.monotonic()
            if wait > 0:
                time.sleep(wait)
        self._sent.append(time.monotonic())


def call(method: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method of the bot, e.g. ``send_message``, and turn its refusals into ours. Raises SendError."""
    return _asked(lambda: getattr(bot(), method)(*args, **kwargs))


def updates(offset: int | None, seconds: int, allowed: list[str]) -> list[Any]:
    """Ask for updates and wait for them up to ``seconds``; they come as Telegram wrote them. Raises SendError."""
    token = bot().token
    found = _asked(
        lambda: apihelper.get_updates(
            token, offset=offset, timeout=seconds, long_polling_timeout=seconds, allowed_updates=allowed
        )
    )
    return list(found) if isinstance(found, list) else []


def _asked(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ApiTelegramException as error:
        raise refusal(error) from error
    except (requests.RequestException, OSError) as error:
        raise TemporarySendError("Telegram does not answer", connection_lost=True) from error
    except ValueError as error:  # what is no JSON, or no token
        raise TemporarySendError(
            "Telegram answered something that is not its language", connection_lost=True
        ) from error


def refusal(error: ApiTelegramException) -> TemporarySendError | PermanentSendError:
    """Return what an answer of the bot API means for the delivery."""
    code, said = int(error.error_code), str(error.description)
    reason = f"Telegram answered {code} {said}"[:200]
    if code == 429:
        parameters = (error.result_json or {}).get("parameters") or {}
        wait = parameters.get("retry_after")
        # The limit is the bot's: the rest of the batch waits as well.
        return TemporarySendError(reason, connection_lost=True, retry_after_seconds=int(wait) if wait else None)
    if code >= 500:
        return TemporarySendError(reason)
    if code in (401, 404):
        return TemporarySendError(f"{reason} (is TELEGRAM_BOT_TOKEN right?)", connection_lost=True)
    if code == 403 or _GONE.search(said):
        return AddressGone(reason)
    return PermanentSendError(reason)


def text_of(message: Message) -> str:
    """Return the message in Telegram's HTML: the title bold, the line below it, and where it leads."""
    body = message.text if len(message.text) <= TEXT_LENGTH else message.text[: TEXT_LENGTH - 1] + "…"
    parts = [
        f"<b>{escape(message.title, quote=False)}</b>",
        escape(body, quote=False),
        escape(message.url, quote=False),
    ]
    return "\n".join(part for part in parts if part)
