"""The one way out of the house: claim → recheck → send → mark. Nothing is open in the database while sending.

A delivery is sent at least once: a crash between the provider's yes and the commit repeats it, with the same
Message-ID. Where the provider had not taken it, it is never sent twice: two claims of one row cannot both succeed.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app import clock
from app.catalogue import KINDS, Rule
from app.channels import CHANNELS
from app.errors import AddressGone, PermanentSendError, SendError, TemporarySendError
from app.extensions import db
from app.services import audience, outbound
from app.services.mailing import message_of
from app.services.routing import Decision, choose_channels
from app.transaction import transaction

log = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=5)
BATCH_SECONDS = 60
RETRY_DELAYS_SECONDS = (30, 120, 600, 3600, 21600)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours for the length of the lease, with all that is needed to send it."""

    id: int
    purpose: str
    channel: str
    address: str
    user_id: int | None
    attempts: int
    only_if_unread: bool
    data: Mapping[str, Any] | None
    active: bool | None
    email: str | None
    zone: str | None
    name: str | None
    notification_id: int | None
    item_unread: bool | None
    event_tag: str | None
    rule: str | None
    event_data: Mapping[str, Any] | None
    subject_key: str | None


_CLAIM = text("""
UPDATE deliveries SET state = 'sending', claimed_until = :lease, attempts = attempts + 1, queued_until = NULL
WHERE id IN (SELECT id FROM deliveries WHERE id = ANY(:ids) AND state = 'pending' AND not_before <= :now
             ORDER BY id FOR UPDATE SKIP LOCKED)
RETURNING id
""")

_LOAD = text("""
SELECT d.id, d.purpose, d.channel, d.address, d.user_id, d.attempts, d.only_if_unread, d.data,
       u.active, u.email, u.zone, nullif(trim(concat(u.first_name, ' ', u.last_name)), '') AS name,
       n.id AS notification_id, i.unread AS item_unread, e.tag AS event_tag, n.rule, e.data AS event_data, i.subject_key
FROM deliveries d
LEFT JOIN ab_user u ON u.id = d.user_id
LEFT JOIN notifications n ON n.id = d.notification_id
LEFT JOIN feed_items i ON i.id = n.feed_item_id
LEFT JOIN events e ON e.id = n.event_id
WHERE d.id = ANY(:ids) ORDER BY d.id
""")


def deliver(channel: str, ids: Sequence[int]) -> None:
    """Send what is due among ``ids``: at most one batch, over one connection of the channel.

    Stops after BATCH_SECONDS or at the first sign that the connection is gone, and gives the rest back.
    """
    claimed = _claim(ids)
    if not claimed:
        return
    refused = _recheck(claimed)
    left = [delivery for delivery in claimed if delivery.id not in refused]
    started = time.monotonic()
    with CHANNELS[channel].open() as sender:
        while left:
            if time.monotonic() - started > BATCH_SECONDS:
                _release(left, clock.now())
                return
            delivery = left.pop(0)
            try:
                sender.send(delivery.address, message_of(delivery))
            except TemporarySendError as error:
                _try_later(delivery, error)
                if error.connection_lost:
                    _release(left, clock.now() + dt.timedelta(seconds=RETRY_DELAYS_SECONDS[0]))
                    return
            except SendError as error:
                _fail(delivery, error)
            except Exception as error:  # one broken message must not hold up the others
                log.exception("delivery %s could not be prepared", delivery.id)
                _fail(delivery, PermanentSendError(f"Could not be prepared: {type(error).__name__}"))
            else:
                _finish(delivery.id, "sent")


def sweep(limit: int = 1000) -> int:
    """Find what is due and not on its way, or was left behind by a dead worker; queue it. Return how many."""
    now = clock.now()
    with transaction():
        db.session.execute(
            text(
                "UPDATE deliveries SET state = 'pending', claimed_until = NULL, queued_until = NULL"
                " WHERE state = 'sending' AND claimed_until < :now"
            ),
            {"now": now},
        )
        rows = db.session.execute(
            text(
                "UPDATE deliveries SET queued_until = :queued_until WHERE id IN ("
                " SELECT id FROM deliveries WHERE state = 'pending' AND not_before <= :now"
                " AND (queued_until IS NULL OR queued_until < :now)"
                " ORDER BY not_before, id LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING id, channel"
            ),
            {"now": now, "queued_until": now + outbound.QUEUED_FOR, "limit": limit},
        ).all()
    outbound.enqueue((row.channel, row.id) for row in sorted(rows, key=lambda row: row.id))
    return len(rows)


def send_again(delivery_id: int) -> bool:
    """Put a failed delivery back at the start of the ladder. Return False when it is not failed (any more)."""
    row = db.session.execute(
        text(
            "UPDATE deliveries SET state = 'pending', attempts = 0, error = NULL, finished_at = NULL,"
            " skip_reason = NULL, not_before = :now, queued_until = NULL"
            " WHERE id = :id AND state = 'failed' RETURNING id"
        ),
        {"id": delivery_id, "now": clock.now()},
    ).first()
    return row is not None


