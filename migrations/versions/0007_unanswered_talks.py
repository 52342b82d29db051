"""talks that nobody answers, and notices that a colleague has dealt with

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("talks", sa.Column("unanswered_due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_talks_unanswered",
        "talks",
        ["unanswered_due_at"],
        postgresql_where=sa.text("unanswered_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_talks_silent",
        "talks",
        ["last_public_at"],
        postgresql_where=sa.text("state = 'open' AND waiting_since IS NULL"),
    )
    op.add_column("feed_items", sa.Column("taken", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    op.drop_column("feed_items", "taken")
    op.drop_index("ix_talks_silent", "talks")
    op.drop_index("ix_talks_unanswered", "talks")
    op.drop_column("talks", "unanswered_due_at")
