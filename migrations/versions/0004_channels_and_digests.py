"""devices, Telegram, digests, briefs, paused addresses

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(length=1000), nullable=False),
        sa.Column("p256dh", sa.String(length=120), nullable=False),
        sa.Column("auth", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('browser', 'mobile')", name=op.f("ck_devices_kind")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_devices_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_devices_endpoint")),
    )
    op.create_index(op.f("ix_devices_user_id"), "devices", ["user_id"])
    op.create_table(
        "telegram_links",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_telegram_links_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_telegram_links")),
        sa.UniqueConstraint("chat_id", name=op.f("uq_telegram_links_chat_id")),
    )
    op.create_table(
        "telegram_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_telegram_codes_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_telegram_codes")),
    )
    op.create_index(op.f("ix_telegram_codes_user_id"), "telegram_codes", ["user_id"])
    op.create_table(
        "paused_addresses",
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_paused_addresses")),
    )
    op.create_table(
        "digest_plans",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_digest_plans_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_digest_plans")),
    )
    op.create_index("ix_digest_plans_next", "digest_plans", ["next_at", "user_id"])
    op.create_table(
        "channel_health",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("down_since", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_health")),
    )
    op.add_column("notifications", sa.Column("for_digest", sa.Boolean(), server_default="false", nullable=False))
    op.create_index(
        "ix_notifications_digest", "notifications", ["user_id", "id"], postgresql_where=sa.text("for_digest")
    )
    op.add_column("deliveries", sa.Column("receipt", sa.String(length=120), nullable=True))
    op.create_index(
        "uq_deliveries_open_brief",
        "deliveries",
        ["user_id", "channel", "address"],
        unique=True,
        postgresql_where=sa.text("purpose = 'brief' AND state = 'pending' AND attempts = 0"),
    )
    op.create_index(
        "ix_deliveries_receipt",
        "deliveries",
        ["channel", "address", "receipt"],
        postgresql_where=sa.text("receipt IS NOT NULL"),
    )
    # A key of one column: generated screens and the audit log name records by it.
    op.drop_constraint("pk_default_cells", "default_cells")
    op.add_column("default_cells", sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False))
    op.create_primary_key("pk_default_cells", "default_cells", ["id"])
    op.create_unique_constraint("uq_default_cells_cell", "default_cells", ["role", "row", "channel"])


def downgrade() -> None:
    op.drop_constraint("uq_default_cells_cell", "default_cells")
    op.drop_constraint("pk_default_cells", "default_cells")
    op.drop_column("default_cells", "id")
    op.create_primary_key("pk_default_cells", "default_cells", ["role", "row", "channel"])
    op.drop_index("ix_deliveries_receipt", "deliveries")
    op.drop_index("uq_deliveries_open_brief", "deliveries")
    op.drop_column("deliveries", "receipt")
    op.drop_index("ix_notifications_digest", "notifications")
    op.drop_column("notifications", "for_digest")
    for table in ("channel_health", "digest_plans", "paused_addresses", "telegram_codes", "telegram_links", "devices"):
        op.drop_table(table)
