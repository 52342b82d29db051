"""the delivery log by event, notices that devices close again, and what retention looks for

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("event_tag", sa.String(length=40), nullable=True))
    op.add_column("deliveries", sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE deliveries d SET event_tag = e.tag FROM notifications n JOIN events e ON e.id = n.event_id"
        " WHERE n.id = d.notification_id"
    )
    op.execute("UPDATE deliveries SET event_tag = data ->> 'tag' WHERE purpose = 'chat'")
    op.create_index(
        "ix_deliveries_shown",
        "deliveries",
        ["user_id"],
        postgresql_where=sa.text("state = 'sent' AND channel IN ('browser', 'mobile') AND taken_back_at IS NULL"),
    )
    for table in ("deliveries", "notifications", "idempotency_keys"):
        op.create_index(f"ix_{table}_created", table, ["created_at"], postgresql_using="brin")
    op.create_index("ix_feed_items_at", "feed_items", ["at"])


def downgrade() -> None:
    op.drop_index("ix_feed_items_at", "feed_items")
    for table in ("idempotency_keys", "notifications", "deliveries"):
        op.drop_index(f"ix_{table}_created", table)
    op.drop_index("ix_deliveries_shown", "deliveries")
    op.drop_column("deliveries", "taken_back_at")
    op.drop_column("deliveries", "event_tag")