def _claim(ids: Sequence[int]) -> list[Claimed]:
    now = clock.now()
    with transaction():
        ours = [row.id for row in db.session.execute(_CLAIM, {"ids": list(ids), "now": now, "lease": now + LEASE})]
        rows = db.session.execute(_LOAD, {"ids": ours}).all() if ours else []
        return [Claimed(**row._mapping) for row in rows]


def _recheck(claimed: Sequence[Claimed]) -> set[int]:
    """Decide again with what is true now; mark what must not leave any more, and return its ids."""
    refused: dict[int, str] = {}
    with transaction():
        decided = _decide_again([d for d in claimed if d.purpose == "notice"])
        for delivery in claimed:
            reason = _reason_against(delivery, decided)
            if reason:
                refused[delivery.id] = reason
        for delivery_id, reason in refused.items():
            _mark(delivery_id, "skipped", skip_reason=reason)
    return set(refused)


def _reason_against(delivery: Claimed, decided: Mapping[int, Decision | None]) -> str | None:
    if delivery.user_id is not None and not delivery.active:
        return "deactivated"
    if delivery.purpose != "notice":
        return None
    if not delivery.item_unread:
        return "already_read"
    if delivery.channel == "email" and delivery.address != delivery.email:
        return "address_changed"
    decision = decided.get(delivery.id)
    if decision is None:
        return "deactivated"
    return None if decision.leaves_the_house else decision.outcome.value


def _decide_again(notices: Sequence[Claimed]) -> dict[int, Decision | None]:
    """Route every notice anew: three statements per kind of news in the batch, however many people."""
    by_tag: dict[str, list[Claimed]] = defaultdict(list)
    for delivery in notices:
        by_tag[str(delivery.event_tag)].append(delivery)
    decided: dict[int, Decision | None] = {}
    for tag, deliveries in by_tag.items():
        kind = KINDS[tag]
        account = audience.account_defaults(kind.row)
        for rule in {str(delivery.rule) for delivery in deliveries}:
            same_rule = [d for d in deliveries if d.rule == rule]
            told = {int(d.user_id): Rule(rule) for d in same_rule if d.user_id is not None}
            facts = {person.user_id: person.facts for person in audience.recipients(kind, told)}
            for delivery in same_rule:
                known = facts.get(int(delivery.user_id or 0))
                decisions = choose_channels(kind, known, account) if known else ()
                decided[delivery.id] = next((d for d in decisions if d.channel == delivery.channel), None)
    return decided


def _try_later(delivery: Claimed, error: TemporarySendError) -> None:
    if delivery.attempts > len(RETRY_DELAYS_SECONDS):
        _fail(delivery, error)
        return
    delay = error.retry_after_seconds or RETRY_DELAYS_SECONDS[delivery.attempts - 1]
    with transaction():
        db.session.execute(
            text(
                "UPDATE deliveries SET state = 'pending', claimed_until = NULL, not_before = :at, error = :error"
                " WHERE id = :id AND state = 'sending'"
            ),
            {"id": delivery.id, "at": clock.now() + dt.timedelta(seconds=delay), "error": error.reason},
        )
    log.warning("delivery %s: %s; again in %s s", delivery.id, error.reason, delay, extra={"delivery_id": delivery.id})


def _fail(delivery: Claimed, error: SendError) -> None:
    reason = "address_gone" if isinstance(error, AddressGone) else None
    with transaction():
        _mark(delivery.id, "failed", error=error.reason, skip_reason=reason)
    log.warning("delivery %s failed: %s", delivery.id, error.reason, extra={"delivery_id": delivery.id})


def _finish(delivery_id: int, state: str) -> None:
    with transaction():
        _mark(delivery_id, state)


def _mark(delivery_id: int, state: str, *, error: str | None = None, skip_reason: str | None = None) -> None:
    db.session.execute(
        text(
            "UPDATE deliveries SET state = :state, claimed_until = NULL, finished_at = :now, error = :error,"
            " skip_reason = :skip_reason WHERE id = :id"
        ),
        {"id": delivery_id, "state": state, "now": clock.now(), "error": error, "skip_reason": skip_reason},
    )


def _release(deliveries: Sequence[Claimed], not_before: dt.datetime) -> None:
    """Give claimed rows back as if they had not been tried."""
    if not deliveries:
        return
    with transaction():
        db.session.execute(
            text(
                "UPDATE deliveries SET state = 'pending', claimed_until = NULL, attempts = attempts - 1,"
                " not_before = :at WHERE id = ANY(:ids) AND state = 'sending'"
            ),
            {"ids": [delivery.id for delivery in deliveries], "at": not_before},
        )
