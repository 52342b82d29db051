"""webhooks do not hear of each record that an import writes

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# As 0009 made it, but for the condition.
FUNCTION = """
CREATE OR REPLACE FUNCTION frontdesk_tell_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{condition}
    INSERT INTO deliveries (dedupe_key, purpose, channel, address, state, not_before, data, created_at)
    SELECT 'w:' || w.id || ':' || e.id, 'webhook', 'webhook', 'webhook:' || w.id, 'pending', e.created_at,
           jsonb_build_object('event_id', e.id), e.created_at
    FROM written e JOIN webhooks w ON w.active
        AND (w.topics = '{{}}' OR split_part(e.tag, ':', 1) = ANY(w.topics))
    ON CONFLICT (dedupe_key) DO NOTHING;
    RETURN NULL;
END $$
"""
UNLESS_BULK = "    IF current_setting('frontdesk.bulk', true) = 'on' THEN RETURN NULL; END IF;"


def upgrade() -> None:
    op.execute(FUNCTION.format(condition=UNLESS_BULK))


def downgrade() -> None:
    op.execute(FUNCTION.format(condition=""))
