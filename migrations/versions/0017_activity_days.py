"""the numbers of the activity report, per day and person

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COUNTS = (
    "leads_new",
    "leads_won",
    "leads_lost",
    "tasks_set",
    "tasks_done",
    "tasks_expired",
    "messages_in",
    "messages_out",
    "talks_opened",
    "talks_closed",
    "talks_unanswered",
    "calls_in",
    "calls_out",
    "calls_missed",
    "mails_in",
    "asked",
    "scores",
    "score_sum",
    "promoters",
    "detractors",
    "deliveries_sent",
    "deliveries_failed",
)
SUMS = ("leads_new", "leads_won", "leads_lost")

# table → the moments at which a row counts, and what else decides for whom, or whether, it does
WATCHED = {
    "leads": (("created_at", "closed_at"), ("stage_id", "responsible_id", "budget", "currency")),
    "tasks": (
        ("created_at", "due_at", "completed_at"),
        ("author_id", "responsible_id", "completed_by_id"),
    ),
    "talks": (
        ("opened_at", "first_reply_at", "closed_at", "survey_asked_at"),
        ("state", "responsible_id", "group_id", "closed_by_id", "score"),
    ),
    "calls": (("started_at",), ("direction", "status", "user_id", "responsible_id", "line_id")),
}
ROW = """
CREATE FUNCTION frontdesk_touch_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO activity_touched (at)
    SELECT DISTINCT CAST(v.at AS timestamptz)
    FROM unnest(TG_ARGV) c, LATERAL (VALUES
        (CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) ->> c END),
        (CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) ->> c END)) v (at)
    WHERE v.at IS NOT NULL;
    RETURN NULL;
END $$
"""
# Whoever has a talk has its client's messages: every day of the talk.
TALK = """
CREATE FUNCTION frontdesk_touch_talk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO activity_touched (at)
    SELECT generate_series(OLD.opened_at, OLD.last_public_at, interval '1 day') UNION SELECT OLD.last_public_at;
    RETURN NULL;
END $$
"""
# Zones differ by quarters of an hour.
ROWS = """
CREATE FUNCTION frontdesk_touch_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO activity_touched (at)
        SELECT DISTINCT date_bin(interval ''15 minutes'', v.at, timestamptz ''2000-01-01 00:00+00'')
        FROM changed c, LATERAL (VALUES %s) v (at) WHERE v.at IS NOT NULL', TG_ARGV[0]);
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "activity_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Integer(), autoincrement=False, nullable=False),
        *[sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in COUNTS],
        sa.Column("first_replies", sa.ARRAY(sa.Integer()), nullable=True),
        sa.PrimaryKeyConstraint("day", "user_id", "group_id", name=op.f("pk_activity_days")),
    )
    op.create_table(
        "activity_sums",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        *[sa.Column(name, sa.Numeric(18, 2), server_default="0", nullable=False) for name in SUMS],
        sa.PrimaryKeyConstraint("day", "user_id", "group_id", "currency", name=op.f("pk_activity_sums")),
    )
    op.create_table(
        "activity_touched",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_touched")),
    )
    op.create_table(
        "activity_state",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("rebuild_day", sa.Date(), nullable=True),
        sa.Column("rebuilt_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("one", name=op.f("ck_activity_state_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_activity_state")),
    )
    op.create_index("ix_messages_created", "messages", ["created_at"], postgresql_using="brin")
    op.create_index("ix_deliveries_finished", "deliveries", ["finished_at"], postgresql_using="brin")
    op.create_index("ix_tasks_created", "tasks", ["created_at", "id"])
    op.create_index("ix_leads_closed", "leads", ["closed_at"], postgresql_where=sa.text("closed_at IS NOT NULL"))
    op.create_index("ix_talks_opened", "talks", ["opened_at"])
    op.create_index(
        "ix_talks_replied", "talks", ["first_reply_at"], postgresql_where=sa.text("first_reply_at IS NOT NULL")
    )
    op.create_index("ix_talks_closed", "talks", ["closed_at"], postgresql_where=sa.text("closed_at IS NOT NULL"))
    for function in (ROW, TALK, ROWS):
        op.execute(function)
    for table, (moments, others) in WATCHED.items():
        arguments = ", ".join(f"'{name}'" for name in moments)
        old, new = (", ".join(f"{row}.{name}" for name in (*moments, *others)) for row in ("OLD", "NEW"))
        call = f"FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION frontdesk_touch_row({arguments})"
        op.execute(f"CREATE TRIGGER touched AFTER UPDATE ON {table} {call}")
        op.execute(
            f"CREATE TRIGGER touched_gone AFTER DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION frontdesk_touch_row({arguments})"
        )
    op.execute(
        "CREATE TRIGGER touched_passed_on AFTER UPDATE ON talks FOR EACH ROW"
        " WHEN (OLD.responsible_id IS DISTINCT FROM NEW.responsible_id) EXECUTE FUNCTION frontdesk_touch_talk()"
    )
    op.execute(
        "CREATE TRIGGER touched_gone AFTER DELETE ON messages"
        " REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION frontdesk_touch_rows('(c.created_at)')"
    )
    # What was deleted and comes back is not of today.
    for table in ("leads", "tasks"):
        moments = ", ".join(f"(c.{name})" for name in WATCHED[table][0])
        op.execute(
            f"CREATE TRIGGER touched_back AFTER INSERT ON {table}"
            f" REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION frontdesk_touch_rows('{moments}')"
        )


def downgrade() -> None:
    for table in ("leads", "tasks"):
        op.execute(f"DROP TRIGGER touched_back ON {table}")
    op.execute("DROP TRIGGER touched_gone ON messages")
    op.execute("DROP TRIGGER touched_passed_on ON talks")
    for table in WATCHED:
        op.execute(f"DROP TRIGGER touched_gone ON {table}")
        op.execute(f"DROP TRIGGER touched ON {table}")
    for name in ("row", "talk", "rows"):
        op.execute(f"DROP FUNCTION frontdesk_touch_{name}()")
    for table, name in (
        ("talks", "ix_talks_closed"),
        ("talks", "ix_talks_replied"),
        ("talks", "ix_talks_opened"),
        ("leads", "ix_leads_closed"),
        ("tasks", "ix_tasks_created"),
        ("deliveries", "ix_deliveries_finished"),
        ("messages", "ix_messages_created"),
    ):
        op.drop_index(name, table_name=table)
    for name in ("activity_state", "activity_touched", "activity_sums", "activity_days"):
        op.drop_table(name)
