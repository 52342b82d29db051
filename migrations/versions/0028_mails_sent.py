"""pictures inside mails are found by what the mail calls them; what is sent here is copied into the mailbox's folder

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail_files", sa.Column("content_id", sa.String(200)))
    op.add_column("mailboxes", sa.Column("copies_sent", sa.Boolean(), nullable=False, server_default="true"))
    op.add_column("mails", sa.Column("sent_copy", sa.String(8)))
    op.create_index("ix_mails_copies", "mails", ["mailbox_id", "id"], postgresql_where=sa.text("sent_copy = 'due'"))


def downgrade() -> None:
    op.drop_index("ix_mails_copies", table_name="mails")
    op.drop_column("mails", "sent_copy")
    op.drop_column("mailboxes", "copies_sent")
    op.drop_column("mail_files", "content_id")
