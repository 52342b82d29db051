"""Linking a private Telegram chat with a person: a one-time code, /start, /stop, and answers to chat notices."""

from __future__ import annotations

import datetime as dt
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.channels import telegram
from app.errors import SendError, UserError
from app.extensions import db
from app.models.channels import TelegramCode, TelegramLink
from app.models.people import User, full_name
from app.services import reading, sealed
from app.services.chats import chat_mail, chat_messages, chat_reading
from app.transaction import transaction

log = logging.getLogger(__name__)

CODE_VALID = dt.timedelta(minutes=10)
BOT_NAME_KEPT_SECONDS = 600

# subject type → answers in it: (user_id, subject_id, text, client_id). The id makes a repeated update answer once.
Answer = Callable[[int, int, str, str], None]
ANSWERS: dict[str, Answer] = {"chat": chat_messages.answer}


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a notice was about, and when it was sent."""

    kind: str
    id: int
    told_at: dt.datetime


_bot_name: tuple[float, str, str] | None = None


def link_of(user_id: int) -> dict[str, Any] | None:
    """Return the person's link, or None."""
    link = db.session.get(TelegramLink, user_id)
    return {"name": link.name, "since": link.created_at.isoformat()} if link else None


def bot() -> str:
    """Return the bot's user name. It may ask Telegram, so call it outside a transaction.

    Raises UserError: no bot is configured, or Telegram does not answer.
    """
    if not telegram.is_configured():
        raise UserError("no_bot", gettext("Ask your admin: there is no Telegram bot yet"), status=409)
    try:
        return bot_name()
    except SendError as error:
        raise UserError("telegram_unreachable", error.reason, status=503) from None


def new_code(user: User, bot: str) -> dict[str, Any]:
    """Make a deep link to the bot that works once within ten minutes; earlier ones of the person stop working."""
    now = clock.now()
    code = secrets.token_urlsafe(24)
    db.session.execute(
        text("DELETE FROM telegram_codes WHERE user_id = :id OR expires_at < :old"),
        {"id": user.id, "old": now - dt.timedelta(days=1)},
    )
    db.session.add(TelegramCode(code_hash=sealed.hash_of(code), user_id=user.id, expires_at=now + CODE_VALID))
    db.session.flush()
    return {
        "url": f"https://t.me/{bot}?start={code}",
        "code": code,
        "bot": bot,
        "expires_at": (now + CODE_VALID).isoformat(),
    }


def start(code: str, chat_id: int, name: str) -> str:
    """Link the chat to the code's person and return what the bot says. A used, old or unknown code changes nothing."""
    now = clock.now()
    row = db.session.execute(
        text(
            "UPDATE telegram_codes c SET used_at = :now FROM ab_user u"
            " WHERE c.code_hash = :hash AND c.used_at IS NULL AND c.expires_at > :now AND u.id = c.user_id AND u.active"
            " RETURNING c.user_id"
        ),
        {"hash": sealed.hash_of(code), "now": now},
    ).first()
    if row is None:
        linked = db.session.scalars(select(TelegramLink).where(TelegramLink.chat_id == chat_id)).one_or_none()
        used = db.session.get(TelegramCode, sealed.hash_of(code))
        if linked is not None and used is not None and used.user_id == linked.user_id:
            return gettext("This chat is linked already.")
        return gettext("This link was used or is older than 10 minutes. Make a new one in your profile.")
    # One person per chat: linking it to somebody else unlinks whoever had it.
    db.session.execute(
        text("DELETE FROM telegram_links WHERE chat_id = :chat_id AND user_id <> :user_id"),
        {"chat_id": chat_id, "user_id": row.user_id},
    )
    values = {"user_id": row.user_id, "chat_id": chat_id, "name": name[:80], "created_at": now}
    db.session.execute(
        insert(TelegramLink).values(**values).on_conflict_do_update(index_elements=[TelegramLink.user_id], set_=values)
    )
    reading.settle_subject(f"telegram:{row.user_id}")
    user = db.session.get_one(User, row.user_id)
    return gettext("Linked. News for %(name)s now comes here. /stop ends it.", name=full_name(user))


