"""What a person does with items of the feed: read, unread, archive, remind later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from functools import partial
from typing import Any

from sqlalchemy import text

from app import clock
from app.errors import UserError
from app.extensions import db
from app.services import feed, live, retractions
from app.transaction import on_commit

MAX_ITEMS = 500

_READ = "unread = false, read_at = :now"
_UNREAD = "unread = true, read_at = NULL, archived = false, remind_at = NULL"
_ARCHIVE = "archived = true, unread = false, read_at = coalesce(read_at, :now), remind_at = NULL"
_REMIND = "archived = true, unread = false, read_at = coalesce(read_at, :now), remind_at = :remind_at"


def mark_read(user_id: int, item_ids: Collection[int]) -> list[int]:
    """Mark items read; what waits to be sent about them is cancelled. Return the ids that changed."""
    return _change(user_id, item_ids, _READ, only="unread", cancels=True)


def mark_all_read(user_id: int, tab: str = "all") -> list[int]:
    """Mark everything (or one tab) read in one statement and return the ids, so that it can be undone."""
    if tab not in feed.FILTERS:
        raise UserError("invalid", f"filter must be one of {', '.join(feed.FILTERS)}", "filter", 400)
    rows = db.session.execute(
        text(
            f"UPDATE feed_items SET {_READ}, changed_at = clock_timestamp()"
            " WHERE user_id = :user_id AND unread AND NOT archived AND (:tab = 'all' OR tab = :tab) RETURNING id"
        ),
        {"user_id": user_id, "now": clock.now(), "tab": tab},
    )
    ids = [row.id for row in rows]
    retractions.items_read(ids)
    if ids:
        on_commit(lambda: live.changed_items(ids))
    return ids


def mark_unread(user_id: int, item_ids: Collection[int]) -> list[int]:
    """Mark items unread again, taking them out of the archive."""
    return _change(user_id, item_ids, _UNREAD, only="NOT unread")


def archive(user_id: int, item_ids: Collection[int]) -> list[int]:
    """Put items away; news about the same subject brings them back."""
    return _change(user_id, item_ids, _ARCHIVE, only="NOT archived", cancels=True)


def remind(user_id: int, item_ids: Collection[int], at: dt.datetime) -> list[int]:
    """Put items away until ``at``. Raises UserError when that is not in the coming year."""
    check_moment(at)
    return _change(user_id, item_ids, _REMIND, only="true", cancels=True, remind_at=at)


def check_moment(at: dt.datetime) -> None:
    """Refuse moments of a reminder that are past or far off. Raises UserError."""
    if not clock.now() < at < clock.now() + dt.timedelta(days=366):
        raise UserError("invalid", "Choose a moment in the coming year", "at")


def wake_reminded(limit: int = 500) -> int:
    """Bring back the items whose moment has come, as unread and with a popup. Return how many."""
    now = clock.now()
    rows = db.session.execute(
        text(
            "UPDATE feed_items SET unread = true, read_at = NULL, archived = false, remind_at = NULL, at = :now,"
            " changed_at = clock_timestamp()"
            " WHERE id IN (SELECT id FROM feed_items WHERE remind_at <= :now ORDER BY remind_at LIMIT :limit"
            " FOR UPDATE SKIP LOCKED) RETURNING id, user_id"
        ),
        {"now": now, "limit": limit},
    ).all()
    for row in rows:
        on_commit(partial(live.show_items, {row.user_id: row.id}, {row.user_id}))
    return len(rows)


def settle_subject(
    subject_key: str, *, only_user_id: int | None = None, archived: bool = False, taken_by: str | None = None
) -> None:
    """Take a subject's notices out of unread for everybody (or one person), and cancel what was not sent yet.

    Arguments as of :func:`settle_subjects`.
    """
    only = None if only_user_id is None else [only_user_id]
    settle_subjects([subject_key], only_user_ids=only, archived=archived, taken_by=taken_by)


def settle_subjects(
    subject_keys: Collection[str],
    *,
    only_user_ids: Collection[int] | None = None,
    archived: bool = False,
    taken_by: str | None = None,
) -> None:
    """The same for several subjects at once, for everybody or some people.

    ``archived`` also takes them out of the feed: the news is no longer this person's. ``taken_by`` makes them say who
    has dealt with it and when.
    """
    if not subject_keys or (only_user_ids is not None and not only_user_ids):
        return
    rows = db.session.execute(
        text(
            "UPDATE feed_items SET unread = false, read_at = coalesce(read_at, :now), archived = archived OR :archived,"
            " remind_at = NULL, changed_at = clock_timestamp(),"
            " taken = CASE WHEN CAST(:taken_by AS text) IS NULL THEN taken"
            "  ELSE jsonb_build_object('by', CAST(:taken_by AS text), 'at', CAST(:taken_at AS text)) END"
            " WHERE subject_key = ANY(:subject_keys) AND (CAST(:user_ids AS int[]) IS NULL"
            "  OR user_id = ANY(CAST(:user_ids AS int[])))"
            " AND (unread OR remind_at IS NOT NULL OR NOT archived) RETURNING id"
        ),
        {
            "subject_keys": list(subject_keys),
            "user_ids": None if only_user_ids is None else list(only_user_ids),
            "now": clock.now(),
            "archived": archived,
            "taken_by": taken_by,
            "taken_at": clock.now().isoformat(),
        },
    )
    ids = [row.id for row in rows]
    retractions.items_read(ids)
    if ids:
        on_commit(lambda: live.changed_items(ids))


def bring_back(subject_key: str) -> None:
    """Show a subject's notices again, unread: what withdrew them was taken back."""
    rows = db.session.execute(
        text(
            f"UPDATE feed_items SET {_UNREAD}, taken = NULL, changed_at = clock_timestamp()"
            " WHERE subject_key = :subject_key AND archived RETURNING id"
        ),
        {"subject_key": subject_key},
    )
    ids = [row.id for row in rows]
    if ids:
        on_commit(lambda: live.changed_items(ids))


def _change(
    user_id: int, item_ids: Collection[int], setting: str, *, only: str, cancels: bool = False, **values: Any
) -> list[int]:
    if len(item_ids) > MAX_ITEMS:
        raise UserError("invalid", f"At most {MAX_ITEMS} items at once", "items", 413)
    rows = db.session.execute(
        text(
            f"UPDATE feed_items SET {setting}, changed_at = clock_timestamp()"
            f" WHERE user_id = :user_id AND id = ANY(:ids) AND {only} RETURNING id"
        ),
        {"user_id": user_id, "ids": list(item_ids), "now": clock.now(), **values},
    )
    changed = [row.id for row in rows]
    if cancels:
        retractions.items_read(changed)
    if changed:
        on_commit(lambda: live.changed_items(changed))
    return changed
