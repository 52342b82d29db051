"""The words for hand-overs: one notice for all that somebody got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from app.services.people.hand_over_parts import in_words
from app.services.wording import one_line

TAG = "lead:handed_over"


def title_and_body(data: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the line below it."""
    name = one_line((data.get("user") or {}).get("name")) or gettext("A colleague")
    by = one_line((data.get("by") or {}).get("name")) or gettext("An admin")
    what = in_words(data.get("counts") or {})
    return gettext("What %(name)s had is yours now", name=name), gettext("%(what)s · by %(by)s", what=what, by=by)
