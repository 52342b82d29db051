"""How requests are read: what can be neither stored nor meant is malformed or found nowhere, and nothing worse."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request
from flask.json.provider import DefaultJSONProvider

# What stands for a NUL of an address: PostgreSQL refuses whole statements for one.
_UNKNOWN_CHARACTER = "\ufffd".encode()


class CleanRequest(Request):
    """A request without NUL characters in its path and query, whoever reads them."""

    def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        query, path = environ.get("QUERY_STRING", ""), environ.get("PATH_INFO", "")
        if "%00" in query:
            environ["QUERY_STRING"] = query.replace("%00", "".join(f"%{byte:02X}" for byte in _UNKNOWN_CHARACTER))
        if "\x00" in path:
            environ["PATH_INFO"] = path.replace("\x00", _UNKNOWN_CHARACTER.decode("latin-1"))
        super().__init__(environ, *args, **kwargs)


class StrictJSON(DefaultJSONProvider):
    """Refuses by ValueError what Python's reader lets through (NaN, Infinity) or fails on (thousands of brackets)."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read JSON. Raises ValueError."""
        try:
            return super().loads(s, **({"parse_constant": _refuse} | kwargs))
        except RecursionError:
            raise ValueError("nested too deeply") from None


def init_app(app: Flask) -> None:
    """Let every request be read so."""
    app.request_class = CleanRequest
    app.json = StrictJSON(app)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
