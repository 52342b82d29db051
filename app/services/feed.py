"""A person's feed: the items of the center, what is unread, and what changed since a moment."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from app import clock
from app.catalogue import KINDS, Tab
from app.errors import UserError
from app.models.base import sort_key_of
from app.services import feed_counters, labels, team_feed
from app.services.calls import call_words
from app.services.chats import chat_feed, message_pages
from app.services.clients import client_feed, client_words
from app.services.render import headline
from app.services.searching import escaped

MAX_LIMIT = 100
FILTERS = ("all", *(tab.value for tab in Tab), *client_feed.FILTERS, team_feed.FILTER)

# What sync looks back before its cursor: changes are stamped before they commit, and commit within 20 s.
SYNC_OVERLAP = dt.timedelta(seconds=30)
SYNC_MAX_AGE = dt.timedelta(hours=24)
SYNC_MAX_CHANGES = 500

_COLUMNS = """
    i.id, i.user_id, i.subject_type, i.subject_id, i.tab, i.event_tag, i.rule, i.count, i.unread, i.archived,
    i.at, i.changed_at, i.remind_at, i.taken, e.data, u.zone, t.due_at, t.all_day, t.text AS task,
    CASE i.subject_type WHEN 'task' THEN t.id IS NOT NULL AND t.completed_at IS NULL
                        WHEN 'lead' THEN l.id IS NOT NULL AND l.answered_at IS NULL AND l.closed_at IS NULL
                        WHEN 'user' THEN NOT w.active
                        ELSE true END AS subject_open
FROM feed_items i
JOIN events e ON e.id = i.event_id
JOIN ab_user u ON u.id = i.user_id
LEFT JOIN tasks t ON i.subject_type = 'task' AND t.id = i.subject_id
LEFT JOIN leads l ON i.subject_type = 'lead' AND l.id = i.subject_id
LEFT JOIN ab_user w ON i.subject_type = 'user' AND w.id = i.subject_id
"""

_ACTIONS = {
    "task:assigned": ["complete", "postpone"],
    "task:due_soon": ["complete", "postpone"],
    "task:expired": ["complete", "postpone"],
    "limit:exceeded": ["reactivate"],
    "lead:incoming": ["accept", "decline", "not_mine"],
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last item of a page. ``kind`` is its id's letter: notices come before chats of the same moment."""

    unread: bool
    at: dt.datetime
    id: int
    kind: str = "n"

    def of(self, kind: str) -> tuple[bool, dt.datetime, int]:
        """Return the key after which the items of a kind follow."""
        if kind == self.kind:
            return self.unread, self.at, self.id
        return self.unread, self.at, 0 if kind > self.kind else _AFTER_ALL


