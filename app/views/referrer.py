"""Which page a request says it comes from."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from flask import request


def came_from() -> SplitResult:
    """Return the page's address in its parts; all empty where none is named, or what is named is no address."""
    try:
        return urlsplit(request.referrer or "")
    except ValueError:
        return urlsplit("")
