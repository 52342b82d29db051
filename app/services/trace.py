"""Why did I get this, and why not by mail? One item's way, channel by channel."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from sqlalchemy import text

from app.catalogue import Channel, Rule
from app.errors import NotFound
from app.extensions import db
from app.services.routing import Outcome

MAX_NOTIFICATIONS = 20


def of_item(user_id: int, item_id: int) -> dict[str, Any]:
    """Return the item's notices, newest first, each with its rule and every channel's outcome in a sentence.

    ``{"id", "notices": [{"event", "at", "rule", "why", "channels": [{"channel", "outcome", "text", "at"}…]}…]}``.
    Raises NotFound for somebody else's item.
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
    sent = {(row.notification_id, row.channel): row for row in rows}
    return {
        "id": f"n:{item_id}",
        "notices": [
            {
                "event": notice.tag,
                "at": notice.created_at.isoformat(),
                "rule": notice.rule,
                "why": _why(notice.tag, notice.rule),
                "channels": [
                    {
                        "channel": "center",
                        "outcome": "sent",
                        "text": gettext("In your center"),
                        "at": notice.created_at.isoformat(),
                    },
                    *(
                        _channel(channel, notice.decisions.get(channel.value), sent.get((notice.id, channel.value)))
                        for channel in Channel
                    ),
                ],
            }
            for notice in notices
        ],
    }


def _why(tag: str, rule: str) -> str:
    if tag == "task:completed":
        return gettext("You set this task")
    if rule == Rule.AUTHOR:
        return gettext("You set this task")
    return gettext("You are responsible for this task")


def _channel(channel: Channel, decision: str | None, delivery: Any) -> dict[str, Any]:
    if delivery is not None:
        outcome, words, at = _delivered(delivery)
    else:
        outcome, words, at = decision or "unknown", _decided(channel, decision), None
    return {"channel": channel.value, "outcome": outcome, "text": words, "at": at.isoformat() if at else None}


def _delivered(row: Any) -> tuple[str, str, Any]:
    if row.state == "sent":
        return "sent", gettext("Sent to %(address)s", address=row.address), row.finished_at
    if row.state in ("skipped", "cancelled"):
        return row.skip_reason or row.state, _skipped(row.skip_reason), row.finished_at
    if row.state == "failed":
        return "failed", gettext("Failed: %(reason)s", reason=row.error), row.finished_at
    if row.attempts and row.error:
        return "retrying", gettext("Not yet: %(reason)s. Trying again", reason=row.error), row.not_before
    if row.state == "sending":
        return "sending", gettext("Being sent"), None
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


def _decided(channel: Channel, decision: str | None) -> str:
    sentences = {
        Outcome.POPUP: gettext("Shown as a popup in open tabs"),
        Outcome.DIGEST: gettext("Set to digest: part of the next one if still unread"),
        Outcome.PREFERENCE_OFF: gettext("Skipped: switched off in your settings"),
        Outcome.RECEIVE_OFF: gettext("Skipped: you receive no notifications"),
        Outcome.NOT_FOR_ROLE: gettext("Skipped: not for your role"),
    }
    if decision == Outcome.NO_ADDRESS:
        return gettext("Skipped: no address") if channel is Channel.EMAIL else gettext("Skipped: nothing linked")
    return sentences.get(decision or "", gettext("Not decided"))
