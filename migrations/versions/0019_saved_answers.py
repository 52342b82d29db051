"""saved answers to clients, and up to where they were mailed

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("visitors", sa.Column("mailed_seq", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "saved_answers",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("sort_key", sa.String(length=200, collation="C"), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["ab_user.id"], name=op.f("fk_saved_answers_owner_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_answers")),
    )
    op.create_index(op.f("ix_saved_answers_changed_at"), "saved_answers", ["changed_at"])
    op.create_index("ix_saved_answers_owner", "saved_answers", ["owner_id"])
    op.create_index("ix_saved_answers_sort", "saved_answers", ["sort_key", "id"])
    op.execute(
        "CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON saved_answers"
        " FOR EACH ROW EXECUTE FUNCTION frontdesk_audit()"
    )


def downgrade() -> None:
    op.drop_table("saved_answers")
    op.drop_column("visitors", "mailed_seq")
