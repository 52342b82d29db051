"""Generated lists of what is behind a number of the reports: ``?_flt_0_counted=leads_won?period=30&groups=2``.

A filter like others: it stands in the address as a chip, and paging, sorting, exports and saved views keep it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import url_for
from flask_appbuilder.models.filters import BaseFilter
from flask_babel import gettext
from sqlalchemy.orm import Query
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from app.formatting import count_label
from app.security import acting_user
from app.services.reports import figures, report_records, report_words
from app.services.reports.figure_kinds import Figure
from app.views import report_filter
from app.views.report_filter import Asked, Wanted

COLUMN = "counted"
ARGUMENT = f"_flt_0_{COLUMN}"
# Section of numbers → the screen that lists such records. What has no screen, the dashboard lists itself.
SCREENS: Mapping[str, str] = MappingProxyType(
    {"leads": "LeadView", "tasks": "TaskView", "calls": "CallView", "mails": "MailView", "deliveries": "DeliveryView"}
)


class Counted(BaseFilter):  # type: ignore[misc]
    """Only the records that a number counts, as far as the person may see them."""

    name = COLUMN
    arg_name = COLUMN

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        """Limit the query. Raises UserError like the dashboard; NotFound for a number of other records."""
        figure, wanted = _read(value)
        if SCREENS.get(figure.section) != f"{self.model.__name__}View":
            raise NotFound
        return query.filter(self.model.id.in_(report_records.keys(figure, wanted.period, wanted.scope)))


def offer(search_filters: dict[str, list[Any]], view: str, datamodel: Any) -> None:
    """Let a screen's list be asked for what is behind a number."""
    if view in SCREENS.values():
        search_filters[COLUMN] = [Counted(COLUMN, datamodel)]


def list_url(figure: Figure, of: Asked) -> str:
    """Return where the records of a number are listed; empty where no screen lists such."""
    view = SCREENS.get(figure.section)
    if view is None:
        return ""
    return url_for(f"{view}.list") + "?" + urlencode({ARGUMENT: f"{figure.key}?{of.query(sections=())}"})


def in_words(value: str) -> tuple[str, str]:
    """Return the number's name, and whose it is, of when, and how many it counts. Raises like the filter."""
    figure, wanted = _read(value)
    if figure.section not in SCREENS:
        raise NotFound
    total, hidden = report_records.sizes(acting_user(), figure, wanted.period, wanted.scope)
    about = {"whose": report_words.about(wanted.scope), "days": wanted.period.words, "count": count_label(total)}
    words = gettext("%(whose)s, %(days)s: %(count)s counted", **about)
    return str(figure.label), words + (gettext(", %(hidden)s not yours to open", hidden=hidden) if hidden else "")


def _read(value: str) -> tuple[Figure, Wanted]:
    key, _, query = value.partition("?")
    try:
        figure = figures.figure_of(key)
    except KeyError:
        raise NotFound from None
    return figure, report_filter.wanted(
        acting_user(), report_filter.asked(MultiDict(parse_qsl(query, max_num_fields=500)))
    )
