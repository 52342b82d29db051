"""what searches, the board and its sums read instead of whole tables

Revision ID: 0021
Revises: 0020
"""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TRIGRAMS = (
    ("ix_companies_name_parts", "companies", "sort_key"),
    ("ix_contacts_name_parts", "contacts", "sort_key"),
    ("ix_contacts_email_parts", "contacts", "email"),
    ("ix_contacts_phone_parts", "contacts", "phone_tail"),
    ("ix_leads_name_parts", "leads", "sort_key"),
    ("ix_tasks_text_parts", "tasks", "text"),
)


def upgrade() -> None:
    op.drop_index("ix_leads_stage", table_name="leads")
    op.create_index(
        "ix_leads_stage", "leads", ["stage_id", "id"], postgresql_include=["budget", "currency", "responsible_id"]
    )
    op.drop_index("ix_leads_responsible_id", table_name="leads")
    op.create_index(
        "ix_leads_responsible",
        "leads",
        ["responsible_id", "stage_id", "id"],
        postgresql_include=["budget", "currency"],
    )
    if _has_trigrams():
        for name, table, column in TRIGRAMS:
            op.create_index(name, table, [column], postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"})


def downgrade() -> None:
    for name, table, _ in TRIGRAMS:
        op.drop_index(name, table_name=table, if_exists=True)
    op.execute("DROP EXTENSION IF EXISTS pg_trgm")
    op.drop_index("ix_leads_responsible", table_name="leads")
    op.create_index("ix_leads_responsible_id", "leads", ["responsible_id"])
    op.drop_index("ix_leads_stage", table_name="leads")
    op.create_index("ix_leads_stage", "leads", ["stage_id", "id"])


def _has_trigrams() -> bool:
    """Whether the extension is there, or could be added: a database of a provider may lack it. Search works without."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.DBAPIError as error:
        logging.getLogger(__name__).warning("Searching reads whole tables, as pg_trgm is not available: %s", error.orig)
        return False
    return True
