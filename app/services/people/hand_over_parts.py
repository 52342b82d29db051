"""What can be handed over, in the order in which it goes. Closed leads and completed tasks stay: they are history."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext

PARTS = {
    "leads": lazy_gettext("Open leads"),
    "contacts": lazy_gettext("Contacts"),
    "companies": lazy_gettext("Companies"),
    "tasks": lazy_gettext("Open tasks"),
    "talks": lazy_gettext("Open talks with clients"),
    "chats": lazy_gettext("Places in group chats"),
}


def in_words(counts: Mapping[str, int]) -> str:
    """Return e.g. "12 open leads, 3 open tasks"."""
    return ", ".join(f"{counts[key]} {str(label).lower()}" for key, label in PARTS.items() if counts.get(key))
