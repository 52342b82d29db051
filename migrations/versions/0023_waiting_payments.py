"""Stripe's events are kept as they come in and taken after that

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stripe_events", sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("stripe_events", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("stripe_events", sa.Column("failures", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_stripe_events_waiting",
        "stripe_events",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("said IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_stripe_events_waiting", table_name="stripe_events")
    op.drop_column("stripe_events", "failures")
    op.drop_column("stripe_events", "due_at")
    op.drop_column("stripe_events", "said")
