"""One trigger function writes the audit log, so that bulk statements are covered too

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "ab_user",
    "ab_group",
    "ab_user_role",
    "ab_user_group",
    "ab_group_role",
    "account_settings",
    "default_cells",
    "contacts",
    "companies",
    "leads",
    "tasks",
)

# Columns that say nothing about what somebody did, and the one that must never be copied.
FUNCTION = """
CREATE FUNCTION frontdesk_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noise text[] := ARRAY['changed_at', 'changed_on', 'created_on', 'last_login', 'login_count', 'fail_login_count',
                          'sort_key', 'phone_tail', 'created_by_fk', 'changed_by_fk'];
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}'::jsonb ELSE to_jsonb(OLD) - noise END;
    after jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}'::jsonb ELSE to_jsonb(NEW) - noise END;
    was jsonb;
    is_now jsonb;
BEGIN
    IF before ? 'password' THEN
        before := jsonb_set(before, '{password}', to_jsonb(md5(coalesce(before ->> 'password', ''))));
    END IF;
    IF after ? 'password' THEN
        after := jsonb_set(after, '{password}', to_jsonb(md5(coalesce(after ->> 'password', ''))));
    END IF;
    SELECT jsonb_object_agg(key, value) INTO was FROM jsonb_each(before) WHERE after -> key IS DISTINCT FROM value;
    SELECT jsonb_object_agg(key, value) INTO is_now FROM jsonb_each(after) WHERE before -> key IS DISTINCT FROM value;
    IF was IS NULL AND is_now IS NULL THEN
        RETURN NULL;
    END IF;
    IF was ? 'password' THEN was := jsonb_set(was, '{password}', '"(hidden)"'); END IF;
    IF is_now ? 'password' THEN is_now := jsonb_set(is_now, '{password}', '"(hidden)"'); END IF;
    INSERT INTO audit_log (actor_id, table_name, row_id, operation, old, new)
    VALUES (nullif(current_setting('frontdesk.actor', true), '')::int, TG_TABLE_NAME,
            coalesce(after ->> 'id', before ->> 'id', after ->> 'name', before ->> 'name'), TG_OP, was, is_now);
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION frontdesk_audit()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER audit ON {table}")
    op.execute("DROP FUNCTION frontdesk_audit()")
