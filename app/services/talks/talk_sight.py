"""Who may see which talk, as SQL for many people at once; ``access.visible_talks`` says the same for one person."""

from __future__ import annotations

from app.services.people.held_roles import HELD

GROUPS = """
(SELECT ug.group_id FROM ab_user_group ug WHERE ug.user_id = p.id
 UNION ALL SELECT g.id FROM ab_group g WHERE g.manager_id = p.id)
"""

# People of :ids with what decides for each of them.
PEOPLE = f"""
(SELECT u.id, bool_or(r.name <> 'Free') AS team, bool_or(r.name = 'Admin') AS admin,
        bool_or(r.name = 'Manager') AS manager,
        coalesce((SELECT s.value #>> '{{}}' FROM account_settings s WHERE s.name = 'record_visibility'), 'all') AS sight
 FROM ab_user u JOIN ab_role r ON r.id IN {HELD} WHERE u.id = ANY(:ids) AND u.active GROUP BY u.id)
"""

# A row t of talks is the newest of its chat.
NEWEST = "NOT EXISTS (SELECT FROM talks n WHERE n.chat_id = t.chat_id AND n.number > t.number)"

# A row p of PEOPLE may see a row t of talks.
SEES = f"""
p.team AND (p.admin OR p.sight = 'all' OR t.responsible_id = p.id
    OR (t.responsible_id IS NULL AND (t.group_id IS NULL OR t.group_id IN {GROUPS}))
    OR (p.sight = 'groups' AND t.responsible_id IN (
        SELECT ug.user_id FROM ab_user_group ug WHERE ug.group_id IN {GROUPS}
        UNION ALL SELECT g.manager_id FROM ab_group g WHERE g.id IN {GROUPS})))
"""

WAITING = "waiting"
# Counted per person by feed_counters.counters, with its other branches.
COUNT_WAITING = f"""
SELECT p.id AS user_id, '{WAITING}' AS tab, count(*) AS unread, min(t.waiting_since) AS since
FROM {PEOPLE} p JOIN talks t ON t.waiting_since IS NOT NULL AND {SEES} GROUP BY p.id
"""
