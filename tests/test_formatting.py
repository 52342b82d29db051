"""Values as people read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, g

from app import formatting, moments

# Friday, 20 November 2026, 11:00 in Vienna.
NOW = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def viewer_in_vienna(app: Flask, at: Callable[[Any], None]) -> Iterator[None]:
    with app.test_request_context():
        at(NOW)
        g.user = SimpleNamespace(zone="Europe/Vienna", is_authenticated=True)
        yield


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW - dt.timedelta(minutes=34), "10:26"),
        (NOW + dt.timedelta(hours=4), "15:00"),
        # 23:30 UTC is already the next day in Vienna.
        (dt.datetime(2026, 11, 19, 23, 30, tzinfo=dt.UTC), "00:30"),
        (NOW - dt.timedelta(days=1), "Yesterday"),
        (NOW - dt.timedelta(days=3), "Tue"),
        (NOW - dt.timedelta(days=7), "13 Nov"),
        (NOW - dt.timedelta(days=400), "16 Oct 2025"),
        (NOW + dt.timedelta(days=1), "Tomorrow 11:00"),
        (NOW + dt.timedelta(days=3), "Mon 11:00"),
        (NOW + dt.timedelta(days=10), "30 Nov"),
    ],
)
def test_a_moment_is_said_as_people_say_it(moment: dt.datetime, words: str) -> None:
    shown = moments.when(moment)
    assert shown.striptags() == words
    assert "(Europe/Vienna)" in shown


def test_the_full_time_stands_in_the_title() -> None:
    assert moments.full_time(NOW) == "Friday, 20 November 2026, 11:00 (Europe/Vienna)"
    assert moments.full_time(dt.date(2026, 12, 6)) == "Sunday, 6 December 2026"


def test_only_open_tasks_can_be_late() -> None:
    row = {"completed_at": None, "all_day": False}
    past = NOW - dt.timedelta(days=1)
    assert moments.due_of_row(past, row).striptags() == "Late · Yesterday"
    assert moments.due_of_row(past, row | {"completed_at": NOW}).striptags() == "Yesterday"
    assert moments.due_of_row(NOW + dt.timedelta(hours=1), row).striptags() == "12:00"
    assert moments.due_of_row(NOW + dt.timedelta(hours=1), row | {"all_day": True}).striptags() == "Today"


def test_an_unknown_zone_is_utc() -> None:
    g.user = SimpleNamespace(zone="Mars/Olympus")
    assert str(moments.viewer_zone()) == "UTC"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Rowan Sprocket", "RS"),
        ("Della", "D"),
        ("Ana María de la Cruz", "AC"),
        ("émile zola", "ÉZ"),
        ("", "?"),
        ("•", "?"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert formatting.initials(name) == letters


@pytest.mark.parametrize(
    ("value", "text"),
    [(12000, "12,000"), (12.5, "12.5"), (True, "Yes"), (False, "No"), ("", "–None"), (None, "–None"), ([], "–None")],
)
def test_a_cell_shows_any_value(value: object, text: str) -> None:
    assert formatting.cell(value).striptags() == text


def test_a_cell_shows_markup_of_people_as_text() -> None:
    assert formatting.cell("<b>bold</b>") == "&lt;b&gt;bold&lt;/b&gt;"
    assert "<script>" not in formatting.cell(["<script>"])


def test_lists_that_stopped_counting_say_so() -> None:
    assert formatting.count_label(10_000) == "10,000"
    assert formatting.count_label(10_001) == "10,000+"
