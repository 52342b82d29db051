"""Languages by their own names: whoever speaks one finds it."""

from __future__ import annotations

from babel import Locale


def own_name(code: str) -> str:
    """Return what a language (ISO 639-1) calls itself; reads the locale's data."""
    return (Locale.parse(code).get_display_name(code) or code).capitalize()
