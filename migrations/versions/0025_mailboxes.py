"""mailboxes, and the mails that came in by them

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailboxes",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("sort_key", sa.String(length=200, collation="C"), server_default="", nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("imap_host", sa.String(length=200), nullable=False),
        sa.Column("imap_port", sa.Integer(), nullable=False),
        sa.Column("imap_security", sa.String(length=8), server_default="tls", nullable=False),
        sa.Column("username", sa.String(length=254), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("smtp_host", sa.String(length=200), nullable=True),
        sa.Column("smtp_port", sa.Integer(), server_default="465", nullable=False),
        sa.Column("smtp_security", sa.String(length=8), server_default="tls", nullable=False),
        sa.Column("trusted", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("sent_folder", sa.String(length=200), nullable=True),
        sa.Column("first_days", sa.SmallInteger(), server_default="14", nullable=False),
        sa.Column("makes_leads", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("shares", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("imap_security IN ('tls', 'starttls', 'none')", name=op.f("ck_mailboxes_imap_security")),
        sa.CheckConstraint("smtp_security IN ('tls', 'starttls', 'none')", name=op.f("ck_mailboxes_smtp_security")),
        sa.CheckConstraint("owner_id IS NULL OR group_id IS NULL", name=op.f("ck_mailboxes_one_owner")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["ab_group.id"], name=op.f("fk_mailboxes_group_id_ab_group"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["ab_user.id"], name=op.f("fk_mailboxes_owner_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailboxes")),
    )
    op.create_index(op.f("ix_mailboxes_changed_at"), "mailboxes", ["changed_at"], unique=False)
    op.create_index(op.f("ix_mailboxes_group_id"), "mailboxes", ["group_id"], unique=False)
    op.create_index(op.f("ix_mailboxes_owner_id"), "mailboxes", ["owner_id"], unique=False)
    op.create_table(
        "mail_folders",
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("history_uid", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("renumbered_until", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_mail_folders_mailbox_id_mailboxes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "name", name=op.f("pk_mail_folders")),
    )
    op.create_table(
        "mailbox_states",
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("leased_by", sa.String(length=80), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_mail_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("problem_field", sa.String(length=20), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_mailbox_states_mailbox_id_mailboxes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", name=op.f("pk_mailbox_states")),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mailbox_id", sa.Integer(), nullable=False),
        sa.Column("folder", sa.String(length=200), server_default="", nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("uid", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=300), nullable=True),
        sa.Column("in_reply_to", sa.String(length=300), nullable=True),
        sa.Column("refs", sa.Text(), server_default="", nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=10), server_default="person", nullable=False),
        sa.Column("from_name", sa.String(length=160), server_default="", nullable=False),
        sa.Column("from_address", sa.String(length=254), server_default="", nullable=False),
        sa.Column("reply_to", sa.String(length=254), nullable=True),
        sa.Column("to_line", sa.Text(), server_default="", nullable=False),
        sa.Column("cc_line", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.String(length=300), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("problem", sa.String(length=20), nullable=True),
        sa.Column("has_files", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("lead_id", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("send_state", sa.String(length=8), nullable=True),
        sa.Column("send_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("direction IN ('incoming', 'outgoing')", name=op.f("ck_mails_direction")),
        sa.CheckConstraint("kind IN ('person', 'automatic', 'own', 'bounce')", name=op.f("ck_mails_kind")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["ab_user.id"], name=op.f("fk_mails_author_id_ab_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_mails_contact_id_contacts"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_mails_lead_id_leads"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_mails_mailbox_id_mailboxes"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
    )
    op.create_index(
        "ix_mails_answers",
        "mails",
        ["mailbox_id", "in_reply_to"],
        unique=False,
        postgresql_where=sa.text("in_reply_to IS NOT NULL"),
    )
    op.create_index(
        "ix_mails_contact",
        "mails",
        ["contact_id", "received_at"],
        unique=False,
        postgresql_where=sa.text("contact_id IS NOT NULL"),
    )
    op.create_index(
        "ix_mails_delivery", "mails", ["delivery_id"], unique=False, postgresql_where=sa.text("delivery_id IS NOT NULL")
    )
    op.create_index("ix_mails_fingerprint", "mails", ["mailbox_id", "fingerprint"], unique=False)
    op.create_index(
        "ix_mails_lead",
        "mails",
        ["lead_id", "received_at"],
        unique=False,
        postgresql_where=sa.text("lead_id IS NOT NULL"),
    )
    op.create_index("ix_mails_mailbox", "mails", ["mailbox_id", "received_at", "id"], unique=False)
    op.create_index(
        "ix_mails_message",
        "mails",
        ["mailbox_id", "message_id"],
        unique=False,
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_index("ix_mails_received", "mails", ["received_at", "id"], unique=False)
    op.create_index("ix_mails_thread", "mails", ["thread_id", "received_at", "id"], unique=False)
    op.create_index(
        "ix_mails_unknown",
        "mails",
        [sa.text("lower(from_address)")],
        unique=False,
        postgresql_where=sa.text("contact_id IS NULL"),
    )
    op.create_index("uq_mails_uid", "mails", ["mailbox_id", "folder", "uidvalidity", "uid"], unique=True)
    op.create_table(
        "mail_files",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("mail_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("stored_as", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["mails.id"], name=op.f("fk_mail_files_mail_id_mails"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_files")),
        sa.UniqueConstraint("stored_as", name=op.f("uq_mail_files_stored_as")),
    )
    op.create_index(op.f("ix_mail_files_mail_id"), "mail_files", ["mail_id"], unique=False)
    op.execute(
        "CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON mailboxes"
        " FOR EACH ROW EXECUTE FUNCTION frontdesk_audit()"
    )


def downgrade() -> None:
    for table in ("mail_files", "mails", "mailbox_states", "mail_folders", "mailboxes"):
        op.drop_table(table)