def stop(chat_id: int) -> str:
    """Unlink a chat from Telegram's side and return what the bot says."""
    row = db.session.execute(
        text("DELETE FROM telegram_links WHERE chat_id = :id RETURNING user_id"), {"id": chat_id}
    ).first()
    return gettext("Unlinked. No more news comes here.") if row else gettext("This chat is not linked.")


def unlink(user_id: int) -> bool:
    """Unlink from the profile. Return whether there was a link."""
    row = db.session.execute(
        text("DELETE FROM telegram_links WHERE user_id = :id RETURNING user_id"), {"id": user_id}
    ).first()
    return row is not None


def answer(chat_id: int, message_id: int, replied_to_id: int | None, words: str) -> str | None:
    """Hand words to the chat that the answered notice is about; return what the bot says, if anything."""
    user = db.session.execute(
        text(
            "SELECT t.user_id FROM telegram_links t JOIN ab_user u ON u.id = t.user_id AND u.active"
            " WHERE t.chat_id = :id"
        ),
        {"id": chat_id},
    ).first()
    if user is None:
        return gettext("This chat is not linked. Make a link in your profile in Frontdesk.")
    subject = _subject_of(chat_id, replied_to_id, user.user_id) if replied_to_id is not None else None
    respond = ANSWERS.get(subject.kind) if subject else None
    if subject is None or respond is None:
        return gettext("To answer in a chat, reply to a notice of that chat.")
    if not words.strip():
        return gettext("Only texts can be sent from here.")
    try:
        respond(user.user_id, subject.id, words, f"telegram-{chat_id}-{message_id}")
    except UserError as error:
        return gettext("Not sent: %(reason)s", reason=error.message)
    return _read(user.user_id, subject) if subject.kind == "chat" else None


def _read(user_id: int, subject: _Subject) -> str | None:
    """Who answers has read the chat, or its next message would tell nobody; what came since the notice is told now."""
    with transaction(user_id):
        lines = chat_mail.written_since(subject.id, user_id, subject.told_at)
        chat_reading.mark_read(user_id, [subject.id])
    return "\n".join([gettext("Meanwhile:"), *lines]) if lines else None


def bot_name() -> str:
    """Return the bot's user name, asked for at most every ten minutes. Raises SendError."""
    global _bot_name
    token = str(telegram.bot().token)
    if _bot_name is None or _bot_name[1] != token or time.monotonic() - _bot_name[0] > BOT_NAME_KEPT_SECONDS:
        _bot_name = (time.monotonic(), token, str(telegram.call("get_me").username))
    return _bot_name[2]


def _subject_of(chat_id: int, message_id: int, user_id: int) -> _Subject | None:
    row = db.session.execute(
        text(
            # A brief about one chat alone is answered there as well.
            "SELECT coalesce(i.subject_key, 'chat:' || coalesce(d.data ->> 'chat_id', CAST(("
            "  SELECT min(c.chat_id) FROM delivery_chats c WHERE c.delivery_id = d.id AND NOT EXISTS ("
            "   SELECT FROM delivery_items o WHERE o.delivery_id = d.id) HAVING count(*) = 1) AS text))) AS subject_key"
            ", d.finished_at"
            " FROM deliveries d"
            " LEFT JOIN notifications n ON n.id = d.notification_id LEFT JOIN feed_items i ON i.id = n.feed_item_id"
            " WHERE d.channel = 'telegram' AND d.address = :address AND d.receipt = :receipt AND d.user_id = :user_id"
            " ORDER BY d.id DESC LIMIT 1"
        ),
        {"address": str(chat_id), "receipt": str(message_id), "user_id": user_id},
    ).first()
    kind, _, number = str(row.subject_key if row and row.subject_key else "").partition(":")
    return _Subject(kind, int(number), row.finished_at) if row and number.isdigit() else None
