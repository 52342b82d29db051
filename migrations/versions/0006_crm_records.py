"""CRM: notes, tags, saved filters, deleted records, imports and exports, answers to incoming leads

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("sort_key", sa.String(length=60, collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("sort_key", name=op.f("uq_tags_sort_key")),
    )
    op.create_table(
        "deleted_records",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("links", postgresql.JSONB(), nullable=False),
        sa.Column("deleted_by_id", sa.Integer(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["ab_user.id"], name=op.f("fk_deleted_records_deleted_by_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deleted_records")),
    )
    op.create_index(op.f("ix_deleted_records_batch"), "deleted_records", ["batch"], unique=False)
    op.create_index(op.f("ix_deleted_records_deleted_at"), "deleted_records", ["deleted_at"], unique=False)
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("subject_type", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["ab_user.id"], name=op.f("fk_notes_author_id_ab_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_changed_at"), "notes", ["changed_at"], unique=False)
    op.create_index("ix_notes_subject", "notes", ["subject_type", "subject_id", "id"], unique=False)
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("screen", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=2000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_saved_filters_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint("user_id", "screen", "name", name="uq_saved_filters_name"),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=6), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("stored_as", sa.String(length=64), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_transfers_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index(op.f("ix_transfers_changed_at"), "transfers", ["changed_at"], unique=False)
    op.create_index(op.f("ix_transfers_expires_at"), "transfers", ["expires_at"], unique=False)
    op.create_index(op.f("ix_transfers_state"), "transfers", ["state"], unique=False)
    op.create_index("ix_transfers_user", "transfers", ["user_id", "id"], unique=False)
    op.create_table(
        "company_tags",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_company_tags_company_id_companies"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_company_tags_tag_id_tags"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("company_id", "tag_id", name=op.f("pk_company_tags")),
    )
    op.create_index(op.f("ix_company_tags_tag_id"), "company_tags", ["tag_id"], unique=False)
    op.create_table(
        "contact_tags",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_tags_contact_id_contacts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_contact_tags_tag_id_tags"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id", "tag_id", name=op.f("pk_contact_tags")),
    )
    op.create_index(op.f("ix_contact_tags_tag_id"), "contact_tags", ["tag_id"], unique=False)
    op.create_table(
        "lead_tags",
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_lead_tags_lead_id_leads"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_lead_tags_tag_id_tags"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("lead_id", "tag_id", name=op.f("pk_lead_tags")),
    )
    op.create_index(op.f("ix_lead_tags_tag_id"), "lead_tags", ["tag_id"], unique=False)
    op.create_index("ix_companies_created", "companies", ["created_at", "id"], unique=False)
    op.create_index("ix_contacts_created", "contacts", ["created_at", "id"], unique=False)
    op.create_index("ix_contacts_email_order", "contacts", ["email", "id"], unique=False)
    op.add_column("leads", sa.Column("incoming_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("leads", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("leads", sa.Column("answered_by_id", sa.Integer(), nullable=True))
    op.add_column("leads", sa.Column("declined_because", sa.String(length=500), nullable=True))
    op.create_index("ix_leads_budget", "leads", ["budget", "id"], unique=False)
    op.create_index("ix_leads_created", "leads", ["created_at", "id"], unique=False)
    op.create_foreign_key(
        op.f("fk_leads_answered_by_id_ab_user"), "leads", "ab_user", ["answered_by_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_tasks_completed", "tasks", ["completed_at", "id"], unique=False)
    op.create_index("ix_tasks_due", "tasks", ["due_at", "id"], unique=False)
    op.create_index("ix_tasks_text", "tasks", ["text", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_tasks_text", table_name="tasks")
    op.drop_index("ix_tasks_due", table_name="tasks")
    op.drop_index("ix_tasks_completed", table_name="tasks")
    op.drop_constraint(op.f("fk_leads_answered_by_id_ab_user"), "leads", type_="foreignkey")
    op.drop_index("ix_leads_created", table_name="leads")
    op.drop_index("ix_leads_budget", table_name="leads")
    op.drop_column("leads", "declined_because")
    op.drop_column("leads", "answered_by_id")
    op.drop_column("leads", "answered_at")
    op.drop_column("leads", "incoming_at")
    op.drop_index("ix_contacts_email_order", table_name="contacts")
    op.drop_index("ix_contacts_created", table_name="contacts")
    op.drop_index("ix_companies_created", table_name="companies")
    op.drop_index(op.f("ix_lead_tags_tag_id"), table_name="lead_tags")
    op.drop_table("lead_tags")
    op.drop_index(op.f("ix_contact_tags_tag_id"), table_name="contact_tags")
    op.drop_table("contact_tags")
    op.drop_index(op.f("ix_company_tags_tag_id"), table_name="company_tags")
    op.drop_table("company_tags")
    op.drop_index("ix_transfers_user", table_name="transfers")
    op.drop_index(op.f("ix_transfers_state"), table_name="transfers")
    op.drop_index(op.f("ix_transfers_expires_at"), table_name="transfers")
    op.drop_index(op.f("ix_transfers_changed_at"), table_name="transfers")
    op.drop_table("transfers")
    op.drop_table("saved_filters")
    op.drop_index("ix_notes_subject", table_name="notes")
    op.drop_index(op.f("ix_notes_changed_at"), table_name="notes")
    op.drop_table("notes")
    op.drop_index(op.f("ix_deleted_records_deleted_at"), table_name="deleted_records")
    op.drop_index(op.f("ix_deleted_records_batch"), table_name="deleted_records")
    op.drop_table("deleted_records")
    op.drop_table("tags")
