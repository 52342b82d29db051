"""webhooks, whose deliveries a trigger writes with each event

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# In the event's own statement: no event is missed, whoever writes it, and nothing is asked where there is no webhook.
FUNCTION = """
CREATE FUNCTION frontdesk_tell_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deliveries (dedupe_key, purpose, channel, address, state, not_before, data, created_at)
    SELECT 'w:' || w.id || ':' || e.id, 'webhook', 'webhook', 'webhook:' || w.id, 'pending', e.created_at,
           jsonb_build_object('event_id', e.id), e.created_at
    FROM written e JOIN webhooks w ON w.active
        AND (w.topics = '{}' OR split_part(e.tag, ':', 1) = ANY(w.topics))
    ON CONFLICT (dedupe_key) DO NOTHING;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("url", sa.String(300), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("topics", postgresql.ARRAY(sa.String(20)), server_default="{}", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(
        "ix_deliveries_webhook",
        "deliveries",
        ["address", sa.text("id DESC")],
        postgresql_where=sa.text("purpose = 'webhook'"),
    )
    op.execute(FUNCTION)
    op.execute(
        "CREATE TRIGGER tell_webhooks AFTER INSERT ON events REFERENCING NEW TABLE AS written"
        " FOR EACH STATEMENT EXECUTE FUNCTION frontdesk_tell_webhooks()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER tell_webhooks ON events")
    op.execute("DROP FUNCTION frontdesk_tell_webhooks")
    op.drop_index("ix_deliveries_webhook", "deliveries")
    op.execute("DELETE FROM deliveries WHERE purpose = 'webhook'")
    op.drop_table("webhooks")
