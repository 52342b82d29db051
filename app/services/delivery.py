"""The one way out of the house: claim → recheck → send → mark. Nothing is open in the database while sending.

A delivery is sent at least once: a crash between the provider's yes and the commit repeats it, with the same
Message-ID. Where the provider had not taken it, it is never sent twice: two claims of one row cannot both succeed.
A database that only hiccups at that moment repeats nothing: how a try ended is written again.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from app import clock
from app.channels import CHANNELS
from app.errors import AddressGone, NothingToTell, PermanentSendError, SendError, TemporarySendError
from app.extensions import db
from app.services import outbound
from app.services.account import channel_health, lost_addresses
from app.services.claimed import Claimed, Found, claim
from app.services.outgoing import PURPOSES
from app.services.settings import devices
from app.transaction import savepoint, transaction

log = logging.getLogger(__name__)

BATCH_SECONDS = 60
RETRY_DELAYS_SECONDS = (30, 120, 600, 3600, 21600)
# How long a database that restarts may take until the outcome of a try is given up, and the try with it.
WRITE_AGAIN_SECONDS = (0.2, 1.0, 5.0)


def deliver(channel: str, ids: Sequence[int]) -> None:
    """Send what is due among ``ids``: at most one batch, over one connection of the channel.

    Stops after BATCH_SECONDS or at the first sign that the connection is gone, and gives the rest back.
    """
    with transaction():
        claimed = claim(ids)
    if not claimed:
        return
    left = _recheck(claimed)
    wire = devices.wire_addresses([delivery.address for delivery in left])
    db.session.rollback()  # nothing is open while sending
    started = time.monotonic()
    with CHANNELS[channel].open() as sender:
        while left:
            if time.monotonic() - started > BATCH_SECONDS:
                _release(left, clock.now())
                return
            delivery = left.pop(0)
            try:
                message = PURPOSES[delivery.purpose].message(delivery)
                db.session.rollback()
                receipt = sender.send(wire.get(delivery.address, delivery.address), message)
            except TemporarySendError as error:
                _try_later(delivery, error)
                if error.connection_lost:
                    wait = error.retry_after_seconds or RETRY_DELAYS_SECONDS[0]
                    _release(left, clock.now() + dt.timedelta(seconds=wait))
                    return
            except SendError as error:
                _fail(delivery, error)
            except NothingToTell as nothing:
                db.session.rollback()
                _skip(delivery, nothing.reason)
            except (DBAPIError, NoConnection) as error:  # what the database could not do now is no fault of the message
                db.session.rollback()
                log.warning("delivery %s could not be prepared: %s", delivery.id, type(error).__name__)
                _try_later(delivery, TemporarySendError(f"Could not be prepared: {type(error).__name__}"))
            except Exception as error:  # one broken message must not hold up the others
                log.exception("delivery %s could not be prepared", delivery.id)
                db.session.rollback()
                _fail(delivery, PermanentSendError(f"Could not be prepared: {type(error).__name__}"))
            else:
                _finish(delivery, receipt)


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
            "UPDATE deliveries SET state = 'pending', error = NULL, finished_at = NULL, skip_reason = NULL,"
            " attempts = CASE purpose WHEN 'brief' THEN 1 ELSE 0 END, not_before = :now, queued_until = NULL"
            " WHERE id = :id AND state = 'failed' RETURNING id"
        ),
        {"id": delivery_id, "now": clock.now()},
    ).first()
    return row is not None


def _recheck(claimed: Sequence[Claimed]) -> list[Claimed]:
    """Decide again with what is true now; return what may leave. One that cannot be decided holds up no other."""
    try:
        refused = _refuse(claimed)
    except (OperationalError, InterfaceError, NoConnection):
        raise
    except Exception as error:
        log.exception("deliveries %s could not be decided again", [delivery.id for delivery in claimed])
        if len(claimed) == 1:
            _fail(claimed[0], PermanentSendError(f"Could not be prepared: {type(error).__name__}"))
            return []
        return [left for one in claimed for left in _recheck([replace(one, found=Found())])]
    return [delivery for delivery in claimed if delivery.id not in refused]


def _refuse(claimed: Sequence[Claimed]) -> dict[int, str]:
    """Mark what must not leave any more; return why, by id."""
    by_purpose: dict[str, list[Claimed]] = defaultdict(list)
    for delivery in claimed:
        by_purpose[delivery.purpose].append(delivery)
    refused: dict[int, str] = {}
    with transaction():
        for purpose, deliveries in by_purpose.items():
            refused |= PURPOSES[purpose].refuse(deliveries)
        for delivery_id, reason in refused.items():
            _mark(delivery_id, "skipped", skip_reason=reason)
    return refused


def _try_later(delivery: Claimed, error: TemporarySendError) -> None:
    if delivery.attempts > len(RETRY_DELAYS_SECONDS):
        _fail(delivery, error)
        return
    delay = error.retry_after_seconds or RETRY_DELAYS_SECONDS[delivery.attempts - 1]

    def write() -> None:
        db.session.execute(
            text(
                "UPDATE deliveries SET state = 'pending', claimed_until = NULL, not_before = :at, error = :error"
                " WHERE id = :id AND state = 'sending'"
            ),
            {"id": delivery.id, "at": clock.now() + dt.timedelta(seconds=delay), "error": error.reason},
        )
        _tell_purpose(delivery, error, final=False)
        if error.connection_lost and error.retry_after_seconds is None:
            channel_health.suspect(delivery.channel)

    _write(delivery, write)
    log.warning(
        "delivery %s: %s; again in %s s", delivery.id, error.reason, delay, extra={"fields": {"delivery": delivery.id}}
    )


def _fail(delivery: Claimed, error: SendError) -> None:
    reason = "address_gone" if isinstance(error, AddressGone) else None

    def write() -> None:
        if not _mark(delivery.id, "failed", error=error.reason, skip_reason=reason):
            return
        if reason:
            lost_addresses.forget(delivery, error.reason)
        _tell_purpose(delivery, error, final=True)

    _write(delivery, write)
    log.warning("delivery %s failed: %s", delivery.id, error.reason, extra={"fields": {"delivery": delivery.id}})


def _skip(delivery: Claimed, reason: str) -> None:
    def write() -> None:
        _mark(delivery.id, "skipped", skip_reason=reason)

    _write(delivery, write)


def _finish(delivery: Claimed, receipt: str | None) -> None:
    def write() -> None:
        if not _mark(delivery.id, "sent", receipt=receipt):
            return
        _tell_purpose(delivery, None, final=True)
        if delivery.address.startswith(devices.ADDRESS_PREFIX):
            db.session.execute(
                text("UPDATE devices SET last_used_at = :now WHERE id = :id"),
                {"now": clock.now(), "id": int(delivery.address.removeprefix(devices.ADDRESS_PREFIX))},
            )

    try:
        _write(delivery, write)
    except Exception:
        log.error("delivery %s was sent, and will be sent again: that could not be written", delivery.id)
        raise


def _write(delivery: Claimed, write: Callable[[], None]) -> None:
    """Write how a try ended in a transaction, again where the database hiccups. Raises its last error."""
    for wait in WRITE_AGAIN_SECONDS:
        try:
            with transaction():
                write()
        except (OperationalError, InterfaceError, NoConnection) as error:
            kind = type(error).__name__
            log.warning("delivery %s: the outcome could not be written: %s; again in %s s", delivery.id, kind, wait)
            time.sleep(wait)
        else:
            return
    with transaction():
        write()


def _tell_purpose(delivery: Claimed, error: SendError | None, *, final: bool) -> None:
    """Let the purpose do what follows; what it cannot do is logged: undoing the outcome would send it once more."""
    after = PURPOSES[delivery.purpose].after
    if after is None:
        return
    try:
        with savepoint():
            after(delivery, error, final)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("delivery %s: what follows it failed", delivery.id)


def _mark(
    delivery_id: int,
    state: str,
    *,
    error: str | None = None,
    skip_reason: str | None = None,
    receipt: str | None = None,
) -> bool:
    """Return False for a delivery that is over: a commit whose answer was lost had succeeded."""
    row = db.session.execute(
        text(
            "UPDATE deliveries SET state = :state, claimed_until = NULL, finished_at = :now, error = :error,"
            " skip_reason = :skip_reason, receipt = :receipt WHERE id = :id AND finished_at IS NULL RETURNING id"
        ),
        {
            "id": delivery_id,
            "state": state,
            "now": clock.now(),
            "error": error,
            "skip_reason": skip_reason,
            "receipt": receipt,
        },
    ).first()
    return row is not None


def _release(deliveries: Sequence[Claimed], not_before: dt.datetime) -> None:
    """Give claimed rows back as if they had not been tried."""
    if not deliveries:
        return
    with transaction():
        db.session.execute(
            text(
                "UPDATE deliveries SET state = 'pending', claimed_until = NULL,"
                # A brief that was claimed once is closed: with no attempts it would be the open one again.
                " attempts = CASE purpose WHEN 'brief' THEN attempts ELSE attempts - 1 END, not_before = :at"
                " WHERE id = ANY(:ids) AND state = 'sending'"
            ),
            {"ids": [delivery.id for delivery in deliveries], "at": not_before},
        )
