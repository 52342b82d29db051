"""clients: widgets, messengers, visitors, numbered talks

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NO = {"server_default": "false", "nullable": False}


def reference(column: str, table: str, target: str, on_delete: str = "SET NULL") -> sa.ForeignKeyConstraint:
    to_table, to_column = target.split(".")
    return sa.ForeignKeyConstraint(
        [column], [f"{to_table}.{to_column}"], name=f"fk_{table}_{column}_{to_table}", ondelete=on_delete
    )


def door(table: str, *columns: sa.Column) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("sort_key", sa.String(length=200, collation="C"), server_default="", nullable=False),
        *columns,
        sa.Column("working_hours", sa.String(length=200), nullable=True),
        sa.Column("zone", sa.String(length=64), server_default="UTC", nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        reference("group_id", table, "ab_group.id"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )


def upgrade() -> None:
    door(
        "widgets",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("colour", sa.String(length=7), server_default="#2f6fed", nullable=False),
        sa.Column("greeting", sa.String(length=300), nullable=True),
        sa.Column("offline_text", sa.String(length=300), nullable=True),
        sa.Column("allowed_origins", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=8), server_default="en", nullable=False),
    )
    op.create_unique_constraint("uq_widgets_key", "widgets", ["key"])
    door(
        "messengers",
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("secret", sa.String(length=300), nullable=False),
    )
    op.create_table(
        "visitors",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("widget_id", sa.Integer(), nullable=True),
        sa.Column("messenger_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(length=120), nullable=True),
        sa.Column("chat_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("page_url", sa.String(length=500), nullable=True),
        sa.Column("last_seen_at", MOMENT, nullable=True),
        sa.Column("delivered_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("read_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("(widget_id IS NULL) <> (messenger_id IS NULL)", name=op.f("ck_visitors_door")),
        reference("widget_id", "visitors", "widgets.id", "CASCADE"),
        reference("messenger_id", "visitors", "messengers.id", "CASCADE"),
        reference("chat_id", "visitors", "chats.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visitors")),
        sa.UniqueConstraint("key", name=op.f("uq_visitors_key")),
        sa.UniqueConstraint("chat_id", name=op.f("uq_visitors_chat_id")),
        sa.UniqueConstraint("messenger_id", "external_id", name="uq_visitors_external"),
    )
    op.create_index(op.f("ix_visitors_widget_id"), "visitors", ["widget_id"])
    op.create_table(
        "talks",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("lead_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("waiting_since", MOMENT, nullable=True),
        sa.Column("told_unanswered", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("first_reply_at", MOMENT, nullable=True),
        sa.Column("last_public_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.Column("survey_asked_at", MOMENT, nullable=True),
        sa.Column("survey_seq", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.SmallInteger(), nullable=True),
        sa.Column("scored_at", MOMENT, nullable=True),
        sa.Column("comment", sa.String(length=1000), nullable=True),
        sa.Column("changed_at", MOMENT, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 10", name=op.f("ck_talks_score")),
        reference("chat_id", "talks", "chats.id", "CASCADE"),
        reference("contact_id", "talks", "contacts.id"),
        reference("lead_id", "talks", "leads.id"),
        reference("responsible_id", "talks", "ab_user.id"),
        reference("group_id", "talks", "ab_group.id"),
        reference("closed_by_id", "talks", "ab_user.id"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_talks")),
    )
    for column in ("contact_id", "lead_id", "changed_at"):
        op.create_index(op.f(f"ix_talks_{column}"), "talks", [column])
    op.create_index(
        "uq_talks_current", "talks", ["chat_id"], unique=True, postgresql_where=sa.text("state <> 'closed'")
    )
    op.create_index("ix_talks_chat", "talks", ["chat_id", "number"])
    for name, column, where in (
        ("open", "responsible_id", "state = 'open'"),
        ("waiting", "waiting_since", "waiting_since IS NOT NULL"),
        ("closing", "survey_asked_at", "state = 'closing'"),
        ("scored", "survey_asked_at", "survey_asked_at IS NOT NULL"),
    ):
        op.create_index(f"ix_talks_{name}", "talks", [column], postgresql_where=sa.text(where))
    op.add_column("chats", sa.Column("contact_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_chats_contact_id_contacts"), "chats", "contacts", ["contact_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_chats_contact", "chats", ["contact_id"], postgresql_where=sa.text("contact_id IS NOT NULL"))
    op.add_column("messages", sa.Column("public", sa.Boolean(), **NO))
    op.add_column("messages", sa.Column("note", sa.Boolean(), **NO))
    op.create_check_constraint(op.f("ck_messages_note"), "messages", "NOT (public AND note)")
    op.create_index(
        "uq_messages_visitor_client",
        "messages",
        ["chat_id", "client_id"],
        unique=True,
        postgresql_where=sa.text("author_kind = 'visitor'"),
    )
    op.add_column("chat_files", sa.Column("by_visitor", sa.Boolean(), **NO))


def downgrade() -> None:
    op.drop_column("chat_files", "by_visitor")
    op.drop_index("uq_messages_visitor_client", "messages")
    op.drop_constraint(op.f("ck_messages_note"), "messages")
    op.drop_column("messages", "note")
    op.drop_column("messages", "public")
    op.drop_index("ix_chats_contact", "chats")
    op.drop_column("chats", "contact_id")
    for table in ("talks", "visitors", "messengers", "widgets"):
        op.drop_table(table)
