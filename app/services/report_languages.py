"""The languages that reports are written in: English, and each that has a catalogue in ``app/translations``.

Pages of the product are English; reports leave it, and some of their readers have no account.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from babel import Locale

DEFAULT = "en"
CATALOGUES = Path(__file__).resolve().parent.parent / "translations"


def _found() -> Mapping[str, str]:
    codes = [DEFAULT, *sorted(path.parent.parent.name for path in CATALOGUES.glob("*/LC_MESSAGES/messages.mo"))]
    return MappingProxyType({code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in codes})


# Code → the language's own name.
LANGUAGES = _found()
