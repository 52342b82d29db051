"""What one run of a report says: numbers in words, tables and charts, the same for mail, page and paper.

Kept as JSON with the run, so that the report can be shown as it was sent when the numbers have moved on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext

from app.services.reports import report_words
from app.services.reports.activity_report import ActivityReport, Line, Measured, activity_report
from app.services.reports.figure_kinds import Figure, Unit
from app.services.reports.figure_words import shown
from app.services.reports.figures import SECTIONS, figure_of
from app.services.reports.report_charts import Chart
from app.services.reports.report_period import Period
from app.services.reports.report_scope import Scope

TILES, CHARTS, SHORT_COLUMNS, SHORT_ROWS = 4, 4, 5, 20
# What matters most comes first.
_MAIN = (
    "leads_new",
    "leads_won",
    "messages_in",
    "first_reply_median",
    "tasks_done",
    "score_mean",
    "talks_closed",
    "calls_in",
    "mails_in",
    "deliveries_sent",
)
_DRAWN = {
    "leads": "leads_new",
    "messages": "messages_in",
    "talks": "talks_opened",
    "tasks": "tasks_done",
    "replies": "first_reply_median",
    "calls": "calls_in",
    "mails": "mails_in",
    "scores": "score_mean",
    "deliveries": "deliveries_sent",
}
# A day alone is no chart: it is shown as the last of so many.
_DAYS_AROUND = 14


@dataclass(frozen=True, slots=True)
class Number:
    """One number in words. ``tone`` is good, bad or empty."""

    label: str
    value: str
    before: str
    change: str
    tone: str
    definition: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: a group's or a person's."""

    name: str
    cells: tuple[str, ...]
    total: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """``left_out`` is how many lines without any activity, or beyond what fits, are not in it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the report: its numbers, and the same per group and per person."""

    title: str
    numbers: tuple[Number, ...]
    groups: Table | None
    people: Table | None


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart that the run has as ``<name>-light.png`` and ``<name>-dark.png``."""

    name: str
    title: str
    now: str
    before: str
    alt: str


@dataclass(frozen=True, slots=True)
class Contents:
    """All of it."""

    title: str
    days: str
    about: str
    summary: str
    tiles: tuple[Number, ...]
    pictures: tuple[Picture, ...]
    short: Table | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """The contents with what the pictures and the attachment are made from."""

    contents: Contents
    charts: Mapping[str, Chart]
    report: ActivityReport


def make(name: str, period: Period, scope: Scope, sections: Sequence[str]) -> Made:
    """Work a report out. The numbers are those of :mod:`app.services.reports.activity_report`."""
    report = activity_report(period, scope, sections)
    figures = report.figures
    charts, pictures = _charts(period, scope, report, sections)
    tiles = _tiles(figures, report.total)
    contents = Contents(
        title=report_words.title(name, period),
        days=report_words.days(period),
        about=report_words.about(scope),
        summary=", ".join(f"{tile.label}: {tile.value}" for tile in tiles),
        tiles=tiles,
        pictures=pictures,
        short=_short(figures, report),
        parts=tuple(_part(key, figures, report) for key in sections if any(one.section == key for one in figures)),
    )
    return Made(contents, charts, report)


def as_json(contents: Contents) -> dict[str, Any]:
    """Return what is kept."""
    return asdict(contents)


def from_json(kept: Mapping[str, Any]) -> Contents:
    """Read what was kept."""

    def table(one: Mapping[str, Any] | None) -> Table | None:
        if one is None:
            return None
        rows = tuple(Row(row["name"], tuple(row["cells"]), row["total"]) for row in one["rows"])
        return Table(one["title"], tuple(one["columns"]), rows, one["left_out"])

    def numbers(many: Sequence[Mapping[str, Any]]) -> tuple[Number, ...]:
        return tuple(Number(**one) for one in many)

    parts = [
        Part(one["title"], numbers(one["numbers"]), table(one["groups"]), table(one["people"])) for one in kept["parts"]
    ]
    plain = {key: kept[key] for key in ("title", "days", "about", "summary")}
    pictures = tuple(Picture(**one) for one in kept["pictures"])
    return Contents(
        **plain, tiles=numbers(kept["tiles"]), pictures=pictures, short=table(kept["short"]), parts=tuple(parts)
    )


def _number(figure: Figure, measured: Measured) -> Number:
    change, tone = report_words.change(figure, measured), measured.verdict(figure)
    value, before = shown(figure, measured.value), shown(figure, measured.before)
    return Number(str(figure.label), value, before, change, tone, str(figure.definition))


def _tiles(figures: Sequence[Figure], total: Line) -> tuple[Number, ...]:
    main = sorted(figures, key=lambda one: _MAIN.index(one.key) if one.key in _MAIN else len(_MAIN))
    return tuple(_number(figure, total.figures[figure.key]) for figure in main[:TILES])


def _short(figures: Sequence[Figure], report: ActivityReport) -> Table | None:
    """The table of a mail: the main numbers per person, or per group where nobody has any."""
    main = [figure for figure in figures if figure.key in _MAIN][:SHORT_COLUMNS] or list(figures[:SHORT_COLUMNS])
    if report.scope.kind == "user" and len(report.users) < 2:
        return None
    lines, heading = (report.users, gettext("By member")) if report.users else (report.groups, gettext("By group"))
    return _table(heading, main, lines, report.total, SHORT_ROWS, whole=report.scope.kind == "user")


def _part(section: str, figures: Sequence[Figure], report: ActivityReport) -> Part:
    own = [figure for figure in figures if figure.section == section]
    label = next(str(one.label) for one in SECTIONS if one.key == section)
    numbers = tuple(_number(figure, report.total.figures[figure.key]) for figure in own)
    if report.scope.kind == "user" and len(report.users) < 2:
        return Part(label, numbers, None, None)
    # Of one group alone the total tells the same.
    groups = _table(gettext("By group"), own, report.groups) if len(report.groups) > 1 else None
    people = _table(gettext("By member"), own, report.users, whole=report.scope.kind == "user")
    return Part(label, numbers, groups, people)


def _table(
    heading: str,
    figures: Sequence[Figure],
    lines: Sequence[Line],
    total: Line | None = None,
    most: int = 500,
    *,
    whole: bool = False,
) -> Table | None:
    """Return the lines with something to count; a ``whole`` one has all, since each was asked for by name."""
    busy = [line for line in lines if whole or _is_busy(line, figures)]
    if not busy:
        return None
    rows = [Row(line.name, _cells(line, figures)) for line in busy[:most]]
    if total is not None:
        rows.append(Row(gettext("Total"), _cells(total, figures), total=True))
    return Table(heading, tuple(str(figure.label) for figure in figures), tuple(rows), len(lines) - len(busy[:most]))


def _cells(line: Line, figures: Sequence[Figure]) -> tuple[str, ...]:
    return tuple(shown(one, line.figures[one.key].value if one.key in line.figures else None) for one in figures)


def _is_busy(line: Line, figures: Sequence[Figure]) -> bool:
    return any(line.figures[one.key].value for one in figures if one.key in line.figures)


def _charts(
    period: Period, scope: Scope, report: ActivityReport, sections: Sequence[str]
) -> tuple[dict[str, Chart], tuple[Picture, ...]]:
    if period.kind == "day":
        around = Period("custom", period.ends_on - dt.timedelta(days=_DAYS_AROUND), period.ends_on, period.zone)
        now, days = activity_report(around, scope, sections).days, around.days
        before: Mapping[str, Sequence[float | None]] = {}
    else:
        now, days = report.days, period.days
        before = activity_report(period.before(), scope, sections).days
    charts: dict[str, Chart] = {}
    pictures: list[Picture] = []
    labels = tuple(report_words.day_label(day, period) for day in days)
    legend = report_words.legend(period)
    for section, key in _DRAWN.items():
        values = tuple(now.get(key, ()))
        if section not in sections or not any(values) or len(pictures) == CHARTS:
            continue
        figure = figure_of(key)
        earlier = tuple(before.get(key, ())) if before else ()
        base = _axis_base(figure, (*values, *earlier))
        charts[key] = Chart(labels, values, earlier, lambda value, figure=figure: shown(figure, value), base)  # type: ignore[misc]
        pictures.append(Picture(key, str(figure.label), *legend, _alt(figure, values, days, legend)))
    return charts, tuple(pictures)


def _axis_base(figure: Figure, values: Sequence[float | None]) -> float:
    """What an axis counts in: whole minutes or hours for durations."""
    highest = max(value or 0 for value in values)
    if figure.unit is not Unit.SECONDS or highest < 240:
        return 1
    return 60 if highest < 4 * 3600 else 3600


def _alt(figure: Figure, values: Sequence[float | None], days: Sequence[dt.date], legend: tuple[str, str]) -> str:
    """The chart in a sentence, for who does not see it."""
    highest = max(range(len(values)), key=lambda day: values[day] or 0)
    told = {
        "label": figure.label,
        "now": legend[0],
        "day": report_words.long_day(days[highest]),
        "value": shown(figure, values[highest]),
    }
    return gettext("%(label)s per day. %(now)s: the highest is %(day)s, %(value)s.", **told)
