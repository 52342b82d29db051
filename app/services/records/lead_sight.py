"""Notices about leads that somebody may not see any more leave the center: the setting or the lead's person changed."""

from __future__ import annotations

from sqlalchemy import text

from app import clock
from app.extensions import db
from app.services import live, retractions
from app.services.account import account
from app.services.records.card_sight import SEES
from app.services.talks.talk_sight import PEOPLE
from app.transaction import on_commit

AT_ONCE = 10_000
_UNSEEN = f"""
UPDATE feed_items SET archived = true, unread = false, read_at = coalesce(read_at, :now), remind_at = NULL,
                      changed_at = clock_timestamp()
WHERE id IN (
    SELECT k.id FROM feed_items k
    JOIN (SELECT l.id, l.responsible_id, y.group_id FROM leads l JOIN stages s ON s.id = l.stage_id
          JOIN pipelines y ON y.id = s.pipeline_id) t ON t.id = k.subject_id
    WHERE k.subject_type = 'lead' AND NOT k.archived
      AND (CAST(:lead_id AS bigint) IS NULL OR k.subject_id = CAST(:lead_id AS bigint))
      AND NOT EXISTS (SELECT FROM card_shares c
                      WHERE c.user_id = k.user_id AND c.subject_type = 'lead' AND c.subject_id = t.id)
      AND NOT EXISTS (
        SELECT FROM {PEOPLE.replace("u.id = ANY(:ids)", "u.id = k.user_id")} p WHERE {SEES})
    ORDER BY k.id DESC LIMIT :limit)
RETURNING id
"""


def put_away_unseen(lead_id: int | None = None) -> int:
    """Take away the notices about one lead, or about all, from whom may not open it.

    What was not sent yet about them is cancelled. Return how many: at most ``AT_ONCE``.
    """
    if account.record_visibility() == "all":
        return 0
    db.session.flush()
    values = {"lead_id": lead_id, "limit": AT_ONCE, "now": clock.now()}
    ids = [row.id for row in db.session.execute(text(_UNSEEN), values)]
    retractions.items_read(ids)
    if ids:
        on_commit(lambda: live.changed_items(ids))
    return len(ids)
