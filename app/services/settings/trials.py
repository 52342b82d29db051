"""*Test notification*: one through every channel, with each result. The same rows and the same way out as all news."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from flask_babel import gettext
from sqlalchemy import text

from app import clock
from app.catalogue import Channel
from app.channels import telegram, webpush
from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.services import live
from app.services.account import lost_addresses

AT_MOST = 5
WITHIN = dt.timedelta(minutes=1)

_WRITE = text("""
INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, state, not_before, queued_until, created_at)
SELECT 'test:' || :user_id || ':' || out.channel || ':' || out.address || ':' || :once, 'test', out.channel,
       out.address, :user_id, 'pending', :now, :leased, :now
FROM unnest(CAST(:channels AS text[]), CAST(:addresses AS text[])) AS out(channel, address)
RETURNING id, channel
""")


def write(user: User) -> dict[str, list[int]]:
    """Write the deliveries of one test, for every address that the person has; return their ids per channel.

    Nobody else is to send them: the caller delivers them itself, to see the results. Raises UserError (429).
    """
    now = clock.now()
    recent = db.session.execute(
        text(
            "SELECT count(DISTINCT created_at) FROM deliveries"
            " WHERE user_id = :id AND purpose = 'test' AND created_at > :since"
        ),
        {"id": user.id, "since": now - WITHIN},
    ).scalar_one()
    if recent >= AT_MOST:
        raise UserError("too_many_requests", gettext("Wait a minute before the next test"), status=429)
    found = _addresses(user)
    rows = db.session.execute(
        _WRITE,
        {
            "user_id": user.id,
            "once": secrets.token_hex(8),
            "now": now,
            "leased": now + dt.timedelta(minutes=5),
            "channels": [channel for channel, _ in found],
            "addresses": [address for _, address in found],
        },
    ).all()
    ids: dict[str, list[int]] = {}
    for row in rows:
        ids.setdefault(row.channel, []).append(row.id)
    return ids


def popup(user: User) -> None:
    """Show a popup in the person's open tabs; it is no item and stays nowhere."""
    live.emit("notification.test", {"title": gettext("Test notification")}, [live.room_of(user.id)])


def results(user: User, ids: dict[str, list[int]]) -> dict[str, dict[str, Any]]:
    """Return what became of each channel's test: ``{"state", "text"}``, the words being for people."""
    rows = db.session.execute(
        text("SELECT channel, state, error, skip_reason, address FROM deliveries WHERE id = ANY(:ids) ORDER BY id"),
        {"ids": [delivery_id for of_channel in ids.values() for delivery_id in of_channel]},
    ).all()
    by_channel: dict[str, list[Any]] = {}
    for row in rows:
        by_channel.setdefault(row.channel, []).append(row)
    told: dict[str, dict[str, Any]] = {"center": {"state": "sent", "text": gettext("Shown in open tabs")}}
    for channel in Channel:
        told[channel.value] = _result(by_channel.get(channel.value, [])) or _missing(user, channel)
    return told


def _result(rows: list[Any]) -> dict[str, Any] | None:
    if not rows:
        return None
    sent = [row for row in rows if row.state == "sent"]
    if len(sent) == len(rows):
        where = rows[0].address if rows[0].channel == Channel.EMAIL else ""
        return {"state": "sent", "text": gettext("Sent to %(address)s", address=where) if where else gettext("Sent")}
    bad = next(row for row in rows if row.state != "sent")
    if bad.state in ("pending", "sending"):
        return {"state": "pending", "text": gettext("Not yet: %(reason)s", reason=bad.error or gettext("on its way"))}
    return {"state": bad.state, "text": gettext("Failed: %(reason)s", reason=bad.error or bad.skip_reason or "?")}


def _missing(user: User, channel: Channel) -> dict[str, Any]:
    if channel is Channel.EMAIL:
        paused = lost_addresses.paused_mail(user.email or "")
        words = (
            gettext("Paused: %(reason)s", reason=paused["reason"]) if paused else gettext("No address in your profile")
        )
    elif channel is Channel.TELEGRAM:
        words = gettext("Not linked") if telegram.is_configured() else gettext("There is no bot: ask your admin")
    elif not webpush.is_configured():
        words = gettext("Web Push is not set up: ask your admin")
    else:
        words = gettext("No device is switched on")
    return {"state": "skipped", "text": words}


def _addresses(user: User) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if "@" in (user.email or "") and not lost_addresses.paused_mail(user.email):
        found.append((Channel.EMAIL.value, user.email))
    if webpush.is_configured():
        rows = db.session.execute(text("SELECT id, kind FROM devices WHERE user_id = :id ORDER BY id"), {"id": user.id})
        found += [(row.kind, f"device:{row.id}") for row in rows]
    if telegram.is_configured():
        chat_id = db.session.execute(
            text("SELECT chat_id FROM telegram_links WHERE user_id = :id"), {"id": user.id}
        ).scalar()
        found += [(Channel.TELEGRAM.value, str(chat_id))] if chat_id is not None else []
    return found
