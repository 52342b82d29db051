"""SPEC 3's rules for the four kinds of news about tasks: who is told, when, and who is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text

from app.errors import Conflict, UserError
from app.extensions import db
from app.models.crm import Task
from app.models.people import User
from app.services import feed, reading
from app.services.people import people
from app.services.settings import preferences
from app.services.tasks import reminders, tasks
from app.transaction import transaction
from tests import builders

NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
MoveClock = Callable[[dt.datetime | None], None]


class Desk:
    """A manager, two colleagues, and the clock."""

    def __init__(self, move_clock: MoveClock) -> None:
        self._move_clock = move_clock
        self.wait(0)
        self.admin = builders.make_user("Admin")
        self.manager = builders.make_user("Manager", first_name="Rowan", last_name="Sprocket")
        self.staff = builders.make_user("Staff", first_name="Milo", last_name="Spoke")
        self.other = builders.make_user("Staff", first_name="Wren", last_name="Saddle")

    def give(self, to: User, by: User | None = None, *, minutes: float = 24 * 60, **values: Any) -> Task:
        """Give a task that is due so long after noon."""
        author = by or self.manager
        due = {"due_at": NOON + dt.timedelta(minutes=minutes)}
        with transaction(author.id):
            return tasks.create(author, {"text": "Call Basil", "responsible_id": to.id} | due | values)

    def change(self, task: Task, **values: Any) -> None:
        with transaction(self.manager.id):
            tasks.update(self.manager, task, values)

    def complete(self, task: Task, by: User) -> None:
        with transaction(by.id):
            tasks.complete(by, task)

    def wait(self, minutes: float) -> None:
        """Let it be so long after noon, and the beat do its work twice, as after a restart."""
        self._move_clock(NOON + dt.timedelta(minutes=minutes))
        for job in (reminders.remind_due, tasks.expire_due) * 2:
            with transaction():
                job()

    def be_at(self, moment: dt.datetime) -> None:
        self.wait((moment - NOON).total_seconds() / 60)

    @staticmethod
    def told(person: User) -> list[str]:
        """What kinds of news the person got, in order."""
        rows = db.session.execute(
            text(
                "SELECT e.tag FROM notifications n JOIN events e ON e.id = n.event_id"
                " WHERE n.user_id = :id ORDER BY n.id"
            ),
            {"id": person.id},
        )
        return [row.tag.removeprefix("task:") for row in rows]

    @staticmethod
    def items(person: User) -> list[dict[str, Any]]:
        return feed.page(db.session(), person.id).items

    @staticmethod
    def mails(person: User) -> list[str]:
        rows = db.session.execute(
            text("SELECT state FROM deliveries WHERE user_id = :id AND channel = 'email' ORDER BY id"),
            {"id": person.id},
        )
        return [row.state for row in rows]


@pytest.fixture
def desk(context: Flask, at: MoveClock) -> Desk:
    return Desk(at)


# -- assigned


def test_who_is_given_a_task_is_told_in_the_center_and_by_mail_and_its_giver_is_not(desk: Desk) -> None:
    desk.give(desk.staff)
    assert (desk.told(desk.staff), desk.mails(desk.staff)) == (["assigned"], ["pending"])
    assert desk.told(desk.manager) == []
    assert desk.items(desk.staff)[0]["title"] == "New task: Call Basil"
    assert "Rowan Sprocket" in desk.items(desk.staff)[0]["body"]


def test_nobody_is_told_about_a_task_they_gave_themselves(desk: Desk) -> None:
    desk.give(desk.staff, by=desk.staff)
    desk.give(desk.staff, by=desk.staff, minutes=3)
    assert (desk.told(desk.staff), desk.mails(desk.staff)) == ([], [])


def test_a_task_passed_on_tells_the_new_one_and_leaves_the_center_of_the_old_one(desk: Desk) -> None:
    task = desk.give(desk.staff)
    desk.change(task, responsible_id=desk.other.id)
    assert (desk.items(desk.staff), desk.mails(desk.staff)) == ([], ["cancelled"])
    assert (desk.told(desk.other), desk.mails(desk.other)) == (["assigned"], ["pending"])
    desk.wait(24 * 60 - 15)
    assert (desk.told(desk.staff), desk.told(desk.other)) == (["assigned"], ["assigned", "due_soon"])


def test_who_takes_a_task_back_is_not_told(desk: Desk) -> None:
    task = desk.give(desk.staff)
    desk.change(task, responsible_id=desk.manager.id)
    assert (desk.told(desk.manager), desk.items(desk.staff)) == ([], [])


def test_a_free_or_deactivated_person_is_given_no_task(desk: Desk) -> None:
    free = builders.make_user("Free")
    gone = builders.make_user("Staff", active=False)
    for somebody in (free, gone):
        with pytest.raises(UserError) as refused:
            desk.give(somebody)
        assert (refused.value.field, refused.value.status) == ("responsible_id", 422)
    assert db.session.execute(text("SELECT count(*) FROM events")).scalar_one() == 0


# -- completed


def test_the_author_is_told_of_completion_unless_that_is_who_completed_it(desk: Desk) -> None:
    desk.complete(desk.give(desk.staff), by=desk.staff)
    assert desk.told(desk.manager) == ["completed"]
    desk.complete(desk.give(desk.staff), by=desk.manager)
    assert desk.told(desk.manager) == ["completed"]
    desk.complete(desk.give(desk.staff, by=desk.staff), by=desk.staff)
    assert "completed" not in desk.told(desk.staff)


def test_a_completed_tasks_notices_leave_unread_and_nothing_more_is_told(desk: Desk) -> None:
    task = desk.give(desk.staff, minutes=60)
    desk.wait(45)
    assert desk.items(desk.staff)[0]["unread"]
    desk.complete(task, by=desk.staff)
    assert not desk.items(desk.staff)[0]["unread"]
    assert "pending" not in desk.mails(desk.staff)
    desk.wait(120)
    assert desk.told(desk.staff) == ["assigned", "due_soon"]
    assert desk.told(desk.manager) == ["completed"]


def test_of_two_who_complete_a_task_the_second_is_refused_and_tells_nobody(desk: Desk) -> None:
    task = desk.give(desk.staff)
    desk.complete(task, by=desk.staff)
    with pytest.raises(Conflict):
        desk.complete(task, by=desk.other)
    assert desk.told(desk.manager) == ["completed"]


# -- expired


def test_the_expiry_is_told_to_author_and_responsible_once_each(desk: Desk) -> None:
    desk.give(desk.staff, minutes=5)
    desk.wait(4)
    assert desk.told(desk.staff) == ["assigned"]
    desk.wait(6)
    desk.wait(90)
    assert desk.told(desk.staff) == ["assigned", "expired"]
    assert desk.told(desk.manager) == ["expired"]
    assert desk.items(desk.staff)[0]["title"] == "Overdue: Call Basil"
    assert "Milo Spoke has not completed it" in desk.items(desk.manager)[0]["body"]


def test_the_expiry_of_ones_own_task_is_told_once(desk: Desk) -> None:
    desk.give(desk.staff, by=desk.staff, minutes=5)
    desk.wait(6)
    assert desk.told(desk.staff) == ["expired"]
    assert desk.items(desk.staff)[0]["count"] == 1


def test_a_deactivated_responsible_counts_as_none_and_the_author_is_still_told(desk: Desk) -> None:
    desk.give(desk.staff, minutes=60)
    with transaction(desk.admin.id):
        people.deactivate(desk.admin, desk.staff, "has left")
    desk.wait(61)
    assert desk.told(desk.staff) == ["assigned"]
    assert desk.told(desk.manager) == ["expired"]


def test_a_moved_due_date_expires_anew(desk: Desk) -> None:
    task = desk.give(desk.staff, minutes=5)
    desk.wait(6)
    desk.change(task, due_at=NOON + dt.timedelta(minutes=200))
    assert not desk.items(desk.staff)[0]["unread"]
    desk.wait(201)
    assert desk.told(desk.manager) == ["expired", "expired"]


# -- before the task


def test_a_task_is_announced_a_quarter_of_an_hour_before_also_to_who_set_it_themselves(desk: Desk) -> None:
    desk.give(desk.staff, by=desk.staff, minutes=60)
    desk.wait(44.9)
    assert desk.told(desk.staff) == []
    desk.wait(45)
    assert desk.told(desk.staff) == ["due_soon"]
    assert desk.items(desk.staff)[0]["title"] == "In 15 min: Call Basil"


def test_everybody_has_their_own_lead_times_and_a_later_reminder_replaces_the_earlier(desk: Desk) -> None:
    with transaction():
        preferences.update(desk.staff, {"lead_times": [60, 5, 30]})
        preferences.update(desk.other, {"lead_times": []})
    desk.give(desk.staff, by=desk.staff, minutes=120)
    desk.give(desk.other, by=desk.other, minutes=120)
    for minute, reminders_so_far in ((59, 0), (60, 1), (89, 1), (90, 2), (105, 2), (115, 3), (119, 3)):
        desk.wait(minute)
        assert len(desk.told(desk.staff)) == reminders_so_far, minute
    assert [item["count"] for item in desk.items(desk.staff)] == [1]
    assert desk.told(desk.other) == []


def test_lead_times_already_past_collapse_into_the_assignment(desk: Desk) -> None:
    with transaction():
        preferences.update(desk.staff, {"lead_times": [5, 15, 30, 60]})
    desk.give(desk.staff, minutes=3)
    assert "due in 3 min" in desk.items(desk.staff)[0]["body"]
    desk.wait(2)
    assert desk.told(desk.staff) == ["assigned"]
    desk.give(desk.staff, by=desk.staff, minutes=14, text="Own")
    desk.wait(2.5)
    assert desk.told(desk.staff) == ["assigned"]
    desk.wait(4)
    desk.wait(9)
    assert desk.told(desk.staff) == ["assigned", "expired", "due_soon"]


def test_what_a_sleeping_beat_missed_comes_as_one_reminder_that_says_it_is_late(desk: Desk) -> None:
    with transaction():
        preferences.update(desk.staff, {"lead_times": [15, 30, 60]})
    desk.give(desk.staff, by=desk.staff, minutes=120)
    desk.wait(112)
    assert desk.told(desk.staff) == ["due_soon"]
    item = desk.items(desk.staff)[0]
    assert item["title"] == "In 8 min: Call Basil"
    assert "reminded late" in item["body"]


def test_a_reminder_in_time_does_not_call_itself_late(desk: Desk) -> None:
    desk.give(desk.staff, by=desk.staff, minutes=60)
    desk.wait(46)
    assert "late" not in desk.items(desk.staff)[0]["body"]


def test_a_reminder_slept_over_until_the_task_was_due_is_left_to_the_expiry(desk: Desk) -> None:
    desk.give(desk.staff, by=desk.staff, minutes=60)
    desk.wait(61)
    assert desk.told(desk.staff) == ["expired"]


def test_new_lead_times_fire_nothing_old(desk: Desk) -> None:
    desk.give(desk.staff, by=desk.staff, minutes=40)
    with transaction():
        preferences.update(desk.staff, {"lead_times": [60, 5]})
    desk.wait(1)
    assert desk.told(desk.staff) == []
    desk.wait(35)
    assert desk.told(desk.staff) == ["due_soon"]


def test_a_moved_due_date_is_announced_anew(desk: Desk) -> None:
    task = desk.give(desk.staff, by=desk.staff, minutes=60)
    desk.wait(45)
    desk.change(task, due_at=NOON + dt.timedelta(minutes=180))
    desk.wait(60)
    assert desk.told(desk.staff) == ["due_soon"]
    desk.wait(165)
    assert desk.told(desk.staff) == ["due_soon", "due_soon"]


# 2026-03-29 and 2026-11-01 are short and long days of these zones.
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", dt.date(2026, 7, 10)),
        ("Europe/Berlin", dt.date(2026, 7, 10)),
        ("Europe/Berlin", dt.date(2027, 3, 28)),
        ("America/New_York", dt.date(2026, 11, 1)),
        ("Asia/Kolkata", dt.date(2026, 7, 10)),
        ("Pacific/Auckland", dt.date(2026, 7, 10)),
        ("Pacific/Kiritimati", dt.date(2026, 7, 10)),
    ],
)
def test_an_all_day_task_is_announced_at_nine_in_the_persons_zone(desk: Desk, zone: str, day: dt.date) -> None:
    with transaction():
        preferences.update(desk.staff, {"zone": zone})
    local = ZoneInfo(zone)
    due = dt.datetime.combine(day, dt.time(16), local)
    desk.give(desk.staff, by=desk.staff, all_day=True, due_at=due)
    desk.be_at(dt.datetime.combine(day, dt.time(8, 59), local))
    assert desk.told(desk.staff) == []
    desk.be_at(dt.datetime.combine(day, dt.time(9), local))
    assert desk.told(desk.staff) == ["due_soon"]
    assert "today" in desk.items(desk.staff)[0]["title"]
    desk.be_at(dt.datetime.combine(day, dt.time(23, 59), local))
    assert desk.told(desk.staff) == ["due_soon"]
    desk.be_at(dt.datetime.combine(day + dt.timedelta(days=1), dt.time(0, 1), local))
    assert desk.told(desk.staff) == ["due_soon", "expired"]


def test_an_all_day_reminder_that_the_beat_slept_over_says_so(desk: Desk) -> None:
    day = dt.date(2026, 7, 10)
    desk.give(desk.staff, by=desk.staff, all_day=True, due_at=dt.datetime.combine(day, dt.time(16), dt.UTC))
    desk.be_at(dt.datetime.combine(day, dt.time(11), dt.UTC))
    assert desk.told(desk.staff) == ["due_soon"]
    assert "reminded late" in desk.items(desk.staff)[0]["body"]


def test_an_all_day_task_made_after_nine_reminds_nobody_that_day(desk: Desk) -> None:
    desk.give(desk.staff, all_day=True, minutes=60)
    desk.wait(120)
    assert desk.told(desk.staff) == ["assigned"]


def test_an_all_day_task_passed_on_keeps_its_day_by_the_new_ones_clock(desk: Desk) -> None:
    for person, zone in ((desk.staff, "Europe/Berlin"), (desk.other, "Asia/Kolkata")):
        with transaction():
            preferences.update(person, {"zone": zone})
    day = dt.date(2026, 7, 10)
    task = desk.give(desk.staff, all_day=True, due_at=dt.datetime.combine(day, dt.time(16), ZoneInfo("Europe/Berlin")))
    desk.change(task, responsible_id=desk.other.id)
    desk.be_at(dt.datetime.combine(day, dt.time(9), ZoneInfo("Asia/Kolkata")))
    assert desk.told(desk.other) == ["assigned", "due_soon"]
    desk.be_at(dt.datetime.combine(day, dt.time(9), ZoneInfo("Europe/Berlin")))
    assert desk.told(desk.staff) == ["assigned"]


def test_who_moves_to_another_zone_is_reminded_at_nine_there_and_once(desk: Desk) -> None:
    day = dt.date(2026, 7, 10)
    before = day - dt.timedelta(days=1)
    kept, _ = (
        desk.give(desk.staff, by=desk.staff, all_day=True, due_at=dt.datetime.combine(one, dt.time(16), dt.UTC))
        for one in (day, before)
    )
    desk.be_at(dt.datetime.combine(before, dt.time(9), dt.UTC))
    assert desk.told(desk.staff) == ["due_soon"]
    with transaction():
        preferences.update(desk.staff, {"zone": "America/New_York"})
    desk.be_at(dt.datetime.combine(before, dt.time(9, 5), ZoneInfo("America/New_York")))
    assert desk.told(desk.staff) == ["due_soon"]
    desk.be_at(dt.datetime.combine(day, dt.time(8, 59), ZoneInfo("America/New_York")))
    assert desk.told(desk.staff) == ["due_soon", "expired"]
    desk.be_at(dt.datetime.combine(day, dt.time(9), ZoneInfo("America/New_York")))
    assert desk.told(desk.staff).count("due_soon") == 2
    db.session.refresh(kept)
    assert kept.due_at.astimezone(ZoneInfo("America/New_York")).date() == day


def test_a_task_passed_on_is_announced_to_the_new_one_alone(desk: Desk) -> None:
    task = desk.give(desk.staff, minutes=120)
    desk.wait(10)
    desk.change(task, responsible_id=desk.other.id)
    desk.wait(110)
    assert (desk.told(desk.staff), desk.told(desk.other)) == (["assigned"], ["assigned", "due_soon"])


# -- for all


def test_one_event_reaches_a_person_once_per_channel(desk: Desk) -> None:
    desk.give(desk.staff)
    rows = db.session.execute(text("SELECT user_id, channel, count(*) FROM deliveries GROUP BY 1, 2")).all()
    assert [tuple(row) for row in rows] == [(desk.staff.id, "email", 1)]


def test_whoever_receives_nothing_still_finds_it_in_the_center(desk: Desk) -> None:
    with transaction():
        preferences.update(desk.staff, {"receive": False})
    desk.give(desk.staff)
    assert desk.mails(desk.staff) == []
    assert desk.items(desk.staff)[0]["unread"]


def test_news_about_an_archived_subject_brings_it_back(desk: Desk) -> None:
    desk.give(desk.staff, minutes=60)
    with transaction():
        reading.archive(desk.staff.id, [1])
    assert desk.items(desk.staff) == []
    desk.wait(45)
    assert [(item["unread"], item["count"]) for item in desk.items(desk.staff)] == [(True, 1)]


def test_a_deleted_tasks_notices_go_and_its_mail_is_not_sent(desk: Desk) -> None:
    task = desk.give(desk.staff)
    with transaction(desk.manager.id):
        tasks.delete(desk.manager, task)
    assert (desk.items(desk.staff), desk.mails(desk.staff)) == ([], ["cancelled"])
