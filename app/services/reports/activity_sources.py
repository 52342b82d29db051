"""Which records are behind the numbers of the activity report: one SELECT per source, for counting and for listing.

Each gives the records that count between ``:starts_at`` and ``:ends_at``: the moment ``at``, the person ``user_id``
(NULL for what nobody has taken, then ``group_id`` may tell whose it is), a ``value`` and ``currency`` where there is
one, and the record's key ``ref``. What the numbers mean in words stands in ``figures.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def _between(column: str) -> str:
    return f"{column} >= :starts_at AND {column} < :ends_at"


def _leads(moment: str, only: str = "true") -> str:
    return f"""
    SELECT {moment} AS at, l.responsible_id AS user_id, p.group_id, l.budget AS value, l.currency, l.id AS ref
    FROM leads l JOIN stages s ON s.id = l.stage_id JOIN pipelines p ON p.id = s.pipeline_id
    WHERE {_between(moment)} AND {only}
    """


def _records(
    table: str, moment: str, user: str, only: str = "true", *, group: str = "NULL", value: str = "NULL"
) -> str:
    key = "t.number" if table == "talks" else "t.id"
    return f"""
    SELECT {moment} AS at, {user} AS user_id, CAST({group} AS int) AS group_id, CAST({value} AS numeric) AS value,
           '' AS currency, {key} AS ref
    FROM {table} t WHERE {_between(moment)} AND {only}
    """


def _talks(moment: str, user: str, only: str = "true", value: str = "NULL") -> str:
    return _records("talks", moment, user, only, group="t.group_id", value=value)


def _calls(only: str) -> str:
    return f"""
    SELECT c.started_at AS at, coalesce(c.user_id, c.responsible_id) AS user_id, l.group_id,
           CAST(NULL AS numeric) AS value, '' AS currency, c.id AS ref
    FROM calls c LEFT JOIN call_lines l ON l.id = c.line_id WHERE {_between("c.started_at")} AND {only}
    """


_MESSAGES_IN = f"""
    SELECT m.created_at AS at, t.responsible_id AS user_id, t.group_id, CAST(NULL AS numeric) AS value, '' AS currency,
           m.id AS ref
    FROM messages m LEFT JOIN LATERAL (
        SELECT responsible_id, group_id FROM talks
        WHERE chat_id = m.chat_id AND first_seq <= m.seq ORDER BY number DESC LIMIT 1
    ) t ON true
    WHERE {_between("m.created_at")} AND m.author_kind = 'visitor' AND m.public
    """

_SERVED = "coalesce(t.responsible_id, t.closed_by_id)"
_CLOSER = "coalesce(t.closed_by_id, t.responsible_id)"
# A talk is closed when the client is asked for a score, unless somebody wrote after that; then by its last closing.
_WITH_SURVEY = "t.survey_asked_at IS NOT NULL AND t.last_public_at <= t.survey_asked_at"
_TALKS_CLOSED = (
    _talks("t.survey_asked_at", _CLOSER, f"t.state <> 'open' AND {_WITH_SURVEY}")
    + " UNION ALL "
    + _talks("t.closed_at", _CLOSER, f"t.state = 'closed' AND ({_WITH_SURVEY}) IS NOT TRUE")
)
_REPLY_SECONDS = "extract(epoch FROM t.first_reply_at - t.opened_at)"
_SCORES = _talks("t.survey_asked_at", _SERVED, "t.score IS NOT NULL", "t.score")

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "leads_new": _leads("l.created_at"),
        "leads_won": _leads("l.closed_at", "s.kind = 'won'"),
        "leads_lost": _leads("l.closed_at", "s.kind = 'lost'"),
        "tasks_set": _records("tasks", "t.created_at", "t.author_id"),
        "tasks_done": _records("tasks", "t.completed_at", "coalesce(t.completed_by_id, t.responsible_id)"),
        "tasks_expired": _records(
            "tasks",
            "t.due_at",
            "t.responsible_id",
            "t.due_at <= :now AND (t.completed_at IS NULL OR t.completed_at > t.due_at)",
        ),
        "messages_in": _MESSAGES_IN,
        "messages_out": _records("messages", "t.created_at", "t.author_id", "t.author_kind = 'user' AND t.public"),
        "talks_opened": _talks("t.opened_at", "t.responsible_id"),
        "talks_closed": _TALKS_CLOSED,
        "talks_unanswered": _talks("t.opened_at", "t.responsible_id", "t.first_reply_at IS NULL"),
        # A talk that we began has its first answer at its very beginning.
        "first_replies": _talks(
            "t.first_reply_at", "t.responsible_id", "t.first_reply_at > t.opened_at", _REPLY_SECONDS
        ),
        "calls_in": _calls("c.direction = 'incoming'"),
        "calls_out": _calls("c.direction = 'outgoing'"),
        "calls_missed": _calls("c.direction = 'incoming' AND c.status = 'missed'"),
        "mails_in": _records(
            "events",
            "t.created_at",
            "CAST(t.data ->> 'owner_id' AS int)",
            "t.tag = 'mail:received'",
            group="t.data ->> 'group_id'",
        ),
        "asked": _talks("t.survey_asked_at", _SERVED),
        "scores": _SCORES,
        "promoters": f"SELECT * FROM ({_SCORES}) s WHERE value >= 9",
        "detractors": f"SELECT * FROM ({_SCORES}) s WHERE value <= 6",
        "deliveries_sent": _records("deliveries", "t.finished_at", "t.user_id", "t.state = 'sent'"),
        "deliveries_failed": _records("deliveries", "t.finished_at", "t.user_id", "t.state = 'failed'"),
    }
)
MONEY = ("leads_new", "leads_won", "leads_lost")
