"""Addresses that are gone remove themselves, in the transaction of the failed delivery, and tell whom it concerns."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalogue import Channel, Rule
from app.extensions import db
from app.models.channels import PausedAddress
from app.models.people import User, full_name
from app.services import audience, reading
from app.services.claimed import Claimed
from app.services.notify import Subject, record_event
from app.services.settings.devices import ADDRESS_PREFIX

REFUSED_URL = "/deliveryview/list/?_flt_0_channel=email&_flt_0_state=failed"
SETTINGS_URL = "/profile/#notifications"
# So many refusals in an hour are one cause, told to admins as one: the mail server, not the people.
STORM, STORM_IN = 5, dt.timedelta(hours=1)


def forget(delivery: Claimed, reason: str) -> None:
    """Let an address go after its provider said that it is gone; what else waits for it is cancelled."""
    if delivery.channel == Channel.EMAIL:
        _pause(delivery.address, delivery.user_id, delivery.name or delivery.address, reason)
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


def resume_mail(user: User) -> bool:
    """Send to a paused address again: its person says that it works. Return whether it was paused."""
    row = db.session.execute(
        text("DELETE FROM paused_addresses WHERE address = lower(:address) RETURNING address"),
        {"address": user.email or ""},
    ).first()
    if row is not None:
        _tell_resumed(user, user)
    return row is not None


def mail_changed(actor: User, user: User, before: str | None) -> None:
    """Tell that mails go out again where somebody's paused address was changed."""
    if before and (user.email or "").lower() != before.lower() and paused_mail(before) and not paused_mail(user.email):
        _tell_resumed(actor, user)


def paused_mail(address: str | None) -> dict[str, Any] | None:
    """Return why and since when an address is paused, or None."""
    paused = db.session.get(PausedAddress, address.lower()) if address else None
    return {"reason": paused.reason, "since": paused.since.isoformat()} if paused else None


def came_back(address: str, user_id: int | None, reason: str, *, gone: bool) -> None:
    """A server that had taken a mail reports that it could not deliver it; ``gone``: there is no such mailbox.

    One that came back for another reason, or whose report anybody could have written, pauses nothing.
    """
    user = db.session.get(User, user_id) if user_id is not None else None
    name = full_name(user) if user else address
    if gone:
        _pause(address, user_id, name, reason)
    elif user_id is not None:
        data = _about(address, user_id, name, reason) | {"paused": False}
        told = dict.fromkeys(audience.admins(), Rule.ADMIN) | {user_id: Rule.CONCERNED}
        record_event("error:mail_undelivered", None, _subject(user_id), data, told=told)


def _pause(address: str, user_id: int | None, name: str, reason: str) -> None:
    """Send nothing more to an address, and tell it once."""
    first = db.session.execute(
        insert(PausedAddress)
        .values(address=address.lower(), reason=reason, since=clock.now())
        .on_conflict_do_nothing()
        .returning(PausedAddress.address)
    ).first()
    if first is None or user_id is None:
        return
    data = _about(address, user_id, name, reason)
    recent = _recently_paused()
    admins = dict.fromkeys(audience.admins(), Rule.ADMIN) if recent < STORM else {}
    told = admins | {user_id: Rule.CONCERNED}
    record_event("error:mail_undelivered", None, _subject(user_id), data, told=told)
    if recent == STORM:
        data |= {"many": recent, "url": REFUSED_URL}
        told = dict.fromkeys(audience.admins(), Rule.ADMIN)
        record_event("error:mail_undelivered", None, Subject("address", 0), data, told=told)


def _about(address: str, user_id: int, name: str, reason: str) -> dict[str, Any]:
    return {
        "text": address,
        "address": address,
        "name": name,
        "reason": reason,
        "user_id": user_id,
        "url": SETTINGS_URL,
    }


def _recently_paused() -> int:
    since = clock.now() - STORM_IN
    return int(
        db.session.execute(text("SELECT count(*) FROM paused_addresses WHERE since > :s"), {"s": since}).scalar_one()
    )


def _tell_resumed(actor: User, user: User) -> None:
    reading.settle_subject(_subject(user.id).key)
    data = {
        "text": user.email,
        "address": user.email,
        "name": full_name(user),
        "user_id": user.id,
        "url": SETTINGS_URL,
    }
    told = dict.fromkeys(audience.admins(), Rule.ADMIN) | {user.id: Rule.CONCERNED}
    told.pop(actor.id, None)
    record_event("error:mail_resumed", actor.id, _subject(user.id), data, told=told)


def _subject(user_id: int) -> Subject:
    return Subject("address", user_id)


def _unlink_telegram(delivery: Claimed) -> None:
    row = db.session.execute(
        text("DELETE FROM telegram_links WHERE chat_id = :chat_id RETURNING user_id"),
        {"chat_id": int(delivery.address)},
    ).first()
    if row is not None:
        told = {row.user_id: Rule.CONCERNED}
        data = {"text": "Telegram", "url": SETTINGS_URL}
        record_event("error:telegram_unlinked", None, Subject("telegram", row.user_id), data, told=told)
