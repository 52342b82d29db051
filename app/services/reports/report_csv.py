"""The activity report as a file for spreadsheets."""

from __future__ import annotations

import csv
import io

from babel.numbers import get_decimal_symbol
from flask_babel import gettext

from app.moments import viewer_locale
from app.services.exports.csv_cells import guarded
from app.services.reports.figure_kinds import Figure, Unit
from app.services.reports.report_numbers import ActivityReport


def report_csv(report: ActivityReport) -> str:
    """Return the report as CSV: a line per total, group, person and day with each number, and what the numbers mean.

    Plain numbers in the smallest sensible unit (seconds, percent); what a spreadsheet would run is made text.
    The decimal point and what stands between columns follow the language.
    """
    stream = io.StringIO()
    point = get_decimal_symbol(viewer_locale())
    # Spreadsheets of countries with a decimal comma take semicolons apart, not commas.
    writer = csv.writer(stream, delimiter=";" if point == "," else ",")
    heads = [f"{figure.label}{_unit_words(figure)}" for figure in report.figures]
    before = gettext("before")
    writer.writerow([gettext("Of"), gettext("Name"), gettext("From"), gettext("To"), *heads])
    kinds = ((gettext("Total"), (report.total,)), (gettext("Group"), report.groups), (gettext("User"), report.users))
    spans = ((report.period, "value"), (report.period.before(), "before"))
    for kind, lines in kinds:
        for line in lines:
            for span, which in spans:
                of = kind if which == "value" else f"{kind}, {before}"
                numbers = [_plain(getattr(line.figures[figure.key], which), point) for figure in report.figures]
                writer.writerow([of, guarded(line.name), span.starts_on, span.last_day, *numbers])
    for place, day in enumerate(report.period.days):
        numbers = [_plain(report.days[figure.key][place], point) for figure in report.figures]
        writer.writerow([gettext("Day"), guarded(report.total.name), day, day, *numbers])
    writer.writerow([])
    writer.writerow([gettext("Number"), gettext("What it means")])
    for figure in report.figures:
        writer.writerow([guarded(str(figure.label)), guarded(str(figure.definition))])
    return stream.getvalue()


def _unit_words(figure: Figure) -> str:
    return {Unit.SECONDS: gettext(", seconds"), Unit.PERCENT: gettext(", percent")}.get(figure.unit, "")


def _plain(value: float | None, point: str) -> str:
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else f"{value:.2f}".replace(".", point)