# Greater than any id.
_AFTER_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a feed. ``next_cursor`` is None on the last one."""

    items: list[dict[str, Any]]
    next_cursor: str | None


def page(
    session: Session,
    user_id: int,
    *,
    filter: str = "all",
    unread_first: bool = True,
    limit: int = 50,
    cursor: str | None = None,
    q: str = "",
) -> Page:
    """Return a page of the feed: unread first (newest first inside each block), or purely newest first.

    ``limit`` is capped at MAX_LIMIT. Raises UserError for an unknown filter or a broken cursor.
    """
    if filter not in FILTERS:
        raise UserError("invalid", f"filter must be one of {', '.join(FILTERS)}", "filter", 400)
    limit = max(1, min(limit, MAX_LIMIT))
    after = _read_cursor(cursor) if cursor else None
    if filter == team_feed.FILTER:
        items, more = team_feed.page(user_id, limit, (after.at, after.id) if after else None)
        last = items[-1] if more else None
        return Page(items, _write_cursor((False, *team_feed.key_of(last))) if last else None)
    found: list[tuple[tuple[bool, dt.datetime, int], dict[str, Any]]] = []
    found += _notices(session, user_id, filter, unread_first, limit + 1, after, q.strip())
    if filter in ("all", Tab.CHATS, Tab.CLIENTS, *client_feed.FILTERS):
        bound = after.of("c") if after else None
        words = escaped(sort_key_of(q)[:100])
        source = client_feed.page if filter in (Tab.CLIENTS, *client_feed.FILTERS) else chat_feed.page
        kind = "" if filter == "all" else str(filter)
        found += source(session, user_id, unread_first=unread_first, limit=limit + 1, after=bound, q=words, kind=kind)
    # At the same moment notices come first, then what is newer.
    found.sort(
        key=lambda one: (one[0][0] if unread_first else True, one[0][1], one[1]["id"][0], one[0][2]), reverse=True
    )
    shown = found[:limit]
    last_key = (*shown[-1][0], shown[-1][1]["id"][0]) if len(found) > limit else None
    return Page([item for _, item in shown], _write_cursor(last_key) if last_key else None)


def _notices(
    session: Session, user_id: int, filter: str, unread_first: bool, limit: int, after: Cursor | None, q: str
) -> list[tuple[tuple[bool, dt.datetime, int], dict[str, Any]]]:
    where = ["i.user_id = :user_id", "NOT i.archived"]
    values: dict[str, Any] = {"user_id": user_id, "limit": limit}
    if filter != "all":
        where.append("i.tab = :tab" if filter not in client_feed.FILTERS else "false")
        values["tab"] = filter
    if q:
        where.append("e.data ->> 'text' ILIKE :q")
        values["q"] = f"%{escaped(q[:100])}%"
    if after:
        values["c_unread"], values["c_at"], values["c_id"] = after.of("n")
        where.append(
            "(i.unread, i.at, i.id) < (:c_unread, :c_at, :c_id)" if unread_first else "(i.at, i.id) < (:c_at, :c_id)"
        )
    order = "i.unread DESC, i.at DESC, i.id DESC" if unread_first else "i.at DESC, i.id DESC"
    query = f"SELECT {_COLUMNS} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT :limit"
    return [((row.unread, row.at, row.id), _as_item(row)) for row in session.execute(text(query), values)]


def items_by_id(connection: Connection | Session, item_ids: Collection[int]) -> list[tuple[int, dict[str, Any]]]:
    """Return ``(user_id, item)`` pairs for the ids that exist."""
    rows = connection.execute(text(f"SELECT {_COLUMNS} WHERE i.id = ANY(:ids)"), {"ids": list(item_ids)})
    return [(row.user_id, _as_item(row)) for row in rows]


def owners(connection: Connection, item_ids: Collection[int]) -> set[int]:
    """Return whose items these are."""
    rows = connection.execute(text("SELECT DISTINCT user_id FROM feed_items WHERE id = ANY(:ids)"), {"ids": item_ids})
    return {row.user_id for row in rows}


def sync(session: Session, user_id: int, cursor: str | None) -> dict[str, Any]:
    """Return what changed in a person's feed since ``cursor``, or that a fresh start is cheaper.

    The answer is ``{"events": [{"event", "data"}…], "cursor"}`` or ``{"reset": true, "cursor"}``; without a cursor it
    starts now. The cursor is database time, moved with a test's clock; the overlap repeats a few changes, clients merge
    by id and ``changed_at``. Whoever brings a cursor that is too old, of the future or none of ours starts anew: asking
    again with the same one would never help.
    """
    db_now: dt.datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    moved = clock.offset()
    fresh = (db_now + moved).isoformat()
    if cursor is None:
        return {"events": [], "cursor": fresh}
    since = _read_moment(cursor)
    if since is None or not -SYNC_OVERLAP <= db_now + moved - since <= SYNC_MAX_AGE:
        return {"reset": True, "cursor": fresh}
    since -= moved
    since -= SYNC_OVERLAP
    values = {"user_id": user_id, "since": since, "limit": SYNC_MAX_CHANGES + 1}
    query = f"SELECT {_COLUMNS} WHERE i.user_id = :user_id AND i.changed_at > :since ORDER BY i.changed_at LIMIT :limit"
    notices = [_as_item(row) for row in session.execute(text(query), values)]
    told = message_pages.changed_since(session, user_id, since, SYNC_MAX_CHANGES + 1)
    chats = chat_feed.changed_since(session, user_id, since, SYNC_MAX_CHANGES + 1)
    described = chat_feed.described_since(session, user_id, since)
    if len(notices) + len(told) + len(chats) + len(described) > SYNC_MAX_CHANGES:
        return {"reset": True, "cursor": fresh}
    events: list[dict[str, Any]] = [*told, *({"event": "chat.changed", "data": chat} for chat in described)]
    events += [{"event": "notification.changed", "data": item} for item in (*notices, *chats)]
    events.append({"event": "counters", "data": feed_counters.counters(session, [user_id])[user_id]})
    return {"events": events, "cursor": fresh}


@dataclass(frozen=True, slots=True)
class ItemIds:
    """Public ids, told apart: notices ("n:12") and chats ("c:7")."""

    notices: list[int]
    chats: list[int]


def item_ids(values: Iterable[object], field: str = "items") -> ItemIds:
    """Read public ids like "n:12" and "c:7". Raises UserError for anything else."""
    found = ItemIds([], [])
    for value in values:
        kind, _, number = str(value).partition(":")
        if (
            kind not in ("n", "c")
            or not (number.isascii() and number.isdigit())
            or len(number) > (18 if kind == "n" else 9)
        ):
            raise UserError("invalid", f"{str(value)[:40]!r} is not an item", field, 400)
        (found.notices if kind == "n" else found.chats).append(int(number))
    return found


def _as_item(row: Row[Any]) -> dict[str, Any]:
    words = headline(row.event_tag, row.rule, row.data, row.zone)
    call = {"call": call_words.for_center(row.data)} if row.event_tag == "call:ringing" else {}
    return call | {
        "id": f"n:{row.id}",
        "kind": "notice",
        "event": row.event_tag,
        "tab": row.tab,
        "title": words.title,
        "body": client_words.taken_line(row.taken, row.zone) or words.body,
        "url": words.url,
        "unread": row.unread,
        "archived": row.archived,
        "count": row.count,
        "at": row.at.isoformat(),
        "remind_at": row.remind_at.isoformat() if row.remind_at else None,
        "icon": KINDS[row.event_tag].icon,
        "actions": _ACTIONS.get(row.event_tag, []) if row.subject_open and not row.taken else [],
        "subject": {"type": row.subject_type, "id": row.subject_id} | ({"name": row.task} if row.task else {}),
        "source": {"row": KINDS[row.event_tag].row, "label": labels.row_label(KINDS[row.event_tag].row)},
        "due": {"at": row.due_at.isoformat(), "all_day": row.all_day} if row.due_at else None,
        "changed_at": row.changed_at.isoformat(),
    }


def _write_cursor(key: tuple[Any, ...]) -> str:
    unread, at, item_id, *kind = key
    return base64.urlsafe_b64encode(json.dumps([unread, at.isoformat(), item_id, *kind]).encode()).decode()


def _read_cursor(cursor: str) -> Cursor:
    try:
        unread, at, item_id, *kind = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if kind and kind not in (["n"], ["c"]):
            raise ValueError("no such kind of item")
        if not isinstance(item_id, int) or not 0 <= item_id <= _AFTER_ALL:
            raise ValueError("no such id")
        return Cursor(bool(unread), _aware(dt.datetime.fromisoformat(at)), item_id, *kind)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise UserError("invalid", "The cursor is not one of ours", "cursor", 400) from None


def _read_moment(cursor: str) -> dt.datetime | None:
    try:
        return _aware(dt.datetime.fromisoformat(cursor))
    except ValueError:
        return None


def _aware(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without its offset")
    return moment
