"""whether a delivery still has to go is decided when it goes: nothing is noted about it before

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("deliveries", "only_if_unread")


def downgrade() -> None:
    op.add_column("deliveries", sa.Column("only_if_unread", sa.Boolean(), nullable=False, server_default="false"))
