"""Website chats: kept by admins, found by their public key, allowed on certain pages only."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from flask import current_app
from sqlalchemy import select

from app import access, clock
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.people import User
from app.models.talks import Widget
from app.services import fields
from app.services.account import faults
from app.services.chats import chat_files, drafts
from app.services.clients import origins as origin_lists
from app.services.clients import visitor_live
from app.services.people.people import require_admin
from app.services.records.related import checked_related
from app.services.talks import working_hours
from app.transaction import on_commit

FIELDS = (
    "name",
    "colour",
    "greeting",
    "working_hours",
    "zone",
    "offline_text",
    "allowed_origins",
    "language",
    "group_id",
    "active",
)
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "cs", "tr")
ANYWHERE = origin_lists.ANYWHERE
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def create(actor: User, changes: Mapping[str, Any]) -> Widget:
    """Add a widget with a key of its own. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    widget = Widget(key=secrets.token_urlsafe(12), **check(actor, changes, None))
    db.session.add(widget)
    db.session.flush()
    return widget


def update(actor: User, widget: Widget, changes: Mapping[str, Any]) -> Widget:
    """Change the given fields; one that is switched off says good-bye to its visitors. Raises like create."""
    require_admin(actor)
    for field, value in check(actor, changes, widget).items():
        setattr(widget, field, value)
    db.session.flush()
    if widget.group_id is not None or not widget.active:
        faults.over(f"widget:{widget.id}:group")
    if not widget.active:
        widget_id = widget.id
        on_commit(lambda: visitor_live.end_widget(widget_id))
    return widget


def delete(actor: User, widget: Widget) -> None:
    """Delete a widget; what its clients wrote stays, but their browsers forget it. Raises Forbidden."""
    require_admin(actor)
    widget_id = widget.id
    faults.over(f"widget:{widget_id}:group")
    db.session.delete(widget)
    db.session.flush()
    on_commit(lambda: visitor_live.end_widget(widget_id))


def check(actor: User, changes: Mapping[str, Any], widget: Widget | None) -> dict[str, Any]:
    """Return the cleaned values of the fields that change; writes nothing."""
    fields.known(changes, FIELDS)
    values = dict(changes)
    if widget is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 60)
    if "colour" in values:
        values["colour"] = _checked_colour(values["colour"] or "#2f6fed")
    for field in ("greeting", "offline_text"):
        if field in values:
            values[field] = fields.line(values[field], field, 300)
    if "working_hours" in values:
        values["working_hours"] = working_hours.checked(values["working_hours"])
    if "zone" in values:
        values["zone"] = fields.zone(values["zone"])
    if "allowed_origins" in values:
        values["allowed_origins"] = origin_lists.checked(values["allowed_origins"])
    if "language" in values and values["language"] not in LANGUAGES:
        raise UserError("invalid", f"Choose one of {', '.join(LANGUAGES)}", "language")
    if "group_id" in values:
        before_id = widget.group_id if widget else None
        values["group_id"] = checked_related(access.access_group, actor, values["group_id"], "group_id", before_id)
    if "active" in values:
        values["active"] = fields.flag(values["active"], "active")
    return values


def by_key(key: object, switched_off: bool = False) -> Widget:
    """Return the active widget of a key; asked for, one that is switched off, too. Raises NotFound."""
    found = None
    if isinstance(key, str) and 0 < len(key) <= 32 and key.isascii() and key.isprintable():
        found = db.session.scalars(select(Widget).where(Widget.key == key)).one_or_none()
    if found is not None and not (found.active or switched_off):
        found = None
    if found is None:
        raise UserError("unknown_widget", "There is no such chat, or it is switched off", status=404)
    return found


def origins(widget: Widget) -> list[str]:
    """Return the origins of the pages that may show the widget, our own first; ``*`` stands for all."""
    return origin_lists.allowed(widget.allowed_origins)


def allows(widget: Widget, origin: str | None) -> bool:
    """Whether a page of this origin may show the widget; programs and same-origin requests name none."""
    return origin_lists.allows(widget.allowed_origins, origin)


def require_origin(widget: Widget, origin: str | None) -> None:
    """Refuse pages that the widget is not meant for. Raises Forbidden."""
    origin_lists.require(widget.allowed_origins, origin, "This chat is not meant for that page")


def config_of(widget: Widget) -> dict[str, Any]:
    """Return what everybody may know about a widget: how it looks and whether somebody is there."""
    return {
        "name": widget.name,
        "colour": widget.colour,
        "greeting": widget.greeting or "",
        "language": widget.language,
        "parent_origins": origins(widget),
        **presence_of(widget),
    }


def presence_of(widget: Widget) -> dict[str, Any]:
    """Return whether these are working hours, and what to say outside them."""
    online = working_hours.is_open(widget.working_hours, widget.zone, clock.now())
    return {"online": online, "offline_text": widget.offline_text or ""}


def preview_of(widget: Widget, typed: Mapping[str, str]) -> dict[str, Any]:
    """Return what the preview starts from: the widget as its form says now; what cannot be read stays as it was."""
    boot = boot_of(widget) | {"preview": True}
    if typed.get("language") in LANGUAGES:
        boot["language"] = typed["language"]
    try:
        hours = working_hours.checked(typed.get("working_hours", widget.working_hours))
        zone = fields.zone(typed.get("zone", widget.zone))
    except UserError:
        return boot
    return boot | {"online": working_hours.is_open(hours, zone, clock.now())}


def boot_of(widget: Widget) -> dict[str, Any]:
    """Return what the page in the iframe starts from."""
    return {
        "key": widget.key,
        **config_of(widget),
        "socket_path": "/socket.io",
        "namespace": visitor_live.NAMESPACE,
        "api": "/widget/api",
        "max_body": drafts.MAX_BODY,
        "max_file_bytes": chat_files.max_bytes(),
        "max_files": drafts.MAX_FILES,
        "preview": False,
    }


def snippet(widget: Widget) -> str:
    """Return the line that a website includes."""
    home = current_app.config["PUBLIC_URL"]
    return f'<script src="{home}/widget/loader.js" data-key="{widget.key}" async></script>'


def first_key() -> str | None:
    """Return the key of the oldest active widget."""
    return db.session.scalars(select(Widget.key).where(Widget.active).order_by(Widget.id).limit(1)).first()


def of_id(widget_id: int) -> Widget:
    """Return a widget that is still switched on. Raises NotFound."""
    widget = db.session.get(Widget, widget_id)
    if widget is None or not widget.active:
        raise NotFound("Chat")
    return widget


def _checked_colour(value: object) -> str:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value.strip()):
        raise UserError("invalid", "A colour like #2f6fed is needed", "colour")
    return value.strip().lower()
