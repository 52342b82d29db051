"""What an admin sees first: how channels are, which talks nobody has taken, who is shut out, what could not be sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select, text

from app import clock
from app.extensions import db
from app.models.people import User
from app.services.account import account, channel_health
from app.services.people.held_roles import ADMIN, TEAM
from app.services.people.names import NAME_SQL

HOURS = 24
SHOWN_MAX = 5
COLLEAGUES_MAX = 20
# Failures and deactivations older than that are in their lists, not here.
DAYS = 7

_BY_HOUR = text("""
SELECT channel, width_bucket(extract(epoch FROM finished_at - :since) / 3600, 0, :hours, :hours) - 1 AS hour,
       count(*) FILTER (WHERE state = 'sent') AS sent, count(*) FILTER (WHERE state = 'failed') AS failed
FROM deliveries
WHERE created_at >= :written_since AND finished_at >= :since AND finished_at < :now AND state IN ('sent', 'failed')
GROUP BY 1, 2
""")

_UNTAKEN = text("""
SELECT t.number, t.chat_id, t.group_id, t.waiting_since, c.name AS contact, g.label, g.name AS group_name,
       EXISTS (SELECT 1 FROM visitors v WHERE v.chat_id = t.chat_id AND v.messenger_id IS NOT NULL) AS by_messenger,
       (SELECT m.body FROM messages m WHERE m.chat_id = t.chat_id AND m.public AND m.deleted_at IS NULL
        ORDER BY m.seq DESC LIMIT 1) AS body, count(*) OVER () AS amount
FROM talks t LEFT JOIN contacts c ON c.id = t.contact_id LEFT JOIN ab_group g ON g.id = t.group_id
WHERE t.state = 'open' AND t.responsible_id IS NULL
ORDER BY t.waiting_since NULLS LAST, t.number LIMIT :limit
""")

# Colleagues of the shown talks' groups; None stands for talks of no group, which are the admins'.
_COLLEAGUES = text(f"""
SELECT * FROM (
    SELECT ug.group_id, u.id, {NAME_SQL} AS name,
           row_number() OVER (PARTITION BY ug.group_id ORDER BY u.sort_key, u.id) AS n
    FROM ab_user u JOIN ab_user_group ug ON ug.user_id = u.id WHERE u.active AND ug.group_id = ANY(:group_ids)
      AND {TEAM}
    UNION ALL
    SELECT NULL, u.id, {NAME_SQL}, row_number() OVER (ORDER BY u.sort_key, u.id)
    FROM ab_user u WHERE u.active AND {ADMIN}
) found WHERE n <= :limit ORDER BY group_id, n
""")

_FAILED = text(f"""
SELECT d.id, d.purpose, d.event_tag, d.channel, d.address, d.error, d.attempts, d.finished_at,
       CASE WHEN u.id IS NOT NULL THEN {NAME_SQL} END AS name, count(*) OVER () AS amount
FROM deliveries d LEFT JOIN ab_user u ON u.id = d.user_id
WHERE d.state = 'failed' AND d.finished_at >= :since ORDER BY d.id DESC LIMIT :limit
""")

_NEAR = text("""
SELECT c.user_id, c.kind, c.span FROM activity_counters c
WHERE c.near_at IS NOT NULL AND c.exceeded_at IS NULL
  AND c.starts_at >= date_trunc(c.span, CAST(:now AS timestamptz), :zone)
ORDER BY c.starts_at DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Channel:
    """One way out: what went and failed per hour of the last 24, the oldest first, and what the self-test says."""

    name: str
    health: dict[str, Any]
    sent: tuple[int, ...]
    failed: tuple[int, ...]

    @property
    def highest(self) -> int:
        """The busiest hour, at least 1: what bars are measured by."""
        return max(1, *(sent + failed for sent, failed in zip(self.sent, self.failed)))


@dataclass(frozen=True, slots=True)
class Shown:
    """The first few of a kind, and how many there are."""

    rows: Sequence[Any]
    amount: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page. ``colleagues`` is keyed by a talk's group: whom it can be given to."""

    channels: list[Channel]
    untaken: Shown
    deactivated: Sequence[User]
    near: list[tuple[User, str, str]]
    failed: Shown
    colleagues: dict[int | None, list[Row[Any]]] = field(default_factory=dict)


def overview() -> Overview:
    """Return what the page shows, in statements whose number does not depend on what there is."""
    now = clock.now()
    untaken = _first(_UNTAKEN, {"limit": SHOWN_MAX})
    recent = {"since": now - dt.timedelta(days=DAYS), "limit": SHOWN_MAX}
    return Overview(
        channels=_channels(now),
        untaken=untaken,
        deactivated=db.session.scalars(
            select(User)
            .where(User.active.is_(False), User.deactivated_at >= recent["since"])
            .order_by(User.deactivated_at.desc())
            .limit(SHOWN_MAX)
        ).all(),
        near=_near(now),
        failed=_first(_FAILED, recent),
        colleagues=_colleagues(untaken.rows),
    )


def _channels(now: dt.datetime) -> list[Channel]:
    since = now - dt.timedelta(hours=HOURS)
    # Written at most a day before the window: the ladder of tries ends after seven hours, held ones after a night.
    values = {"since": since, "written_since": since - dt.timedelta(days=2), "now": now, "hours": HOURS}
    counted = {(row.channel, int(row.hour)): row for row in db.session.execute(_BY_HOUR, values)}
    return [
        Channel(
            name=health["channel"],
            health=health,
            sent=tuple(getattr(counted.get((health["channel"], hour)), "sent", 0) for hour in range(HOURS)),
            failed=tuple(getattr(counted.get((health["channel"], hour)), "failed", 0) for hour in range(HOURS)),
        )
        for health in channel_health.overview()
    ]


def _near(now: dt.datetime) -> list[tuple[User, str, str]]:
    """Who was warned in this hour or day and has not gone over the limit."""
    rows = db.session.execute(_NEAR, {"now": now, "zone": account.zone(), "limit": SHOWN_MAX}).all()
    wanted = select(User).where(User.id.in_([row.user_id for row in rows]))
    people = {user.id: user for user in db.session.scalars(wanted)} if rows else {}
    return [(people[row.user_id], row.kind, row.span) for row in rows if people[row.user_id].active]


def _colleagues(talks: Sequence[Any]) -> dict[int | None, list[Row[Any]]]:
    found: dict[int | None, list[Row[Any]]] = {}
    if talks:
        group_ids = sorted({talk.group_id for talk in talks if talk.group_id is not None})
        for row in db.session.execute(_COLLEAGUES, {"group_ids": group_ids, "limit": COLLEAGUES_MAX}):
            found.setdefault(row.group_id, []).append(row)
    return found


def _first(statement: Any, values: dict[str, Any]) -> Shown:
    rows = db.session.execute(statement, values).all()
    return Shown(rows, rows[0].amount if rows else 0)
