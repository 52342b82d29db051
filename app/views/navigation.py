"""What the shell around every page offers this person: side navigation, and the entries of "New"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, url_for

PERMISSION_PREFIX = "can_"
DEFAULT_ICON = "file"


@dataclass(frozen=True, slots=True)
class Entry:
    """A link of the shell. ``icon`` is a name of the sprite, without ``i-``."""

    label: str
    url: str
    icon: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Entries under one heading; an empty label has none. One with an icon is a group of Settings, closed at first."""

    label: str
    entries: tuple[Entry, ...]
    icon: str = ""

    @property
    def current(self) -> bool:
        """Whether the shown page is among the entries."""
        return any(entry.current for entry in self.entries)


def init_navigation(app: Flask) -> None:
    """Offer both lists to the templates. Globals, not a context processor: only pages with a shell pay for them."""
    app.jinja_env.globals.update(
        navigation=navigation,
        new_entries=new_entries,
        generated_view=generated_view,
        list_link=list_link,
        offers=offers,
        record_can=record_can,
        signed_in=signed_in,
    )
    app.context_processor(_shell)


def _shell() -> dict[str, Any]:
    """What FAB's views pass to every template; here also for pages that no FAB view renders (errors, the center)."""
    appbuilder = current_app.appbuilder  # type: ignore[attr-defined]
    return {"appbuilder": appbuilder, "base_template": appbuilder.base_template}


def signed_in() -> bool:
    """Whether somebody is signed in. Safe on error pages, where FAB may not have set ``g.user``."""
    return bool(getattr(g.get("user"), "is_authenticated", False))


def navigation() -> list[Section]:
    """Return the menu's sections this person may use; views name icons of our sprite (``icon="target"``)."""
    if not signed_in():
        return []
    sections: list[Section] = []
    loose: list[Entry] = []
    items = [item for item in current_app.appbuilder.menu.get_data() if not isinstance(item, str)]  # type: ignore[attr-defined]
    links = [one for item in items for one in item.get("childs", [item]) if not isinstance(one, str)]
    here = _current_of([one["url"] for one in links if one["url"]])
    for item in items:
        if "childs" in item:
            entries = tuple(_entry(child, here) for child in item["childs"] if not isinstance(child, str))
            if entries:
                sections.append(Section(str(item["label"]), entries, item["icon"] or ""))
        elif item["url"]:
            loose.append(_entry(item, here))
    return ([Section("", tuple(loose))] if loose else []) + sections


def new_entries() -> list[Entry]:
    """Return what this person may add from the top bar: every view with ``new_label`` whose add page they may open."""
    if not signed_in():
        return []
    return [
        Entry(str(view.new_label), url_for(f"{view.endpoint}.add"), getattr(view, "new_icon", "plus"))
        for view in current_app.appbuilder.baseviews  # type: ignore[attr-defined]
        if getattr(view, "new_label", None) and record_can(view, "add")
    ]


def generated_view(name: str) -> Any | None:
    """Return the registered generated view of this class name, or None."""
    views = current_app.appbuilder.baseviews  # type: ignore[attr-defined]
    return next((view for view in views if type(view).__name__ == name), None)


def record_can(view: Any | None, method: str) -> bool:
    """Whether this person may call the method (list, show, add, edit, delete) of a generated view."""
    if view is None or not hasattr(view, method):
        return False
    permission = PERMISSION_PREFIX + view.get_method_permission(method)
    if permission not in view.base_permissions:
        return False
    return bool(current_app.appbuilder.sm.has_access(permission, view.class_permission_name))  # type: ignore[attr-defined]


def offers(view: Any | None, what: str, row: Mapping[str, Any] | None) -> bool:
    """Whether an act (edit, delete, an action's name) makes sense for this row.

    A view may say so in a method ``offers(what, row)``. Only for what is shown; services decide what is allowed.
    """
    hook = getattr(view, "offers", None)
    return hook is None or row is None or bool(hook(what, row))


def list_link(name: str) -> Entry | None:
    """Return the way back from a record to its list, where this person may open that list."""
    view = generated_view(name)
    if not record_can(view, "list"):
        return None
    assert view is not None
    return Entry(str(view.list_title), url_for(f"{view.endpoint}.list"), "left")


def _entry(item: dict[str, Any], here: str) -> Entry:
    icon = item["icon"] or DEFAULT_ICON
    return Entry(item["label"], item["url"], DEFAULT_ICON if icon.startswith("fa-") else icon, item["url"] == here)


def _current_of(urls: Sequence[str]) -> str:
    """Return which entry the shown page belongs to, empty for none: a record's page belongs to its list.

    A generated view without an entry may name the view it is part of in ``menu_under``.
    """
    path = request.path
    under = getattr(generated_view(request.blueprint or ""), "menu_under", "")
    if under:
        path = url_for(f"{under}.list")
    found = [url for url in urls if path == url or (url.endswith("/") and path.startswith(url.removesuffix("list/")))]
    return max(found, key=len, default="")
