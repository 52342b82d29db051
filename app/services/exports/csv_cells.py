"""Cells of CSV files as they are written for spreadsheets."""

from __future__ import annotations

import datetime as dt
from typing import Any

# A spreadsheet takes a cell that begins so for a formula (OWASP: CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(value: Any) -> str:
    """Return a cell's text; what a spreadsheet would run as a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="seconds")
    if not isinstance(value, str):
        return str(value)
    return f"'{value}" if value.startswith(_FORMULA) else value
