"""Who may see a card, as SQL for many people at once; ``access.access_card`` says the same for one person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, text

from app.extensions import db
from app.models.chats import Chat, MemberRole
from app.services.chats import chat_members
from app.services.talks.talk_sight import GROUPS, PEOPLE

# The responsible user of a record, and the group that one without belongs to (none: everybody's).
_RECORD = {
    "lead": "SELECT l.responsible_id, y.group_id FROM leads l JOIN stages s ON s.id = l.stage_id"
    " JOIN pipelines y ON y.id = s.pipeline_id WHERE l.id = :record_id",
    "contact": "SELECT responsible_id, CAST(NULL AS int) AS group_id FROM contacts WHERE id = :record_id",
    "company": "SELECT responsible_id, CAST(NULL AS int) AS group_id FROM companies WHERE id = :record_id",
}

# A row p of PEOPLE may see a row t of records (responsible_id, group_id) that nobody shared with them.
SEES = f"""
p.team AND (p.admin OR p.sight = 'all' OR t.responsible_id = p.id
    OR (p.sight = 'groups' AND (
        (t.responsible_id IS NULL AND (t.group_id IS NULL OR t.group_id IN {GROUPS}))
        OR t.responsible_id IN (
            SELECT ug.user_id FROM ab_user_group ug WHERE ug.group_id IN {GROUPS}
            UNION ALL SELECT g.manager_id FROM ab_group g WHERE g.id IN {GROUPS}))))
"""


def who_sees(kind: str, record_id: int, user_ids: Collection[int]) -> set[int]:
    """Return who of these people may open the card: one statement."""
    query = text(
        f"SELECT p.id FROM {PEOPLE} p JOIN ({_RECORD[kind]}) t ON true WHERE {SEES}"
        " OR EXISTS (SELECT FROM card_shares s"
        " WHERE s.user_id = p.id AND s.subject_type = :kind AND s.subject_id = :record_id)"
    )
    rows = db.session.execute(query, {"ids": list(user_ids), "kind": kind, "record_id": record_id})
    return {row.id for row in rows}


def concerned(chat_id: int, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return whom news of a card's chat concerns: who is in it or mentioned, and may still open the card.

    Who may not any more, as the record went to another group, leaves the chat with that.
    """
    chat = db.session.get_one(Chat, chat_id)
    seeing = who_sees(str(chat.subject_type), int(chat.subject_id or 0), [row.user_id for row in rows])
    gone = [row.user_id for row in rows if row.user_id not in seeing]
    if gone:
        chat_members.go(chat, gone)
    return [row for row in rows if row.user_id in seeing and (row.role != MemberRole.VIEWER or row.mentioned)]
