"""The words for mails of clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from app.services.wording import one_line

PREFIX = "mail:"


def title_and_body(data: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the line below it."""
    name = one_line(data.get("name")) or gettext("Somebody")
    subject = one_line(data.get("subject")) or gettext("(no subject)")
    return gettext("%(name)s: %(subject)s", name=name, subject=subject), one_line(data.get("text"))[:200]


def on_a_card(act: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """The sentence of a timeline, and the line below it."""
    subject = one_line(data.get("subject")) or gettext("(no subject)")
    if act == "sent" and not data.get("answer", True):
        return gettext("wrote a mail: %(subject)s", subject=subject), one_line(data.get("text"))[:200]
    if act == "sent":
        return gettext("answered by mail: %(subject)s", subject=subject), one_line(data.get("text"))[:200]
    return gettext("Mail: %(subject)s", subject=subject), one_line(data.get("text"))[:200]
