"""Alembic's entry: the metadata that FAB's tables and ours share, on the application's engine."""

from alembic import context
from flask import current_app
from sqlalchemy import text

target_metadata = current_app.extensions["migrate"].db.metadata


def render_item(type_: str, obj: object, autogen_context: object) -> str | bool:
    """Write our UTC type as the plain type it stores: migrations never import the application."""
    if type_ == "type" and type(obj).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Run the migrations in one transaction: half an upgrade is none."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            compare_type=True,
            render_item=render_item,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            # What is meant for requests and jobs would end an upgrade of an installation with many records.
            connection.execute(text("SET LOCAL transaction_timeout = 0"))
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Offline migrations are not supported: they need the database.")
run()
