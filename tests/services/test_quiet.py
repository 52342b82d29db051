"""Quiet hours and digest hours: pure questions about time, daylight-saving changes included."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.settings.digest_times import last_until, next_after, plan_of, time_of
from app.services.settings.quiet import Why, hold_of, local_moment

VIENNA = "Europe/Vienna"
ZONES = ["UTC", VIENNA, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WORK_WEEK = json.dumps(
    [
        {"weekdays": [0, 1, 2, 3], "from": "21:00", "to": "07:30"},
        {"weekdays": [4], "from": "18:00", "to": "00:00"},
        {"weekdays": [5, 6], "from": "00:00", "to": "00:00"},
        {"weekdays": [0], "from": "00:00", "to": "07:30"},
    ]
)


def local(text: str, zone: str = VIENNA) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def digest(**values: Any) -> Any:
    return plan_of(json.dumps({"hours": ["08:30"], "weekdays": [0, 1, 2, 3, 4]} | values))


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-11-23T20:59", None),
        ("2026-11-23T21:00", "2026-11-24T07:30"),
        ("2026-11-24T07:29", "2026-11-24T07:30"),
        ("2026-11-24T07:30", None),
        ("2026-11-27T18:30", "2026-11-30T07:30"),  # Friday evening until Monday morning: one brief
        ("2026-11-29T12:00", "2026-11-30T07:30"),
    ],
)
def test_quiet_hours_that_touch_are_one(moment: str, until: str | None) -> None:
    held = hold_of(VIENNA, WORK_WEEK, None, local(moment))
    assert (held.until if held else None) == (local(until) if until else None)


def test_do_not_disturb_that_ends_in_quiet_hours_goes_over_into_them() -> None:
    now = local("2026-11-23T18:00")
    held = hold_of(VIENNA, WORK_WEEK, local("2026-11-23T22:00"), now)
    assert held is not None
    assert (held.until, held.why) == (local("2026-11-24T07:30"), Why.DO_NOT_DISTURB)


def test_do_not_disturb_that_is_over_holds_nothing() -> None:
    assert hold_of(VIENNA, None, local("2026-11-23T17:00"), local("2026-11-23T18:00")) is None


def test_quiet_hours_in_the_night_of_the_clock_change_end_by_the_wall_clock() -> None:
    nights = json.dumps([{"from": "22:00", "to": "07:00"}])
    spring = hold_of(VIENNA, nights, None, local("2027-03-27T23:00"))
    autumn = hold_of(VIENNA, nights, None, local("2026-10-24T23:00"))
    assert spring is not None
    assert spring.until == dt.datetime(2027, 3, 28, 5, 0, tzinfo=dt.UTC)
    assert autumn is not None
    assert autumn.until == dt.datetime(2026, 10, 25, 6, 0, tzinfo=dt.UTC)


def test_an_hour_that_is_skipped_comes_when_the_clock_has_jumped() -> None:
    zone = ZoneInfo(VIENNA)
    for wall in (dt.time(2, 0), dt.time(2, 30), dt.time(2, 59)):
        assert local_moment(dt.date(2027, 3, 28), wall, zone) == dt.datetime(2027, 3, 28, 1, 0, tzinfo=dt.UTC)


def test_a_digest_at_an_hour_that_comes_twice_is_due_once() -> None:
    plan = digest(hours=["02:30"], weekdays=[6])
    first = next_after(plan, VIENNA, local("2026-10-24T12:00"))
    assert first == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    assert next_after(plan, VIENNA, first) == local("2026-11-01T02:30")


def test_a_digest_at_a_skipped_hour_is_due_once_too() -> None:
    plan = digest(hours=["02:30", "03:00"], weekdays=[6])
    first = next_after(plan, VIENNA, local("2027-03-27T12:00"))
    assert first == dt.datetime(2027, 3, 28, 1, 0, tzinfo=dt.UTC)
    assert next_after(plan, VIENNA, first) == local("2027-04-04T02:30")


@pytest.mark.parametrize("hour", ["24:00", "8:3", "", "-1", 24, -1, True, None, "noon", 7.5])
def test_what_is_no_hour_is_refused(hour: object) -> None:
    with pytest.raises(ValueError):
        time_of(hour)


times = st.times().map(lambda time: f"{time:%H:%M}")
moments = st.integers(0, 730 * 24 * 60).map(lambda minutes: START + dt.timedelta(minutes=minutes))
spans = st.fixed_dictionaries(
    {"weekdays": st.lists(st.integers(0, 6), min_size=1, unique=True), "from": times, "to": times}
)


@given(zone=st.sampled_from(ZONES), quiet=st.lists(spans, max_size=4), now=moments, dnd=st.none() | moments)
def test_at_the_end_of_a_hold_nothing_holds_any_more(
    zone: str, quiet: list[Any], now: dt.datetime, dnd: dt.datetime | None
) -> None:
    held = hold_of(zone, json.dumps(quiet), dnd, now)
    if held is None:
        return
    assert held.until > now
    if held.until - now < dt.timedelta(days=7):
        assert hold_of(zone, json.dumps(quiet), dnd, held.until) is None


@given(
    zone=st.sampled_from(ZONES),
    hours=st.lists(times, min_size=1, max_size=4),
    weekdays=st.lists(st.integers(0, 6), min_size=1, unique=True),
    now=moments,
)
def test_the_last_window_before_the_next_one_is_this_one(
    zone: str, hours: list[str], weekdays: list[int], now: dt.datetime
) -> None:
    plan = digest(hours=hours, weekdays=weekdays)
    due = next_after(plan, zone, now)
    assert due is not None
    assert due > now
    assert last_until(plan, zone, due) == due
    following = next_after(plan, zone, due)
    assert following is not None
    assert last_until(plan, zone, following - dt.timedelta(seconds=1)) == due
