"""What a number of the activity report is: its unit, which direction is good news, and the section it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Unit(StrEnum):
    """What a value is: money is in the figure's currency, percent from 0 to 100."""

    COUNT = "count"
    MONEY = "money"
    SECONDS = "seconds"
    SCORE = "score"
    PERCENT = "percent"


class Better(StrEnum):
    """Which direction is good news."""

    UP = "up"
    DOWN = "down"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Section:
    """Numbers that belong together; people choose among sections."""

    key: str
    label: Any
    icon: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. ``label`` and ``definition`` are lazy texts; a figure of money has one ``currency``.

    ``behind`` names the source of :mod:`app.services.reports.activity_sources` whose records are behind the number.
    """

    key: str
    section: str
    label: Any
    unit: Unit
    better: Better
    definition: Any
    behind: str
    currency: str = ""
