"""Rights that admins give roles of their own, in words: each stands for permissions on screens and calls of the API.

Only what works for everybody is here; what services keep to admins is theirs by the role *Admin* alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu
from flask_babel import lazy_gettext
from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db
from app.models.people import Role
from app.roles import ROLES


@dataclass(frozen=True, slots=True)
class Right:
    """``grants`` are pairs of patterns for whole names: screen or menu, and permission."""

    key: str
    area: Any
    label: Any
    grants: tuple[tuple[str, str], ...]


CRM, WORK, PROGRAMS = lazy_gettext("Records"), lazy_gettext("Reports and files"), lazy_gettext("Programs")


def _records(key: str, noun: str, see: Any, change: Any, delete: Any) -> tuple[Right, Right, Right]:
    screen, calls, menu = f"{noun}View", f"{noun}Api", {"Company": "Companies"}.get(noun, f"{noun}s")
    return (
        Right(
            f"{key}.see",
            CRM,
            see,
            ((screen, "can_(list|show)"), (calls, "can_get"), (f"CRM|{menu}", "menu_access")),
        ),
        Right(
            f"{key}.change",
            CRM,
            change,
            ((screen, "can_(add|edit)|assign|tag|stage|pipeline|task|complete"), (calls, "can_(post|put)")),
        ),
        Right(f"{key}.delete", CRM, delete, ((screen, "can_delete|remove"), (calls, "can_delete"))),
    )


RIGHTS: tuple[Right, ...] = (
    *_records(
        "leads",
        "Lead",
        lazy_gettext("See leads"),
        lazy_gettext("Add and change leads"),
        lazy_gettext("Delete leads"),
    ),
    *_records(
        "contacts",
        "Contact",
        lazy_gettext("See contacts"),
        lazy_gettext("Add and change contacts"),
        lazy_gettext("Delete contacts"),
    ),
    *_records(
        "companies",
        "Company",
        lazy_gettext("See companies"),
        lazy_gettext("Add and change companies"),
        lazy_gettext("Delete companies"),
    ),
    *_records(
        "tasks",
        "Task",
        lazy_gettext("See tasks"),
        lazy_gettext("Set, change and complete tasks"),
        lazy_gettext("Delete tasks"),
    ),
    Right(
        "calls.see",
        CRM,
        lazy_gettext("See calls"),
        (("CallView", "can_(list|show)"), ("CallApi", "can_get"), ("CRM|Calls", "menu_access")),
    ),
    Right(
        "mails.see",
        CRM,
        lazy_gettext("See and write mails"),
        (("MailView", "can_(list|show|answer)"), ("MailApi", "can_get"), ("CRM|Mails", "menu_access")),
    ),
    Right(
        "scores.see",
        WORK,
        lazy_gettext("See client scores"),
        (("ScoreView", "can_list"), ("Reports|Client scores", "menu_access")),
    ),
    Right(
        "export",
        WORK,
        lazy_gettext("Export lists they see to files"),
        (("ExportView", "can_exports"), ("(Lead|Contact|Company|Task)View", "export")),
    ),
    Right("import", WORK, lazy_gettext("Import leads and contacts from files"), (("ImportView", "can_imports"),)),
    Right(
        "api_keys",
        PROGRAMS,
        lazy_gettext("Make API keys for programs"),
        (("ApiKeyView", "can_(list|show|add|delete)"), ("API keys", "menu_access")),
    ),
    Right("calls.write", PROGRAMS, lazy_gettext("Write calls by the API"), (("CallApi", "can_(post|put|delete)"),)),
)
# What everybody of the team has, whatever the role: profile, center, colleagues' names and the fields that look up.
_ALWAYS = (
    ("(Profile|Picture)View|MeApi|Center|CenterView|MailLinkView", "can_.*|menu_access"),
    ("LookupView", "can_lookup"),
    ("UserApi|GroupApi|OpenApi", "can_get"),
)
# A role holds its rights as permissions of FAB's on this menu of no screen, so that a right may come to mean more.
MENU = "Right"
KEYS = tuple(right.key for right in RIGHTS)


def of(role: Role) -> list[Right]:
    """Return which rights a role gives; a built-in one's by its own rules."""
    if role.name in ROLES:
        return [right for right in RIGHTS if _built_in_gives(role.name, right)]
    held = {one.permission.name for one in role.permissions if one.view_menu.name == MENU}
    return [right for right in RIGHTS if right.key in held]


def held_by(role_ids: Collection[int]) -> frozenset[str]:
    """Return the keys of the rights that roles of one's own give together. One statement."""
    statement = (
        select(Permission.name)
        .select_from(PermissionView)
        .join(Permission, PermissionView.permission_id == Permission.id)
        .join(ViewMenu, PermissionView.view_menu_id == ViewMenu.id)
        .join(PermissionView.role)
        .where(Role.id.in_(role_ids), ViewMenu.name == MENU)
    )
    return frozenset(db.session.scalars(statement))


def allow(keys: Collection[str], permission: str, view: str) -> bool:
    """Whether these rights, with those that everybody of the team has, cover a permission on a screen or menu."""
    return _fit(_ALWAYS, permission, view) or any(
        _fit(_GRANTS[key], permission, view) for key in keys if key in _GRANTS
    )


def with_needed(keys: Collection[str]) -> list[str]:
    """Return the rights with those without which they are of no use: who changes or deletes records sees them."""
    needed = {f"{key.split('.')[0]}.see" for key in keys if key.endswith((".change", ".delete"))}
    return [key for key in KEYS if key in keys or key in needed]


def permissions_of(keys: Collection[str]) -> list[PermissionView]:
    """Return what a role holds for these rights, made where it is missing."""
    db.session.execute(insert(ViewMenu).values(name=MENU).on_conflict_do_nothing())
    db.session.execute(insert(Permission).values([{"name": key} for key in keys]).on_conflict_do_nothing())
    menu_id = db.session.scalars(select(ViewMenu.id).where(ViewMenu.name == MENU)).one()
    wanted = select(Permission.id, literal(menu_id)).where(Permission.name.in_(keys))
    db.session.execute(
        insert(PermissionView).from_select(["permission_id", "view_menu_id"], wanted).on_conflict_do_nothing()
    )
    found = select(PermissionView).join(Permission, PermissionView.permission_id == Permission.id)
    return list(db.session.scalars(found.where(PermissionView.view_menu_id == menu_id, Permission.name.in_(keys))))


_GRANTS = {right.key: right.grants for right in RIGHTS}


def _fit(grants: Collection[tuple[str, str]], permission: str, view: str) -> bool:
    return any(re.fullmatch(views, view) and re.fullmatch(names, permission) for views, names in grants)


# A permission of each right by which a built-in role is asked.
_SAMPLES = {
    "can_(list|show)": "can_list",
    "can_(add|edit)|assign|tag|stage|pipeline|task|complete": "can_add",
    "can_delete|remove": "can_delete",
    "can_(list|show|add|delete)": "can_list",
    "can_(post|put|delete)": "can_post",
}


def _built_in_gives(role: str, right: Right) -> bool:
    view, permission = right.grants[0]
    name = _SAMPLES.get(permission, permission)
    return any(re.fullmatch(views, view) and re.fullmatch(names, name) for views, names in ROLES[role])
