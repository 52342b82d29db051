"""The process that holds connections open for minutes: long polling of the Telegram bot, and mailboxes beside it."""

from __future__ import annotations

import logging
import signal
import threading
import time

from flask import current_app
from sqlalchemy.exc import DataError, SQLAlchemyError

from app.channels import telegram
from app.errors import SendError, TemporarySendError
from app.extensions import db
from app.integrations import telegram_bot
from app.integrations.mailbox_watch import MailboxWatch

log = logging.getLogger(__name__)

POLL_SECONDS = 20
IDLE_SECONDS = 30
PAUSE_SECONDS = 5


def run() -> None:
    """Listen until SIGTERM or SIGINT. Needs an app context. Without bot and mailboxes it waits: they may come later."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    watch = MailboxWatch(current_app._get_current_object(), stop)  # type: ignore[attr-defined]
    mailboxes = threading.Thread(target=watch.run, name="mailboxes", daemon=True)
    mailboxes.start()
    listen(stop)
    mailboxes.join(timeout=15)


def listen(stop: threading.Event) -> None:
    """Poll the bot, or register the webhook where Telegram can reach us, until ``stop`` is set."""
    registered = False
    offset: int | None = None
    while not stop.is_set():
        if not telegram.is_configured():
            stop.wait(IDLE_SECONDS)
            continue
        try:
            if not registered:
                register()
                registered = True
            if telegram_bot.hook_url():
                stop.wait(IDLE_SECONDS)
                continue
            before, begun = offset, time.monotonic()
            offset = poll_once(offset, POLL_SECONDS)
            if offset == before and time.monotonic() - begun < 1:
                stop.wait(1)  # whatever stands between does not hold the request: without a pause we would ask all day
        except SendError as error:
            wait = error.retry_after_seconds if isinstance(error, TemporarySendError) else None
            log.warning("the bot cannot be asked: %s", error.reason)
            stop.wait(wait or PAUSE_SECONDS)
        except SQLAlchemyError as error:
            log.warning("an update could not be kept, it is asked for again: %s", type(error).__name__)
            stop.wait(PAUSE_SECONDS)
        finally:
            db.session.remove()


def register() -> None:
    """Tell Telegram where updates go: to our address, or nowhere, so that polling is allowed. Raises SendError."""
    url = telegram_bot.hook_url()
    if url:
        telegram.call("set_webhook", url=url, allowed_updates=telegram_bot.ALLOWED_UPDATES)
        log.info("the bot's updates come to %s", current_app.config["PUBLIC_URL"])
    else:
        telegram.call("delete_webhook")


def poll_once(offset: int | None, seconds: int) -> int | None:
    """Ask for updates once and handle them; return what to ask from next. Telegram repeats what was not handled."""
    for body in telegram.updates(offset, seconds, telegram_bot.ALLOWED_UPDATES):
        try:
            update = telegram_bot.read(body)
        except ValueError:
            log.warning("an update could not be read")
            update = None
        if update is not None:
            _handle(update)
        if isinstance(body, dict) and isinstance(body.get("update_id"), int):
            offset = body["update_id"] + 1
    return offset


def _handle(update: telegram_bot.Update) -> None:
    """Handle one update. What cannot be done about it must not hold up the others, or end the reading of mailboxes."""
    try:
        telegram_bot.handle(update)
    except Exception as error:
        # A database that does not answer will later: Telegram repeats the update.
        if isinstance(error, SQLAlchemyError) and not isinstance(error, DataError):
            raise
        log.exception("update %s could not be handled", update.update_id)
        db.session.rollback()
