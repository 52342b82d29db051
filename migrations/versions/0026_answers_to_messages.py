"""deleting a message or an event finds what refers to it by an index

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_messages_reply_to", "messages", ["reply_to_id"], postgresql_where=sa.text("reply_to_id IS NOT NULL")
    )
    op.create_index("ix_reminders_event", "reminders", ["event_id"], postgresql_where=sa.text("event_id IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_reminders_event", table_name="reminders")
    op.drop_index("ix_messages_reply_to", table_name="messages")
