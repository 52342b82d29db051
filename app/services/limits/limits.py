"""Counting what people open and are shown: the one place which every screen and API goes through.

Call it after authorisation and outside a transaction: a count is committed at once, in one statement, so that of two
requests at the same moment only one gets the last allowed item. Redis has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import has_request_context, request
from flask_babel import gettext
from sqlalchemy import BigInteger, Integer, Row, String, bindparam, text

from app import clock
from app.errors import UserError
from app.extensions import db
from app.models.crm import Company, Contact, Lead, Task
from app.models.limits import Counted
from app.models.people import User

NEAR_PERCENT = 80
CARDS: Mapping[type, str] = {Lead: "lead", Contact: "contact", Company: "company"}

# Hour and day of the account's zone that a moment falls in, both as UTC.
_WINDOW = """
win AS (
    SELECT date_trunc('hour', CAST(:at AS timestamptz), z.zone) AS hour_at,
           date_trunc('day', CAST(:at AS timestamptz), z.zone) AS day_at
    FROM (SELECT coalesce((SELECT value #>> '{}' FROM account_settings WHERE name = 'zone'), 'UTC') AS zone) z
)
"""

# A card that counts again keeps the moment of its first opening: what was seen when somebody was put out stays so.
# In the day a card counts only when no hour of it has seen the card before.
_COUNT = text(f"""
WITH {_WINDOW},
opened AS (
    INSERT INTO card_openings AS o (user_id, hour_at, subject_type, subject_id, at)
    SELECT :user_id, win.hour_at, :subject_type, :subject_id, :at FROM win WHERE CAST(:subject_id AS bigint) IS NOT NULL
    ON CONFLICT (user_id, hour_at, subject_type, subject_id)
        DO UPDATE SET forgiven = false WHERE o.forgiven
    RETURNING 1
),
shown AS (
    INSERT INTO list_showings (user_id, at, place, amount) SELECT :user_id, :at, :place, :items WHERE :items > 0
),
wanted (kind, span, starts_at, n) AS (
    SELECT 'cards', 'hour', win.hour_at, 1 FROM win WHERE EXISTS (SELECT FROM opened)
    UNION ALL
    SELECT 'cards', 'day', win.day_at, 1 FROM win WHERE EXISTS (SELECT FROM opened) AND NOT EXISTS (
        SELECT FROM card_openings e WHERE e.user_id = :user_id AND e.hour_at >= win.day_at AND NOT e.forgiven
           AND e.subject_type = :subject_type AND e.subject_id = :subject_id)
    UNION ALL
    SELECT 'items', 'hour', win.hour_at, :items FROM win WHERE :items > 0
    UNION ALL
    SELECT 'items', 'day', win.day_at, :items FROM win WHERE :items > 0
),
counted AS (
    INSERT INTO activity_counters AS c (user_id, kind, span, starts_at, amount)
    SELECT :user_id, wanted.kind, wanted.span, wanted.starts_at, wanted.n FROM wanted
    ON CONFLICT (user_id, kind, span, starts_at) DO UPDATE SET amount = c.amount + excluded.amount
    RETURNING c.kind, c.span, c.starts_at, c.amount - c.forgiven AS amount, c.near_at
),
rules AS (
    SELECT DISTINCT ON (r.kind, r.span) r.kind, r.span, r.amount AS allowed FROM limit_rules r
    WHERE r.active
      AND (r.scope = 'everyone' OR r.role_id = ANY(:role_ids) OR r.group_id = ANY(:group_ids) OR r.user_id = :user_id)
    ORDER BY r.kind, r.span, array_position(ARRAY['user', 'group', 'role', 'everyone'], CAST(r.scope AS text)), r.amount
)
SELECT counted.*, rules.allowed FROM counted JOIN rules USING (kind, span)
""").bindparams(
    bindparam("subject_type", type_=String),
    bindparam("subject_id", type_=BigInteger),
    bindparam("items", type_=Integer),
)


class LimitExceeded(UserError):
    """The person was deactivated by an activity limit just now; nothing must be shown."""

    def __init__(self) -> None:
        message = gettext("An activity limit was exceeded: your account is deactivated. Ask an admin of your account.")
        super().__init__("deactivated", message, status=403)


def count_items(user: User, amount: int, place: str = "") -> None:
    """Count elements of a list, board, search result or export. Raises LimitExceeded.

    ``place`` is kept as evidence; the request's address where it is left out.
    """
    if amount > 0:
        _count(user, items=amount, place=place)


def count_records(user: User, records: Iterable[Any], place: str = "") -> None:
    """Count a list of records: clients and leads always, tasks that are not the person's own, and what names a client
    (calls, payments). Raises LimitExceeded.
    """
    count_items(user, _amount(user, records), place)


def count_rows(user: User, model: type[Any], rows: Iterable[Mapping[str, Any]]) -> None:
    """Count the rows of a generated list of ``model``, each as column → value. Raises LimitExceeded."""
    if model is Task:
        count_items(user, sum(1 for row in rows if getattr(row.get("responsible"), "id", 0) != user.id))
    elif model in CARDS:
        count_items(user, sum(1 for _row in rows))
    elif hasattr(model, "contact_id"):
        count_items(user, sum(1 for row in rows if row.get("contact") is not None))


def count_record(user: User, record: Any, beside: Iterable[Any] = ()) -> None:
    """Count that one record was opened, as a card, or as one item where it has none, with the lists on its page.

    Of a card only the first opening in a window counts. Raises LimitExceeded.
    """
    kind = CARDS.get(type(record))
    if kind is None:
        count_records(user, [record, *beside])
    else:
        _count(user, card=(kind, record.id), items=_amount(user, beside))


def restart(user_ids: list[int] | None, kinds: Iterable[str] = tuple(Counted)) -> None:
    """Let the counters of the current windows begin again, of these people or of everybody; history stays."""
    wanted, now = list(kinds), clock.now()
    own = "(CAST(:user_ids AS int[]) IS NULL OR user_id = ANY(:user_ids))"
    db.session.execute(
        text(
            f"WITH {_WINDOW} UPDATE activity_counters SET forgiven = amount, near_at = NULL, exceeded_at = NULL"
            f" FROM win WHERE {own} AND kind = ANY(:kinds)"
            " AND (span = 'hour' AND starts_at = win.hour_at OR span = 'day' AND starts_at = win.day_at)"
        ),
        {"user_ids": user_ids, "kinds": wanted, "at": now},
    )
    if Counted.CARDS in wanted:
        db.session.execute(
            text(
                f"WITH {_WINDOW} UPDATE card_openings SET forgiven = true FROM win WHERE {own}"
                " AND card_openings.hour_at >= win.day_at"
            ),
            {"user_ids": user_ids, "at": now},
        )


def _amount(user: User, records: Iterable[Any]) -> int:
    return sum(1 for record in records if _counts(user, record))


def _counts(user: User, record: Any) -> bool:
    if isinstance(record, Task):
        return record.responsible_id != user.id
    return type(record) in CARDS or getattr(record, "contact_id", None) is not None


def _count(user: User, *, card: tuple[str, int] | None = None, items: int = 0, place: str = "") -> None:
    subject_type, subject_id = card or (None, None)
    where = place or (request.path if has_request_context() else "")
    rows = db.session.execute(
        _COUNT,
        {
            "user_id": user.id,
            "at": clock.now(),
            "subject_type": subject_type,
            "subject_id": subject_id,
            "items": items,
            "place": where[:200],
            "role_ids": [role.id for role in (*user.roles, *(role for group in user.groups for role in group.roles))],
            "group_ids": [group.id for group in user.groups],
        },
    ).all()
    _commit()
    for row in rows:
        _judge(user, row)


def _commit() -> None:
    """Commit the count alone: what the page has loaded stays loaded."""
    session = db.session()
    expire, session.expire_on_commit = session.expire_on_commit, False
    try:
        session.commit()
    finally:
        session.expire_on_commit = expire


def _judge(user: User, row: Row[Any]) -> None:
    from app.services.limits import limit_breaches

    kind = Counted(row.kind)
    if row.amount > row.allowed:
        if limit_breaches.exceeded(user.id, kind, row.span, row.starts_at, row.amount, row.allowed):
            raise LimitExceeded
    elif row.near_at is None and row.amount * 100 >= row.allowed * NEAR_PERCENT:
        limit_breaches.near(user.id, kind, row.span, row.starts_at, row.amount, row.allowed)
