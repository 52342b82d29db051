"""who is asked about a talk reads from its first message on

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chat_members", sa.Column("from_seq", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(
        "UPDATE chat_members m SET from_seq = coalesce((SELECT t.first_seq FROM talks t WHERE t.chat_id = m.chat_id"
        " AND t.opened_at <= m.joined_at ORDER BY t.number DESC LIMIT 1), 0) WHERE m.role = 'guest'"
    )


def downgrade() -> None:
    op.drop_column("chat_members", "from_seq")
