"""The notification settings at the bottom of the profile: what their template starts from."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.security import acting_user
from app.services.settings import settings_page


def init_app(app: Flask) -> None:
    """Give the templates the page's data."""
    app.jinja_env.globals["notification_settings"] = notification_settings


def notification_settings() -> dict[str, Any]:
    """Return all that the section shows, for the page's data block."""
    return settings_page.of_user(acting_user())
