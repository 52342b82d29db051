"""The channels' own test."""

from __future__ import annotations

from app.services.account import channel_health


def check_channels() -> None:
    """Test the channels whose hour has come."""
    channel_health.check_due()
