"""Working hours as people write them."""

from __future__ import annotations

import datetime as dt

from app.services.talks import working_hours


def test_a_minute_that_was_written_twice_passes_once() -> None:
    monday = dt.datetime(2062, 3, 6, 9, tzinfo=dt.UTC)
    for hours in ("Mon 09:00-17:00; Mon 12:00-14:00", "Mon-Fri 09:00-17:00; Mon 09:00-12:00", "Mon 09:00-17:00"):
        assert working_hours.minutes_later(hours, "UTC", monday, 300) == monday + dt.timedelta(minutes=300)
