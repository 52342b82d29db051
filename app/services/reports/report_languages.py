"""The languages that reports are written in: English, and each that has a catalogue in ``app/translations``.

Pages of the product are English; reports leave it, and some of their readers have no account.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from app.services.language_names import own_name

DEFAULT = "en"
CATALOGUES = Path(__file__).resolve().parents[2] / "translations"


@cache
def languages() -> Mapping[str, str]:
    """Return code → the language's own name. Looked up once a process: catalogues come with the code."""
    codes = [DEFAULT, *sorted(path.parent.parent.name for path in CATALOGUES.glob("*/LC_MESSAGES/messages.mo"))]
    return MappingProxyType({code: own_name(code) for code in codes})
