"""What quiet hours and *do not disturb* held: collected per address, out once as one brief at the end.

One open brief per person, channel and address takes everything in (a partial unique index); once it is claimed, later
news opens the next one. So nothing held is lost, and nothing comes twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app import clock
from app.extensions import db
from app.services.settings import quiet


@dataclass(frozen=True, slots=True)
class Held:
    """One notice that waits for the end of a hold, for one address."""

    notification_id: int
    user_id: int
    channel: str
    address: str
    until: dt.datetime


# Follows ``held`` (user_id, channel, address, until): the open brief of each address, a new one where there is none.
OPEN_BRIEF = """brief AS (
    INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, state, not_before, created_at)
    SELECT 'brief:' || user_id || ':' || channel || ':' || address || ':' || gen_random_uuid(), 'brief', channel,
           address, user_id, 'pending', max(until), :now
    FROM held GROUP BY user_id, channel, address ORDER BY user_id, channel, address
    ON CONFLICT (user_id, channel, address) WHERE purpose = 'brief' AND state = 'pending' AND attempts = 0
    DO UPDATE SET not_before = excluded.not_before
    RETURNING id, user_id, channel, address
)"""

_HOLD = text(f"""
WITH held AS (
    SELECT * FROM unnest(CAST(:notification_ids AS bigint[]), CAST(:user_ids AS int[]), CAST(:channels AS text[]),
                         CAST(:addresses AS text[]), CAST(:untils AS timestamptz[]))
        AS held(notification_id, user_id, channel, address, until)
),
{OPEN_BRIEF}
INSERT INTO delivery_items (delivery_id, notification_id)
SELECT brief.id, held.notification_id FROM held JOIN brief USING (user_id, channel, address)
ON CONFLICT DO NOTHING
""")


def hold(held: Sequence[Held]) -> None:
    """Put notices into their address's open brief: one statement."""
    if not held:
        return
    db.session.execute(
        _HOLD,
        {
            "notification_ids": [one.notification_id for one in held],
            "user_ids": [one.user_id for one in held],
            "channels": [one.channel for one in held],
            "addresses": [one.address for one in held],
            "untils": [one.until for one in held],
            "now": clock.now(),
        },
    )


def reschedule(user_id: int) -> None:
    """Move a person's open briefs to the end of the hold as it is now; with none left they are due at once.

    To be called when quiet hours, *do not disturb* or the zone have changed.
    """
    row = db.session.execute(
        text(
            "SELECT u.zone, s.quiet_hours::text AS quiet_hours, s.dnd_until FROM ab_user u"
            " LEFT JOIN user_settings s ON s.user_id = u.id WHERE u.id = :id"
        ),
        {"id": user_id},
    ).one()
    now = clock.now()
    held = quiet.hold_of(row.zone, row.quiet_hours, row.dnd_until, now)
    db.session.execute(
        text(
            "UPDATE deliveries SET not_before = :at, queued_until = NULL"
            " WHERE user_id = :id AND purpose = 'brief' AND state = 'pending' AND attempts = 0"
        ),
        {"id": user_id, "at": held.until if held else now},
    )
