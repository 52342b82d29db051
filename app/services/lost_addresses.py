"""Addresses that are gone remove themselves, in the transaction of the failed delivery, and tell whom it concerns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalogue import Channel, Rule
from app.extensions import db
from app.models.channels import PausedAddress
from app.services import audience
from app.services.claimed import Claimed
from app.services.devices import ADDRESS_PREFIX
from app.services.notify import Subject, record_event

SETTINGS_URL = "/profile/#notifications"


def forget(delivery: Claimed, reason: str) -> None:
    """Let an address go after its provider said that it is gone; what else waits for it is cancelled."""
    if delivery.channel == Channel.EMAIL:
        _pause_mail(delivery, reason)
    elif delivery.channel == Channel.TELEGRAM:
        _unlink_telegram(delivery)
    elif delivery.address.startswith(ADDRESS_PREFIX):
        db.session.execute(
            text("DELETE FROM devices WHERE id = :id"), {"id": int(delivery.address.removeprefix(ADDRESS_PREFIX))}
        )
    db.session.execute(
        text(
            "UPDATE deliveries SET state = 'cancelled', skip_reason = 'address_gone', finished_at = :now"
            " WHERE channel = :channel AND address = :address AND user_id = :user_id AND state = 'pending'"
        ),
        {
            "channel": delivery.channel,
            "address": delivery.address,
            "user_id": delivery.user_id,
            "now": clock.now(),
        },
    )


def resume_mail(address: str) -> bool:
    """Send to a paused address again: its person says that it works. Return whether it was paused."""
    row = db.session.execute(
        text("DELETE FROM paused_addresses WHERE address = lower(:address) RETURNING address"), {"address": address}
    ).first()
    return row is not None


def paused_mail(address: str) -> dict[str, Any] | None:
    """Return why and since when an address is paused, or None."""
    paused = db.session.get(PausedAddress, address.lower())
    return {"reason": paused.reason, "since": paused.since.isoformat()} if paused else None


def _pause_mail(delivery: Claimed, reason: str) -> None:
    first = db.session.execute(
        insert(PausedAddress)
        .values(address=delivery.address.lower(), reason=reason, since=clock.now())
        .on_conflict_do_nothing()
        .returning(PausedAddress.address)
    ).first()
    if first is None or delivery.user_id is None:
        return
    told = dict.fromkeys(audience.admins(), Rule.ADMIN) | {delivery.user_id: Rule.CONCERNED}
    data = {
        "text": delivery.address,
        "address": delivery.address,
        "name": delivery.name or delivery.address,
        "reason": reason,
        "url": SETTINGS_URL,
    }
    record_event("error:mail_undelivered", None, Subject("address", delivery.user_id), data, told=told)


def _unlink_telegram(delivery: Claimed) -> None:
    row = db.session.execute(
        text("DELETE FROM telegram_links WHERE chat_id = :chat_id RETURNING user_id"),
        {"chat_id": int(delivery.address)},
    ).first()
    if row is not None:
        told = {row.user_id: Rule.CONCERNED}
        data = {"text": "Telegram", "url": SETTINGS_URL}
        record_event("error:telegram_unlinked", None, Subject("telegram", row.user_id), data, told=told)
