"""The words for activity limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, ngettext

from app.catalogue import Rule
from app.services.people.names import named
from app.services.wording import one_line

PREFIX = "limit:"


def title_and_body(tag: str, data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    """The title and the line below it."""
    name = one_line(named(data.get("user")))
    what = _amount(str(data.get("kind")), str(data.get("span")), int(data.get("amount") or 0), data.get("allowed"))
    if tag == "limit:near":
        if rule == Rule.CONCERNED:
            return gettext("You are near an activity limit"), gettext(
                "%(what)s. One more than allowed deactivates your account.", what=what
            )
        return gettext("%(name)s is near an activity limit", name=name), what
    if data.get("only_reported"):
        return gettext("%(name)s exceeded an activity limit", name=name), gettext(
            "%(what)s. Nothing was done: this is the last active admin.", what=what
        )
    return gettext("%(name)s exceeded an activity limit and is deactivated", name=name), what


def url_of(data: Mapping[str, Any], rule: str) -> str:
    """Only admins see the evidence."""
    return "" if rule == Rule.CONCERNED else str(data.get("url") or "")


def reason(kind: str, span: str, allowed: int) -> str:
    """Return what the sign-in page and the user's page say."""
    return gettext("Activity limit exceeded: more than %(what)s", what=limit(kind, span, allowed))


def limit(kind: str, span: str, allowed: int) -> str:
    """Return e.g. "100 cards a day"."""
    if kind == "cards":
        what = ngettext("%(num)s card", "%(num)s cards", allowed)
    else:
        what = ngettext("%(num)s list item", "%(num)s list items", allowed)
    return gettext("%(what)s an hour", what=what) if span == "hour" else gettext("%(what)s a day", what=what)


def _amount(kind: str, span: str, amount: int, allowed: object) -> str:
    values = {"amount": amount, "allowed": allowed}
    if kind == "cards" and span == "hour":
        return gettext("%(amount)s of %(allowed)s cards in this hour", **values)
    if kind == "cards":
        return gettext("%(amount)s of %(allowed)s cards today", **values)
    if span == "hour":
        return gettext("%(amount)s of %(allowed)s list items in this hour", **values)
    return gettext("%(amount)s of %(allowed)s list items today", **values)
