"""Which roles people hold, their own and their groups', as SQL for a row ``u`` of ``ab_user``."""

from __future__ import annotations

HELD = """
(SELECT ur.role_id FROM ab_user_role ur WHERE ur.user_id = u.id
 UNION ALL SELECT gr.role_id FROM ab_user_group ug JOIN ab_group_role gr USING (group_id) WHERE ug.user_id = u.id)
"""
# Whoever is no free user. Free users are told of no client whom nobody invited them to.
TEAM = f"EXISTS (SELECT FROM ab_role r WHERE r.id IN {HELD} AND r.name <> 'Free')"
ADMIN = f"EXISTS (SELECT FROM ab_role r WHERE r.id IN {HELD} AND r.name = 'Admin')"
