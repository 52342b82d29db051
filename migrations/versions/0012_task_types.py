"""task types, and the currency of a pipeline

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pipelines", sa.Column("currency", sa.String(length=3), server_default="EUR", nullable=False))
    task_types = op.create_table(
        "task_types",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("colour", sa.String(length=10), server_default="1", nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_types")),
        sa.UniqueConstraint("key", name=op.f("uq_task_types_key")),
        sa.UniqueConstraint("name", name=op.f("uq_task_types_name")),
    )
    op.bulk_insert(
        task_types,
        [
            {"key": key, "name": name, "colour": colour, "position": position}
            for position, (key, name, colour) in enumerate(
                (
                    ("todo", "To do", "1"),
                    ("call", "Call", "2"),
                    ("meeting", "Meeting", "3"),
                    ("mail", "Mail", "4"),
                    ("offer", "Offer", "won"),
                )
            )
        ],
    )
    op.execute(
        "CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON task_types"
        " FOR EACH ROW EXECUTE FUNCTION frontdesk_audit()"
    )
    op.create_index("ix_tasks_type", "tasks", ["type", "id"])


def downgrade() -> None:
    op.drop_index("ix_tasks_type", table_name="tasks")
    op.drop_table("task_types")
    op.drop_column("pipelines", "currency")
