"""What the dashboard's charts show: a few series per kind of numbers, and the same words for their tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel.dates import format_date
from flask_babel import gettext

from app.moments import viewer_locale
from app.services.reports import figures
from app.services.reports.activity_report import ActivityReport
from app.services.reports.figure_kinds import Better, Figure, Unit
from app.services.reports.figure_words import shown

# What of a section can be drawn on one axis; the rest is in its tiles.
DRAWN: dict[str, tuple[str, ...]] = {
    "leads": ("leads_new", "leads_won", "leads_lost"),
    "tasks": ("tasks_set", "tasks_done", "tasks_expired"),
    "messages": ("messages_in", "messages_out"),
    "talks": ("talks_opened", "talks_closed", "talks_unanswered"),
    "replies": ("first_reply_median",),
    "calls": ("calls_in", "calls_out", "calls_missed"),
    "mails": ("mails_in",),
    "scores": ("score_mean",),
    "deliveries": ("deliveries_sent", "deliveries_failed"),
}
_MINUTE = 60
_LINES = (Unit.SECONDS, Unit.SCORE)


@dataclass(frozen=True, slots=True)
class Series:
    """One row of a chart. ``tone`` is a colour of the theme; ``texts`` are the values as people read them."""

    label: str
    tone: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: by day, as bars or lines; ``unit`` stands at its axis."""

    section: str
    title: str
    kind: str
    unit: str
    labels: tuple[str, ...]
    days: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def drawn(self) -> bool:
        """Whether there is anything to draw: one day is said by its number."""
        return len(self.labels) > 1 and any(value for one in self.series for value in one.values)


def charts_of(report: ActivityReport) -> tuple[Chart, ...]:
    """Return a chart per section of the report."""
    by_key = {figure.key: figure for figure in report.figures}
    made = []
    for section in figures.SECTIONS:
        if section.key not in report.sections:
            continue
        drawn = [by_key[key] for key in DRAWN[section.key]]
        made.append(_chart(report, section.key, str(section.label), drawn))
    return tuple(made)


def as_json(charts: tuple[Chart, ...]) -> list[dict[str, Any]]:
    """Return what the page's script draws."""
    return [
        {
            "section": chart.section,
            "kind": chart.kind,
            "unit": chart.unit,
            "labels": chart.labels,
            "days": chart.days,
            "series": [
                {"label": one.label, "tone": one.tone, "values": one.values, "texts": one.texts} for one in chart.series
            ],
        }
        for chart in charts
        if chart.drawn
    ]


def _chart(report: ActivityReport, section: str, title: str, drawn: list[Figure]) -> Chart:
    locale = viewer_locale()
    days = report.period.days
    # A month fits as days of the month; more needs their names.
    pattern = "EEE d" if len(days) <= 7 else "d MMM"
    seconds, lines = drawn[0].unit is Unit.SECONDS, drawn[0].unit in _LINES
    series = [
        _series(figure, str(figure.label), _tone(figure, place), report.days[figure.key])
        for place, figure in enumerate(drawn)
    ]
    before: tuple[float | None, ...] = ()
    if len(drawn) == 1:
        before = report.days_before[drawn[0].key][: len(days)]
        before += (None,) * (len(days) - len(before))
    if len(drawn) == 1 and any(before):
        series.insert(0, _series(drawn[0], gettext("Period before"), "before", before))
    return Chart(
        section=section,
        title=title,
        kind="line" if lines or len(days) > 45 else "bar",
        unit=gettext("minutes") if seconds else "",
        labels=tuple(format_date(day, pattern, locale=locale) for day in days),
        days=tuple(format_date(day, "EEEE, d MMMM yyyy", locale=locale) for day in days),
        series=tuple(series),
    )


def _series(figure: Figure, label: str, tone: str, values: tuple[float | None, ...]) -> Series:
    scaled = values
    if figure.unit is Unit.SECONDS:
        scaled = tuple(None if value is None else round(value / _MINUTE, 2) for value in values)
    return Series(label, tone, scaled, tuple(shown(figure, value) for value in values))


def _tone(figure: Figure, place: int) -> str:
    if figure.better is Better.DOWN and place > 0:
        return "bad"
    return ("first", "second")[min(place, 1)]
