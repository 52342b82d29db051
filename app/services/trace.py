"""Why did I get this, and why not by mail? One item's way, channel by channel, in sentences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row, text

from app import clock
from app.catalogue import Channel, Rule
from app.errors import NotFound
from app.extensions import db
from app.services.routing import POPUP_OUTCOMES, SENT_OUTCOMES, Outcome
from app.services.tasks.due_words import short_due

MAX_NOTIFICATIONS = 20
# Decisions after which something leaves the house, or shows in an open tab.
SENT_AT_ONCE = frozenset(outcome.value for outcome in SENT_OUTCOMES | POPUP_OUTCOMES)

# (notification, channel) → a row of deliveries
Deliveries = dict[tuple[int, str], Row[Any]]


def of_item(user_id: int, item_id: int) -> dict[str, Any]:
    """Return why the item's newest notice came and each channel's outcome, then the same for the ones before.

    ``{"id", "event", "at", "rule", "channels": [{"channel", "state", "text", "at"}…], "earlier": […]}``; ``state`` is
    sent, shown, pending, sending, failed, skipped or cancelled. Raises NotFound for somebody else's item.
    """
    notices = db.session.execute(
        text(
            "SELECT n.id, n.rule, n.decisions, n.created_at, e.tag, u.zone FROM notifications n"
            " JOIN events e ON e.id = n.event_id JOIN feed_items i ON i.id = n.feed_item_id"
            " JOIN ab_user u ON u.id = n.user_id"
            " WHERE i.id = :item_id AND i.user_id = :user_id ORDER BY n.id DESC LIMIT :limit"
        ),
        {"item_id": item_id, "user_id": user_id, "limit": MAX_NOTIFICATIONS},
    ).all()
    if not notices:
        raise NotFound("Item")
    deliveries, collected = sent_of([notice.id for notice in notices])
    newest, *earlier = [_notice(notice, deliveries, collected) for notice in notices]
    return {"id": f"n:{item_id}", **newest, "earlier": earlier}


def sent_of(notification_ids: list[int]) -> tuple[Deliveries, Deliveries]:
    """Return what left the house about notices: their own deliveries, and the brief or digest that each is part of."""
    rows = db.session.execute(
        text(
            "SELECT notification_id, channel, state, skip_reason, error, not_before, finished_at, attempts, address"
            " FROM deliveries WHERE notification_id = ANY(:ids) ORDER BY id"
        ),
        {"ids": notification_ids},
    ).all()
    # One of several devices speaks for its channel: the one that got it, if any did.
    deliveries: Deliveries = {}
    for row in sorted(rows, key=lambda row: row.state == "sent"):
        deliveries[row.notification_id, row.channel] = row
    return deliveries, _collected(notification_ids)


def _collected(notification_ids: list[int]) -> Deliveries:
    """The newest brief or digest that each notice is part of, per channel."""
    rows = db.session.execute(
        text(
            "SELECT c.notification_id, d.channel, d.purpose, d.state, d.not_before, d.finished_at, d.skip_reason,"
            " d.error"
            " FROM delivery_items c JOIN deliveries d ON d.id = c.delivery_id"
            " WHERE c.notification_id = ANY(:ids) ORDER BY d.id"
        ),
        {"ids": notification_ids},
    )
    return {(row.notification_id, row.channel): row for row in rows}


def _notice(notice: Row[Any], deliveries: Deliveries, collected: Deliveries) -> dict[str, Any]:
    return {
        "event": notice.tag,
        "at": notice.created_at.isoformat(),
        "rule": why(notice.tag, notice.rule),
        "channels": outcomes(notice.id, notice.decisions, notice.created_at, notice.zone, deliveries, collected),
    }


def outcomes(
    notice_id: int,
    decisions: Mapping[str, str],
    at: dt.datetime,
    zone: str,
    deliveries: Deliveries,
    collected: Deliveries,
) -> list[dict[str, Any]]:
    """Return what the center and each channel did with one notice."""
    return [
        {"channel": "center", "state": "sent", "text": gettext("In your center"), "at": at.isoformat()},
        *(
            channel_outcome(
                channel,
                decisions.get(channel.value),
                deliveries.get((notice_id, channel.value)),
                collected.get((notice_id, channel.value)),
                zone,
            )
            for channel in Channel
        ),
    ]


def why(tag: str, rule: str) -> str:
    """Return by which rule somebody was told."""
    if rule == Rule.MEMBER:
        return gettext("You were added to this chat")
    if rule == Rule.RECIPIENT:
        return gettext("You are among the recipients of this report")
    if rule in (Rule.ADMIN, Rule.ADMIN_SOON):
        return gettext("You are an admin of this account")
    if rule == Rule.CONCERNED:
        return gettext("It concerns you")
    if rule == Rule.SERVED:
        return gettext("You served this client")
    if rule == Rule.MANAGER:
        return gettext("You manage the group of this talk")
    if tag.startswith("mail:"):
        return (
            gettext("It came to a mailbox of your group") if rule == Rule.GROUP else gettext("It came to your mailbox")
        )
    if rule == Rule.GROUP and tag.startswith("call:"):
        return gettext("It rang for your group")
    if rule == Rule.GROUP:
        return gettext("It belongs to your group, and nobody has taken it")
    if tag.startswith("call:"):
        return gettext("You are responsible for who called")
    if tag.startswith("stripe:"):
        return gettext("You are responsible for this client")
    if tag.startswith("lead:"):
        return gettext("You are responsible for this lead")
    if tag.startswith("nps:"):
        return gettext("You are responsible for client scores")
    if tag.startswith("talk:"):
        return gettext("You are responsible for this talk")
    if rule == Rule.AUTHOR:
        return gettext("You set this task")
    return gettext("You are responsible for this task")


def channel_outcome(
    channel: Channel,
    decision: str | None,
    delivery: Row[Any] | None,
    collected: Row[Any] | None = None,
    zone: str = "UTC",
) -> dict[str, Any]:
    """Return one channel's line: what became of the brief, digest or delivery that it is in, else what was decided."""
    if collected is not None:
        state, words, at = _part_of(collected, zone)
    elif delivery is not None:
        state, words, at = _delivered(delivery)
    else:
        (state, words), at = _decided(channel, decision), None
    return {"channel": channel.value, "state": state, "text": words, "at": at.isoformat() if at else None}


