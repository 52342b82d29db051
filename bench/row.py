"""One line of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, what came out, what it may be, and whether it is."""

    name: str
    value: str
    bound: str
    ok: bool


def at_most(name: str, value: float, bound: float, unit: str = "") -> Row:
    """A value that may not be higher than its bound."""
    return Row(name, _words(value, unit), f"≤ {_words(bound, unit)}", value <= bound)


def at_least(name: str, value: float, bound: float, unit: str = "") -> Row:
    """A value that may not be lower than its bound."""
    return Row(name, _words(value, unit), f"≥ {_words(bound, unit)}", value >= bound)


def noted(name: str, value: float, unit: str = "") -> Row:
    """A value that explains another one and has no bound itself."""
    return Row(name, _words(value, unit), "", True)


def _words(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2f}"
    return f"{digits} {unit}".strip()
