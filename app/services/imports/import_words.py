"""The words for imports: one notice for all the leads that somebody got by a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, ngettext

from app.services.wording import one_line

TAG = "lead:imported"


def title_and_body(data: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the line below it."""
    count = int((data.get("counts") or {}).get("new") or 0)
    name = one_line((data.get("by") or {}).get("name")) or gettext("Somebody")
    title = ngettext("%(name)s imported a lead", "%(name)s imported %(num)s leads", count, name=name)
    return title, " · ".join((gettext("You are responsible for some of them"), one_line(data.get("file"))))