def _part_of(row: Row[Any], zone: str) -> tuple[str, str, dt.datetime | None]:
    """A notice's outcome as part of a brief or digest."""
    at = short_due(row.finished_at or row.not_before, zone, clock.now(), all_day=False)
    brief = row.purpose == "brief"
    if row.state == "sent":
        said = (
            gettext("Sent in the brief of %(at)s", at=at) if brief else gettext("Sent in the digest of %(at)s", at=at)
        )
        return "sent", said, row.finished_at
    if row.state in ("pending", "sending"):
        said = gettext("Held, one brief at %(at)s", at=at) if brief else gettext("Part of the digest of %(at)s", at=at)
        return "pending", said, row.not_before
    if row.state == "failed":
        return "failed", gettext("Failed: %(reason)s", reason=row.error), row.finished_at
    return row.state, _skipped(row.skip_reason), row.finished_at


def _delivered(row: Row[Any]) -> tuple[str, str, dt.datetime | None]:
    if row.state == "sent":
        place = _place(row)
        said = gettext("Sent to %(address)s", address=place) if place else gettext("Sent")
        return "sent", said, row.finished_at
    if row.state in ("skipped", "cancelled"):
        return row.state, _skipped(row.skip_reason), row.finished_at
    if row.state == "failed":
        return "failed", gettext("Failed: %(reason)s", reason=row.error), row.finished_at
    if row.state == "sending":
        return "sending", gettext("Being sent"), None
    if row.attempts and row.error:
        return "pending", gettext("Not yet: %(reason)s. The next try is planned", reason=row.error), row.not_before
    return "pending", gettext("Waiting to be sent"), row.not_before


def _place(row: Row[Any]) -> str:
    """Where it went, as people name it: the address of a mail; a device's own number says nothing."""
    names = {"browser": gettext("your browser"), "mobile": gettext("your phone"), "telegram": "Telegram"}
    return str(row.address) if row.channel == "email" else names.get(row.channel, "")


def _skipped(reason: str | None) -> str:
    sentences = {
        "already_read": gettext("Skipped: you had read it before"),
        "taken": gettext("Cancelled: a colleague has dealt with it"),
        "deactivated": gettext("Skipped: the account was deactivated"),
        "muted": gettext("Skipped: you have muted this chat"),
        "not_a_member": gettext("Skipped: you left the chat"),
        "address_changed": gettext("Skipped: the address has changed since"),
        "address_gone": gettext("Skipped: the address is gone"),
        "seen_live": gettext("Skipped: you saw the popup"),
        "unsubscribed": gettext("Skipped: you stopped this report"),
        "removed": gettext("Skipped: you are no recipient any more"),
        Outcome.HELD: gettext("Held for a brief"),
        Outcome.HELD_FOR_DIGEST: gettext("Held, part of the next digest"),
        Outcome.QUIET: gettext("Skipped: quiet hours, it waits in your center"),
        Outcome.ADDRESS_PAUSED: gettext("Skipped: mails to your address are refused"),
        Outcome.POPUP: gettext("Skipped: nothing linked any more"),
        Outcome.PREFERENCE_OFF: gettext("Skipped: switched off in your settings"),
        Outcome.RECEIVE_OFF: gettext("Skipped: you receive no notifications"),
        Outcome.DIGEST: gettext("Left for the digest"),
    }
    return sentences.get(reason or "", gettext("Skipped"))


def _decided(channel: Channel, decision: str | None) -> tuple[str, str]:
    if decision in POPUP_OUTCOMES:
        return "shown", gettext("Shown as a popup in open tabs")
    if decision == Outcome.DIGEST:
        return "pending", gettext("Set to digest: part of the next one if still unread")
    if decision == Outcome.HELD_FOR_DIGEST:
        return "pending", gettext("Held: part of the next digest if still unread")
    if decision == Outcome.NO_ADDRESS:
        missing = gettext("no address in your profile") if channel is Channel.EMAIL else gettext("nothing linked")
        return "skipped", gettext("Skipped: %(reason)s", reason=missing)
    sentences: dict[str, str] = {
        Outcome.PREFERENCE_OFF: gettext("Skipped: switched off in your settings"),
        Outcome.RECEIVE_OFF: gettext("Skipped: you receive no notifications"),
        Outcome.NOT_FOR_ROLE: gettext("Skipped: not for your role"),
        Outcome.NO_CELL: gettext("Skipped: this kind of news never comes here"),
        Outcome.QUIET: gettext("No popup: quiet hours, it waits in your center"),
        Outcome.HELD: gettext("Held by quiet hours"),
        Outcome.SILENT: gettext("Never: this is only kept in your center, already read"),
        Outcome.ADDRESS_PAUSED: gettext("Skipped: mails to your address are refused"),
        "muted": gettext("Skipped: you have muted this chat"),
    }
    return "skipped", sentences.get(decision or "", gettext("Skipped"))
