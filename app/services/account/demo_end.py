"""From the demo to an account in real use: everything the demo holds goes, at once and for good."""

from __future__ import annotations

import shutil
from pathlib import Path

from flask import current_app
from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import delete, text
from sqlalchemy.exc import OperationalError

from app import code_version
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.base import Model
from app.models.people import AccountSetting, RoleName, User
from app.services.account import account
from app.services.people import people
from app.services.records import pipelines
from app.services.tasks import task_types
from app.transaction import on_commit

# What an empty account has too: what screens allow, and which processes live.
KEPT = frozenset(
    {
        "ab_permission",
        "ab_permission_view",
        "ab_permission_view_role",
        "ab_role",
        "ab_view_menu",
        "account_settings",
        "processes",
    }
)
KEPT_SETTINGS = (code_version.SETTING, "permissions_fingerprint")
LOADED_SETTING, LEFT_SETTING = "demo_loaded", "demo_left"


def is_demo() -> bool:
    """Whether this account holds the demo. The environment's switch alone does not say so."""
    return bool(current_app.config["FRONTDESK_DEMO"] and account.get_setting(LOADED_SETTING))


def leave(actor: User) -> None:
    """Remove everything: people, records, news, files. Numbers go on, so that no old session or link meets a new row.

    Raises Forbidden but for admins, NotFound where there is no demo, UserError while somebody holds the tables.
    """
    people.require_admin(actor)
    if not is_demo():
        raise NotFound("Demo")
    names = ", ".join(f'"{name}"' for name in sorted(Model.metadata.tables) if name not in KEPT)
    try:
        db.session.execute(text("SET LOCAL lock_timeout = '5s'"))
        # Without CASCADE: a table that is forgotten here is an error, not a silent loss.
        db.session.execute(text(f"TRUNCATE {names}"))
    except OperationalError as error:
        raise UserError("busy", "Somebody is just working here. Try again in a moment.", status=409) from error
    public = current_app.config["AUTH_ROLE_PUBLIC"]
    db.session.expunge_all()
    db.session.execute(
        text("DELETE FROM ab_permission_view_role WHERE role_id IN (SELECT id FROM ab_role WHERE name <> ALL(:kept))"),
        {"kept": [*RoleName.ALL, public]},
    )
    db.session.execute(delete(Role).where(Role.name.not_in([*RoleName.ALL, public])))
    db.session.execute(delete(AccountSetting).where(AccountSetting.name.not_in(KEPT_SETTINGS)))
    db.session().info.clear()
    account.set_setting(LEFT_SETTING, True)
    pipelines.ensure_default()
    task_types.ensure_defaults()
    uploads = Path(current_app.config["UPLOADS_DIR"])
    on_commit(lambda: _empty(uploads))


def _empty(folder: Path) -> None:
    for entry in folder.iterdir() if folder.exists() else ():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
