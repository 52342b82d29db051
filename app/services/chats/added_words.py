"""The words for having been added to a chat. Messages themselves are worded by ``chat_feed`` and ``chat_mail``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from app.services.people.names import named
from app.services.wording import one_line

PREFIX = "chat:"


def title_and_body(data: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the line below it."""
    chat, by = one_line(data.get("chat")) or gettext("a chat"), one_line(named(data.get("by")))
    if not by:
        return gettext("You are in the chat %(chat)s now", chat=chat), gettext("It follows your user group")
    return gettext("%(name)s added you to %(chat)s", name=by, chat=chat), ""
