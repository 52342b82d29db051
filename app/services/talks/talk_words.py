"""The words for news of clients: new ones, talks that nobody answers, low scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext

from app.catalogue import Rule
from app.services.wording import joined, one_line


def knows(tag: str) -> bool:
    """Whether a kind of news is worded here."""
    return tag in _WORDS


def title_and_body(tag: str, data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    """The title and the line below it. Raises KeyError for a tag without words."""
    return _WORDS[tag](data, rule)


def _incoming(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    name, via = one_line(data.get("name")) or gettext("Somebody"), one_line(data.get("via"))
    title = gettext("New lead: %(name)s", name=name)
    said = one_line(data.get("text"))
    return title, joined(said, via)


def _unanswered(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    who, minutes = one_line(data.get("contact")) or gettext("A client"), data.get("minutes")
    title = gettext("%(name)s has waited for %(minutes)s min", name=who, minutes=minutes)
    by = one_line((data.get("responsible") or {}).get("name"))
    if not by:
        return title, gettext("Talk %(number)s · nobody has taken it", number=data.get("number"))
    if rule == Rule.RESPONSIBLE:
        return title, gettext("Talk %(number)s", number=data.get("number"))
    return title, gettext("Talk %(number)s · %(name)s has it", number=data.get("number"), name=by)


def _answered(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    return gettext("%(name)s answered %(client)s", name=_by(data), client=_client(data)), _number(data)


def _closed(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    return gettext("%(name)s closed the talk with %(client)s", name=_by(data), client=_client(data)), _number(data)


def _low_score(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    title = gettext("%(client)s gave %(score)s of 10", client=_client(data), score=data.get("score"))
    by = one_line((data.get("responsible") or {}).get("name"))
    parts = [one_line(data.get("comment")), _number(data), gettext("served by %(name)s", name=by) if by else ""]
    return title, joined(*parts)


def _by(data: Mapping[str, Any]) -> str:
    return one_line((data.get("by") or {}).get("name")) or gettext("Somebody")


def _client(data: Mapping[str, Any]) -> str:
    return one_line(data.get("contact")) or gettext("a client")


def _number(data: Mapping[str, Any]) -> str:
    return gettext("Talk %(number)s", number=data.get("number"))


_WORDS: Mapping[str, Callable[[Mapping[str, Any], str], tuple[str, str]]] = {
    "lead:incoming": _incoming,
    "talk:unanswered": _unanswered,
    "talk:answered": _answered,
    "talk:closed": _closed,
    "nps:low_score": _low_score,
}
