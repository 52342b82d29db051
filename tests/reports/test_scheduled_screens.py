"""The screens of scheduled reports: set-up with its preview, history, and one's own numbers."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.models.people import User
from app.services.reports import reports
from tests import builders, reporting
from tests.bad_moments.queued import work_off
from tests.mailboxes import SmtpServer
from tests.reports.test_scheduled import MONDAY, VIENNA, At, della, local, plain

__all__ = ["della"]


# -- the screens


def form_of(user: User, **values: Any) -> dict[str, Any]:
    return {
        "shared": "1",
        "name": "Every Monday",
        "scope": "account",
        "sections": ["leads", "tasks"],
        "period": "week",
        "weekdays": ["0"],
        "monthday": "1",
        "times": ["08:00"],
        "zone": VIENNA,
        "recipients": [str(user.id)],
        "addresses": "",
        "attach_pdf": "y",
    } | values


def test_a_preview_is_made_for_its_author_alone_and_sends_nothing(
    della: User, context: Flask, smtp: SmtpServer
) -> None:
    client = reporting.Window(context, della)
    begun = client.post("/scheduled/preview", **form_of(della)).get_json()
    assert client.get(begun["state"]).get_json()["state"] == "waiting"
    reporting.count_numbers()
    work_off("slow")
    made = client.get(begun["state"]).get_json()
    assert "Every Monday, week of 9 November" in client.get(made["page"]).get_data(as_text=True)
    mail = client.get(made["mail"])
    assert "New leads" in mail.get_data(as_text=True)
    assert "sandbox" in mail.headers["Content-Security-Policy"]
    assert client.get(made["files"]["PDF"]).data.startswith(b"%PDF")
    another = reporting.Window(context, builders.make_user("Admin"))
    assert another.get(made["page"]).status_code == 404
    wrong = client.post("/scheduled/preview", **form_of(della, sections=[]))
    assert (wrong.status_code, wrong.get_json()["field"]) == (422, "sections")
    outside = builders.make_group("Others")
    for change, field in (
        ({"scope": "groups", "groups": [str(outside.id)]}, "group_ids"),
        ({"scope": "user", "users": [str(della.id)]}, "user_ids"),
    ):
        wrong = another_manager(context).post("/scheduled/preview", **form_of(della, **change))
        assert (wrong.status_code, wrong.get_json()["field"]) == (422, field)
    assert smtp.mails == []


def another_manager(context: Flask) -> reporting.Window:
    return reporting.Window(context, builders.make_user("Manager"))


def test_a_report_is_set_up_sent_by_hand_paused_and_found_in_its_history(
    della: User, at: At, context: Flask, smtp: SmtpServer
) -> None:
    client = reporting.Window(context, della)
    wrong = client.post("/scheduled/new", **form_of(della, times=[""], addresses="nobody"))
    assert wrong.status_code == 422
    assert "Choose a time" in wrong.get_data(as_text=True)
    made = client.post("/scheduled/new", **form_of(della))
    page = client.get(made.headers["Location"]).get_data(as_text=True)
    assert "on Mondays at 08:00 (Europe/Vienna)" in page
    assert "Monday 23 November, 08:00" in page
    client.post("/scheduled/1/send")
    client.post("/scheduled/1/send")
    reporting.run_due()
    assert len(smtp.mails) == 1, "a second click in the same minute sends nothing"
    assert "this time sent by hand by Della Crank" in plain(smtp.mails[0])
    page = client.get("/scheduled/1").get_data(as_text=True)
    assert "Week of 9 November" in page
    assert "1 mail" in page
    sent = client.get("/scheduled/runs/1").get_data(as_text=True)
    live = sent.split('href="/dashboard/?', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert "from=2026-11-09&until=2026-11-15" in live
    assert client.get(f"/dashboard/?{live}").status_code == 200
    client.post("/scheduled/1/switch", on="0")
    at(local(MONDAY, 8))
    assert reporting.run_due() == 0
    client.post("/scheduled/1/switch", on="1")
    assert reporting.run_due() == 0, "what a pause passed over is not caught up"


def test_next_sendings_are_told_while_one_chooses(della: User, context: Flask) -> None:
    client = reporting.Window(context, della)
    told = client.post("/scheduled/next", **form_of(della)).get_json()
    assert told["next"] == ["Monday 23 November, 08:00", "Monday 30 November, 08:00", "Monday 7 December, 08:00"]
    told = client.post("/scheduled/next", **form_of(della, times=["02:30"], weekdays=["6"])).get_json()
    assert told["field"] == "times"
    assert "28 March 2027" in told["error"]


def test_staff_set_their_own_report_up_and_nothing_else(della: User, context: Flask) -> None:
    milo = builders.make_user("Staff")
    client = reporting.Window(context, milo)
    assert reports.is_set_up(milo) is False
    answer = client.post("/scheduled/own", **form_of(milo))
    assert answer.status_code == 302
    assert reports.is_set_up(milo) is True
    assert client.get("/scheduled/new").status_code == 403
    assert client.get("/scheduled/").status_code == 403
    assert client.get(answer.headers["Location"]).status_code == 200
    settings = client.get("/api/v1/me/notification-settings").get_json()
    assert settings["report"] == {"set_up": True, "url": "/scheduled/1"}
    assert settings["preferences"]["matrix"]["report"] == {"email": "now"}
