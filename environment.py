"""Typed reads of environment variables; which there are, says config.py. Imports nothing of the application."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


class ConfigError(Exception):
    """A variable has a value it may not have. The message names the variable and what it may be."""


class Environment:
    """Typed reads from a mapping; an empty value counts as not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str = "") -> str:
        return self._environ.get(name, "").strip() or default

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        raw = self.text(name)
        if not raw:
            return default
        try:
            value = int(raw)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ConfigError(f"{name}={raw!r}: a whole number from {low} to {high} is needed.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        raw = self.text(name).lower()
        if not raw:
            return default
        if raw in ("1", "true", "yes", "on"):
            return True
        if raw in ("0", "false", "no", "off"):
            return False
        raise ConfigError(f"{name}={raw!r}: 1 or 0 is needed (also true/false, yes/no, on/off).")

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default).lower()
        if value not in allowed:
            raise ConfigError(f"{name}={value!r}: one of {', '.join(allowed)} is needed.")
        return value

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value and (urlsplit(value).scheme not in schemes or not urlsplit(value).netloc):
            # The value itself may hold a password, so only its shape is told.
            raise ConfigError(
                f"{name}: an address that begins with {' or '.join(s + '://' for s in schemes)} is needed."
            )
        return value
