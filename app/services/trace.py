"""Why did I get this, and why not by mail? One item's way, channel by channel, in sentences."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, text

from app.catalogue import Channel, Rule
from app.errors import NotFound
from app.extensions import db
from app.services.routing import Outcome

MAX_NOTIFICATIONS = 20


def of_item(user_id: int, item_id: int) -> dict[str, Any]:
    """Return why the item's newest notice came and each channel's outcome, then the same for the ones before.

    ``{"id", "event", "at", "rule", "channels": [{"channel", "state", "text", "at"}…], "earlier": […]}``; ``state`` is
    sent, shown, pending, sending, failed, skipped or cancelled. Raises NotFound for somebody else's item.
    """
    notices = db.session.execute(
        text(
            "SELECT n.id, n.rule, n.decisions, n.created_at, e.tag FROM notifications n"
            " JOIN events e ON e.id = n.event_id JOIN feed_items i ON i.id = n.feed_item_id"
            " WHERE i.id = :item_id AND i.user_id = :user_id ORDER BY n.id DESC LIMIT :limit"
        ),
        {"item_id": item_id, "user_id": user_id, "limit": MAX_NOTIFICATIONS},
    ).all()
    if not notices:
        raise NotFound("Item")
    rows = db.session.execute(
        text(
            "SELECT notification_id, channel, state, skip_reason, error, not_before, finished_at, attempts, address"
            " FROM deliveries WHERE notification_id = ANY(:ids) ORDER BY id"
        ),
        {"ids": [notice.id for notice in notices]},
    ).all()
    deliveries = {(row.notification_id, row.channel): row for row in rows}
    newest, *earlier = [_notice(notice, deliveries) for notice in notices]
    return {"id": f"n:{item_id}", **newest, "earlier": earlier}


def _notice(notice: Row[Any], deliveries: dict[tuple[int, str], Row[Any]]) -> dict[str, Any]:
    at = notice.created_at.isoformat()
    return {
        "event": notice.tag,
        "at": at,
        "rule": _why(notice.tag, notice.rule),
        "channels": [
            {"channel": "center", "state": "sent", "text": gettext("In your center"), "at": at},
            *(
                _channel(channel, notice.decisions.get(channel.value), deliveries.get((notice.id, channel.value)))
                for channel in Channel
            ),
        ],
    }


def _why(tag: str, rule: str) -> str:
    if rule == Rule.AUTHOR:
        return gettext("You set this task")
    return gettext("You are responsible for this task")


def _channel(channel: Channel, decision: str | None, delivery: Row[Any] | None) -> dict[str, Any]:
    state, words, at = _delivered(delivery) if delivery is not None else (*_decided(channel, decision), None)
    return {"channel": channel.value, "state": state, "text": words, "at": at.isoformat() if at else None}


def _delivered(row: Row[Any]) -> tuple[str, str, dt.datetime | None]:
    if row.state == "sent":
        return "sent", gettext("Sent to %(address)s", address=row.address), row.finished_at
    if row.state in ("skipped", "cancelled"):
        return row.state, _skipped(row.skip_reason), row.finished_at
    if row.state == "failed":
        return "failed", gettext("Failed: %(reason)s", reason=row.error), row.finished_at
    if row.state == "sending":
        return "sending", gettext("Being sent"), None
    if row.attempts and row.error:
        return "pending", gettext("Not yet: %(reason)s. The next try is planned", reason=row.error), row.not_before
    return "pending", gettext("Waiting to be sent"), row.not_before


def _skipped(reason: str | None) -> str:
    sentences = {
        "already_read": gettext("Skipped: you had read it before"),
        "deactivated": gettext("Skipped: the account was deactivated"),
        "address_changed": gettext("Skipped: the address has changed since"),
        Outcome.PREFERENCE_OFF: gettext("Skipped: switched off in your settings"),
        Outcome.RECEIVE_OFF: gettext("Skipped: you receive no notifications"),
        Outcome.DIGEST: gettext("Left for the digest"),
    }
    return sentences.get(reason or "", gettext("Skipped"))


def _decided(channel: Channel, decision: str | None) -> tuple[str, str]:
    if decision == Outcome.POPUP:
        return "shown", gettext("Shown as a popup in open tabs")
    if decision == Outcome.DIGEST:
        return "pending", gettext("Set to digest: part of the next one if still unread")
    if decision == Outcome.NO_ADDRESS:
        missing = gettext("no address in your profile") if channel is Channel.EMAIL else gettext("nothing linked")
        return "skipped", gettext("Skipped: %(reason)s", reason=missing)
    sentences: dict[str, str] = {
        Outcome.PREFERENCE_OFF: gettext("Skipped: switched off in your settings"),
        Outcome.RECEIVE_OFF: gettext("Skipped: you receive no notifications"),
        Outcome.NOT_FOR_ROLE: gettext("Skipped: not for your role"),
    }
    return "skipped", sentences.get(decision or "", gettext("Skipped"))
