"""Deliveries that are ours for the length of a lease, with all that is needed to decide again and to word them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from app import clock
from app.extensions import db
from app.services.chats.chat_collected import ChatContent

LEASE = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Content:
    """One notice that a digest or brief is made of."""

    delivery_id: int
    notification_id: int
    user_id: int
    item_id: int
    unread: bool
    event_tag: str
    rule: str
    event_data: Mapping[str, Any]
    subject_key: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class ReportReader:
    """Who gets a report, and because of whom; an outside address has no user."""

    recipient_id: int
    outside: bool
    own: bool
    added_by: str
    added_at: dt.datetime


@dataclass(slots=True)
class Found:
    """What deciding again found out for the wording: who requires the mail, what a digest or brief still holds, and
    for whom a report is."""

    required_by: str = ""
    contents: list[Content] = field(default_factory=list)
    chats: list[ChatContent] = field(default_factory=list)
    reader: ReportReader | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """One claimed delivery. The fields of the event are None where it is not about one notice."""

    id: int
    purpose: str
    channel: str
    address: str
    user_id: int | None
    attempts: int
    data: Mapping[str, Any] | None
    active: bool | None
    email: str | None
    zone: str | None
    name: str | None
    notification_id: int | None
    item_id: int | None
    item_unread: bool | None
    event_tag: str | None
    rule: str | None
    event_data: Mapping[str, Any] | None
    subject_key: str | None
    found: Found = field(default_factory=Found, compare=False)


_CLAIM = text("""
UPDATE deliveries SET state = 'sending', claimed_until = :lease, attempts = attempts + 1, queued_until = NULL
WHERE id IN (SELECT id FROM deliveries WHERE id = ANY(:ids) AND state = 'pending' AND not_before <= :now
             ORDER BY id FOR UPDATE SKIP LOCKED)
RETURNING id
""")

_LOAD = text("""
SELECT d.id, d.purpose, d.channel, d.address, d.user_id, d.attempts, d.data,
       u.active, u.email, u.zone, nullif(trim(concat(u.first_name, ' ', u.last_name)), '') AS name,
       n.id AS notification_id, n.feed_item_id AS item_id, i.unread AS item_unread, e.tag AS event_tag, n.rule,
       e.data AS event_data, i.subject_key
FROM deliveries d
LEFT JOIN ab_user u ON u.id = d.user_id
LEFT JOIN notifications n ON n.id = d.notification_id
LEFT JOIN feed_items i ON i.id = n.feed_item_id
LEFT JOIN events e ON e.id = n.event_id
WHERE d.id = ANY(:ids) ORDER BY d.id
""")

_CONTENTS = text("""
SELECT c.delivery_id, n.id AS notification_id, n.user_id, i.id AS item_id, i.unread AND NOT i.archived AS unread,
       e.tag AS event_tag, n.rule, e.data AS event_data, i.subject_key, n.created_at AS at
FROM delivery_items c
JOIN notifications n ON n.id = c.notification_id
JOIN feed_items i ON i.id = n.feed_item_id
JOIN events e ON e.id = n.event_id
WHERE c.delivery_id = ANY(:ids) ORDER BY c.delivery_id, n.id DESC
""")


def claim(ids: Sequence[int]) -> list[Claimed]:
    """Take those among ``ids`` that are due and nobody else has. Inside a transaction; sending happens after it."""
    now = clock.now()
    ours = [row.id for row in db.session.execute(_CLAIM, {"ids": list(ids), "now": now, "lease": now + LEASE})]
    rows = db.session.execute(_LOAD, {"ids": ours}).all() if ours else []
    return [Claimed(**row._mapping) for row in rows]


def contents_of(deliveries: Sequence[Claimed]) -> list[Content]:
    """Return what digests and briefs are made of, newest first."""
    if not deliveries:
        return []
    rows = db.session.execute(_CONTENTS, {"ids": [delivery.id for delivery in deliveries]})
    return [Content(**row._mapping) for row in rows]
