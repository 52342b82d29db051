"""Providers that these tests share."""

from __future__ import annotations

from tests.push_services import push_service
from tests.telegram_api import telegram_api

__all__ = ["push_service", "telegram_api"]
