"""What a report consists of: the numbers of its lines, each against the period before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.services.reports.figure_kinds import Better, Figure, Unit
from app.services.reports.report_period import Period
from app.services.reports.report_scope import Scope


@dataclass(frozen=True, slots=True)
class Measured:
    """A number and that of the period before; None where there is none, as a median without a single reply."""

    value: float | None
    before: float | None

    @property
    def change(self) -> float | None:
        """The difference in percent of the period before; None where that was nothing."""
        if self.value is None or not self.before:
            return None
        return 100 * (self.value - self.before) / abs(self.before)

    def verdict(self, figure: Figure) -> str:
        """Whether that is "good" or "bad" news; empty for neither, and where there was nothing to compare with."""
        if self.value is None or self.before is None or self.value == self.before or figure.better is Better.NEUTRAL:
            return ""
        if not self.before and figure.unit in (Unit.COUNT, Unit.MONEY):
            return ""
        return "good" if (self.value > self.before) == (figure.better is Better.UP) else "bad"


@dataclass(frozen=True, slots=True)
class Line:
    """The numbers of all, of a group or of a person, by figure key. ``active`` is False for who is deactivated."""

    name: str
    user_id: int | None
    group_id: int | None
    figures: Mapping[str, Measured]
    active: bool = True


@dataclass(frozen=True, slots=True)
class ActivityReport:
    """``figures`` are those of the wanted sections in their order, money in each currency that occurs.

    ``days`` has the total's value of each day of the period, by figure key, ``days_before`` those of the period before.
    ``as_of`` is when the numbers were last brought up to date; with ``complete_from`` they are being counted anew, and
    days before it are not ready.
    """

    period: Period
    scope: Scope
    sections: tuple[str, ...]
    figures: tuple[Figure, ...]
    total: Line
    groups: tuple[Line, ...]
    users: tuple[Line, ...]
    days: Mapping[str, tuple[float | None, ...]]
    days_before: Mapping[str, tuple[float | None, ...]]
    as_of: dt.datetime | None = None
    complete_from: dt.date | None = None

    @property
    def rebuilding(self) -> bool:
        """Whether the numbers are being counted anew."""
        return self.complete_from is not None

    @property
    def empty(self) -> bool:
        """Whether nothing at all happened, now and before."""
        return not any(one.value or one.before for one in self.total.figures.values())
