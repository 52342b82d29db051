"""News in words: what a person reads in the center and in a mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from app.catalogue import KINDS
from app.channels.base import Message
from app.services.render import email_message, headline
from app.services.wording import TEST_TAG

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)  # a Friday, 10:00 in Vienna
ROWAN, MILO = {"id": 1, "name": "Rowan Sprocket"}, {"id": 2, "name": "Milo Spoke"}
VIENNA = "Europe/Vienna"
# Chats, clients and errors have mails of their own, tested beside their services.
TAGS = [*(tag for tag in KINDS if tag.startswith("task:")), TEST_TAG]


@dataclass(frozen=True)
class Reader:
    zone: str = VIENNA


@dataclass(frozen=True)
class Numbered:
    id: int = 41


def snapshot(**changes: Any) -> dict[str, Any]:
    """A task that Rowan gave to Milo, due today at 10:40 in Vienna."""
    task = {
        "task_id": 5,
        "text": "Call Basil back",
        "due_at": "2026-11-20T09:40:00+00:00",
        "all_day": False,
        "author": ROWAN,
        "responsible": MILO,
        "result": None,
        "url": "/taskview/show/5",
    }
    return task | changes


def words(tag: str, rule: str = "responsible", **changes: Any) -> tuple[str, str]:
    line = headline(tag, rule, snapshot(**changes), VIENNA, NOW)
    return line.title, line.body


def mail(
    tag: str, rule: str = "responsible", *, required_by: str = "", unsubscribe_url: str = "", **changes: Any
) -> Message:
    return email_message(
        tag,
        rule,
        snapshot(link="/go/abc", **changes),
        Reader(),
        Numbered(),
        required_by=required_by,
        unsubscribe_url=unsubscribe_url,
        now=NOW,
    )


@pytest.fixture(autouse=True)
def product() -> Iterator[Flask]:
    """The templates and the language; words need neither database nor request."""
    app = Flask("app")
    app.config.update(PUBLIC_URL="https://desk.example.com")
    Babel(app)
    with app.app_context():
        yield app


def test_a_new_task_says_from_whom_and_when() -> None:
    assert words("task:assigned") == ("New task: Call Basil back", "from Rowan Sprocket · due 10:40")


def test_a_task_passed_on_comes_from_who_passed_it_on() -> None:
    della = {"id": 3, "name": "Della Crank"}
    assert words("task:assigned", by=della)[1] == "from Della Crank · due 10:40"


def test_a_new_task_that_stands_in_for_its_reminder_says_how_soon() -> None:
    assert (
        words("task:assigned", due_at="2026-11-20T09:03:00+00:00", lead_minutes=3)[1]
        == "from Rowan Sprocket · due in 3 min"
    )


def test_a_reminder_counts_down() -> None:
    assert words("task:due_soon", lead_minutes=60) == ("In 40 min: Call Basil back", "from Rowan Sprocket · due 10:40")


def test_a_reminder_read_after_the_moment_does_not_count_down() -> None:
    past = {"due_at": "2026-11-20T08:55:00+00:00", "lead_minutes": 15}
    assert words("task:due_soon", **past) == ("Due 09:55: Call Basil back", "from Rowan Sprocket")


def test_a_late_reminder_says_so() -> None:
    assert words("task:due_soon", lead_minutes=60, late=True)[1].endswith("reminded late")


def test_an_own_task_is_from_nobody() -> None:
    assert words("task:due_soon", lead_minutes=60, author=MILO)[1] == "due 10:40"
    assert words("task:expired", "author", author=MILO) == ("Overdue: Call Basil back", "was due 10:40")


def test_an_expired_task_reads_differently_for_author_and_responsible() -> None:
    passed = "Milo Spoke has not completed it · was due 10:40"
    assert words("task:expired", "author") == ("Expired: Call Basil back", passed)
    assert words("task:expired", "responsible") == ("Overdue: Call Basil back", "from Rowan Sprocket · was due 10:40")


def test_a_completed_task_says_who_did_it_and_the_result() -> None:
    della = {"id": 3, "name": "Della Crank"}
    assert words("task:completed", "author", result="He takes the\nblue one") == (
        "Completed: Call Basil back",
        "by Milo Spoke · He takes the blue one",
    )
    assert words("task:completed", "author", completed_by=della)[1] == "by Della Crank"


@pytest.mark.parametrize(
    ("due_at", "all_day", "expected"),
    [
        ("2026-11-20T22:59:00+00:00", False, "23:59"),
        ("2026-11-20T23:30:00+00:00", False, "tomorrow 00:30"),
        ("2026-11-24T09:40:00+00:00", False, "Tue 10:40"),
        ("2026-11-27T09:40:00+00:00", False, "27 Nov 10:40"),
        ("2027-01-04T09:40:00+00:00", False, "4 Jan 2027 10:40"),
        ("2026-11-19T09:40:00+00:00", False, "yesterday 10:40"),
        ("2026-11-16T09:40:00+00:00", False, "16 Nov 10:40"),
        ("2026-11-20T23:00:00+00:00", True, "today"),  # midnight in Vienna ends the 20th
        ("2026-11-20T22:59:59+00:00", True, "today"),
        ("2026-11-23T23:00:00+00:00", True, "Mon"),
    ],
)
def test_a_due_date_is_told_in_the_zone_of_the_reader(due_at: str, all_day: bool, expected: str) -> None:
    assert words("task:assigned", due_at=due_at, all_day=all_day)[1] == f"from Rowan Sprocket · due {expected}"


def test_an_hour_that_clocks_repeat_is_the_right_one() -> None:
    # On 25 October 2026 at 03:00 Vienna puts its clocks back to 02:00.
    before, after = (
        headline(
            "task:assigned",
            "responsible",
            snapshot(due_at=due_at),
            VIENNA,
            dt.datetime(2026, 10, 24, 22, tzinfo=dt.UTC),
        )
        for due_at in ("2026-10-25T00:59:00+00:00", "2026-10-25T02:01:00+00:00")
    )
    assert before.body.endswith("due 02:59")
    assert after.body.endswith("due 03:01")


def test_a_snapshot_that_lacks_people_and_a_zone_that_is_none_still_find_words() -> None:
    line = headline("task:completed", "author", {"text": "Call", "due_at": None}, "Mars/Olympus", NOW)
    assert (line.title, line.body) == ("Completed: Call", "by Somebody")
    assert words("task:assigned", author=None)[1] == "due 10:40"


def test_every_kind_of_news_has_words_and_a_mail() -> None:
    for tag in TAGS:
        for rule in ("author", "responsible"):
            message = mail(tag, rule)
            assert message.title == headline(tag, rule, snapshot(), VIENNA, NOW).title
            assert message.subject
            assert message.html
            assert message.text


def test_a_mail_says_what_who_when_and_why_in_both_forms() -> None:
    message = mail("task:assigned")
    for part in (message.text, readable(message.html)):
        assert "New task: Call Basil back" in part
        assert "Rowan Sprocket gave you a task." in part
        assert "Friday, 20 November 2026, 10:40 (Europe/Vienna)" in part
        assert "You get this because this task is assigned to you." in part
    assert (message.subject, message.delivery_id, message.thread) == ("New task: Call Basil back", 41, "task:5")
    assert mail("task:completed", "author").thread == message.thread


def test_a_mails_button_leads_through_the_link_that_marks_it_read() -> None:
    message = mail("task:assigned")
    assert message.url == "https://desk.example.com/go/abc"
    assert message.html.count("https://desk.example.com/go/abc") == 1
    assert "Open task: https://desk.example.com/go/abc" in message.text
    assert "https://desk.example.com/profile/#notifications" in message.text


def test_what_people_wrote_is_text_not_markup() -> None:
    message = mail("task:assigned", text="<img src=x onerror=alert(1)> & co", author={"id": 1, "name": "<b>Rowan</b>"})
    assert "<img" not in message.html
    assert "<b>" not in message.html
    assert "<img src=x onerror=alert(1)> & co" in message.text


def test_a_subject_is_one_line_of_bearable_length() -> None:
    message = mail("task:assigned", text="Call\r\nBcc: everybody@example.com\u2028" + "x" * 400)
    assert message.subject.startswith("New task: Call Bcc: everybody@example.com xxx")
    assert len(message.subject) == 120
    assert len(message.subject.splitlines()) == 1


def test_a_mail_can_be_stopped_unless_somebody_requires_it() -> None:
    free = mail("task:due_soon", unsubscribe_url="https://desk.example.com/u/1")
    assert free.headers == {
        "List-Unsubscribe": "<https://desk.example.com/u/1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert "Stop mails of this kind" in readable(free.html)
    required = mail("task:due_soon", required_by="Della Crank", unsubscribe_url="https://desk.example.com/u/1")
    assert "Della Crank requires this mail." in required.text
    assert "Stop mails of this kind" not in readable(required.html)
    assert required.headers == {}


def test_a_mail_needs_no_picture_and_nothing_from_outside_and_knows_the_dark() -> None:
    html = mail("task:assigned").html
    assert "<img" not in html
    assert "url(" not in html
    assert "<link" not in html
    assert 'name="color-scheme"' in html
    assert "prefers-color-scheme: dark" in html
    assert 'class="head" style=' in html  # inline, for programs that drop the style block


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden = tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = False

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data)


def readable(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    return " ".join(" ".join(parser.words).split())
