"""people choose the columns of their lists; a lead's next task is found by an index

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "list_columns",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("screen", sa.String(length=40), nullable=False),
        sa.Column("columns", postgresql.ARRAY(sa.String(length=40)), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_list_columns_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "screen", name=op.f("pk_list_columns")),
    )
    op.create_index(
        "ix_tasks_lead_open",
        "tasks",
        ["lead_id", "due_at", "id"],
        postgresql_where=sa.text("completed_at IS NULL AND lead_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_tasks_lead_open", table_name="tasks")
    op.drop_table("list_columns")
