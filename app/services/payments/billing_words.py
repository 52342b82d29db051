"""The words for the account's own plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from babel.dates import format_date
from flask_babel import gettext, ngettext

from app.clock import zone_of
from app.moments import viewer_locale
from app.services.wording import one_line

PREFIX = "billing:"


def title_and_body(tag: str, data: Mapping[str, Any], now: dt.datetime) -> tuple[str, str]:
    """The title and the line below it. What is left is counted from ``now``, so that an old notice does not lie."""
    until = dt.date.fromisoformat(str(data.get("paid_until")))
    left = (until - now.astimezone(zone_of(str(data.get("zone") or "UTC"))).date()).days
    day = format_date(until, "EEEE, d MMMM yyyy", locale=viewer_locale())
    name = one_line(data.get("plan"))
    paid = (
        gettext("%(plan)s, paid until %(day)s", plan=name, day=day) if name else gettext("Paid until %(day)s", day=day)
    )
    if tag == "billing:expired" or left < 0:
        cure = gettext("Renew it, then enter the new date.")
        return gettext("Your plan has ended"), f"{paid}. {cure}"
    return _when(left), f"{paid}. {gettext('Renew it in time, then enter the new date.')}"


def _when(left: int) -> str:
    if left == 0:
        return gettext("Your plan ends today")
    if left == 1:
        return gettext("Your plan ends tomorrow")
    return ngettext("Your plan ends in %(num)s day", "Your plan ends in %(num)s days", left)
