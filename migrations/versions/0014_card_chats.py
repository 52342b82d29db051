"""internal chats of cards, and whom a card was shared with

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chats", sa.Column("subject_type", sa.String(length=10), nullable=True))
    op.add_column("chats", sa.Column("subject_id", sa.Integer(), nullable=True))
    op.create_index(
        "uq_chats_subject",
        "chats",
        ["subject_type", "subject_id"],
        unique=True,
        postgresql_where=sa.text("subject_type IS NOT NULL"),
    )
    op.create_table(
        "card_shares",
        sa.Column("subject_type", sa.String(length=10), nullable=False),
        sa.Column("subject_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("shared_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_card_shares_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["shared_by_id"], ["ab_user.id"], name=op.f("fk_card_shares_shared_by_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("subject_type", "subject_id", "user_id", name=op.f("pk_card_shares")),
    )
    op.create_index("ix_card_shares_user", "card_shares", ["user_id", "subject_type", "subject_id"])


def downgrade() -> None:
    op.drop_table("card_shares")
    op.execute("DELETE FROM chats WHERE kind = 'card'")
    op.drop_index("uq_chats_subject", table_name="chats")
    op.drop_column("chats", "subject_id")
    op.drop_column("chats", "subject_type")
