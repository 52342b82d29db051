"""A report for 200 people whose processes are killed with -9 while it is made and sent: everybody gets it, once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.houses import House
from tests.waiting import eventually

PEOPLE = 200
SUBJECT = "For all of us"


def set_up(house: House) -> None:
    house.sql(
        "INSERT INTO ab_user (first_name, last_name, username, email, active, password)"
        " SELECT 'Pat', 'No. ' || i, 'reader' || i, 'reader' || i || '@example.com', true, ''"
        " FROM generate_series(1, %s) i",
        PEOPLE,
    )
    house.sql(
        "INSERT INTO ab_user_role (user_id, role_id) SELECT u.id, r.id FROM ab_user u, ab_role r"
        " WHERE u.username LIKE 'reader%%' AND r.name = 'Staff'"
    )
    readers = house.sql("SELECT id FROM ab_user WHERE username LIKE 'reader%%'")
    browser = house.browser("admin")
    page = browser.get(f"{house.url}/scheduled/new", timeout=60).text
    form: dict[str, Any] = {
        "csrf_token": page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0],
        "name": SUBJECT,
        "scope": "account",
        "sections": ["leads", "tasks"],
        "period": "day",
        "weekdays": [str(day) for day in range(7)],
        "times": ["08:00"],
        "zone": "UTC",
        "recipients": [str(row[0]) for row in readers],
    }
    answer = browser.post(f"{house.url}/scheduled/new", data=form, allow_redirects=False, timeout=60)
    assert answer.status_code == 302, answer.text


def state(house: House) -> str:
    rows = house.sql("SELECT state FROM report_runs WHERE report_id IS NOT NULL")
    assert len(rows) < 2, "one window, one run"
    return str(rows[0][0]) if rows else "not written"


def readers(house: House) -> Counter[str]:
    with house.mails.arrived:
        return Counter(str(mail["To"]) for mail in house.mails.mails if str(mail["Subject"]).startswith(SUBJECT))


def test_worker_and_beat_killed_during_a_run_of_200_recipients_leave_each_with_exactly_one_mail(house: House) -> None:
    set_up(house)
    house.start("slow")
    eventually(lambda: not house.sql("SELECT 1 FROM activity_state WHERE rebuild_day IS NOT NULL"), 90, "the numbers")
    house.sql("UPDATE reports SET next_at = now()")
    # A worker that never made a report needs seconds to get ready: it dies in the middle of it.
    eventually(lambda: state(house) == "building", 60, "the report being made")
    house.kill("slow")
    house.kill("beat")
    house.pass_time(minutes=6)
    house.start("slow", "beat")
    eventually(lambda: len(readers(house)) >= PEOPLE // 4, 120, "the first mails")
    house.mails.hold = "RCPT"
    assert house.mails.holds.wait(60)
    house.kill("worker")
    house.kill("beat")
    house.mails.let_go()
    assert len(readers(house)) < PEOPLE
    house.start("worker", "beat")
    house.pass_time(minutes=13)
    eventually(lambda: state(house) == "done", 120, "all mails")
    assert readers(house) == {f"reader{number}@example.com": 1 for number in range(1, PEOPLE + 1)}
    assert house.sql("SELECT counts FROM report_runs WHERE report_id IS NOT NULL") == [
        ({"sent": PEOPLE, "failed": 0, "skipped": 0},)
    ]
