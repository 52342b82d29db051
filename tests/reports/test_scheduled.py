"""Scheduled reports: out once per window, whatever the clock and the processes do, and told where they fail."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable
from email.message import EmailMessage
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import text

from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.models.reports import ReportRecipient
from app.services import feed
from app.services.people import groups, people
from app.services.reports import report_build, reports
from app.services.settings import matrix
from app.transaction import transaction
from tests import builders, news, reporting
from tests.bad_moments.queued import work_off
from tests.mailboxes import SmtpServer

VIENNA = "Europe/Vienna"
MONDAY = dt.date(2026, 11, 23)
At = Callable[[Any], None]


def local(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), ZoneInfo(VIENNA)).astimezone(dt.UTC)


@pytest.fixture
def della(context: Flask, at: At) -> User:
    """An admin; it is Sunday evening."""
    at(local(MONDAY - dt.timedelta(days=1), 20))
    return builders.make_user("Admin", first_name="Della", last_name="Crank", zone=VIENNA)


def parts(mail: EmailMessage) -> dict[str, Any]:
    return {part.get_filename() or part.get("Content-ID", ""): part for part in mail.walk() if not part.is_multipart()}


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def html(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


# -- what arrives


def test_a_report_arrives_with_numbers_charts_and_files_at_its_hour(della: User, at: At, smtp: SmtpServer) -> None:
    milo = builders.make_user("Staff", first_name="Milo", last_name="Spöke", email="milo@example.com")
    at(local(MONDAY - dt.timedelta(days=4), 10))
    for _ in range(3):
        builders.make_lead(responsible=milo)
    at(local(MONDAY - dt.timedelta(days=1), 20))
    reporting.make_report(della, milo)
    at(local(MONDAY, 7, 59))
    assert reporting.run_due() == 0
    at(local(MONDAY, 8))
    assert reporting.run_due() == 1
    (mail,) = smtp.mails
    assert mail["To"] == "milo@example.com"
    assert mail["Subject"] == "Sales Office, week of 16 November"
    assert mail["Reply-To"] == f"Della Crank <{della.email}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "New leads: 3 (3 more)" in plain(mail)
    assert "because Della Crank added you on 22 November 2026: on Mondays at 08:00 (Europe/Vienna)" in plain(mail)
    assert "Answers go to Della Crank." in plain(mail)
    found = parts(mail)
    assert "<leads_new-light.png>" in found
    assert "<leads_new-dark.png>" in found
    assert found["<leads_new-light.png>"].get_content().startswith(b"\x89PNG")
    assert 'src="cid:leads_new-light.png"' in html(mail)
    assert "the highest is Thursday 19 November, 3" in html(mail), "the chart in words"
    pages = PdfReader(BytesIO(found["Sales Office week of 16 November.pdf"].get_content())).pages
    paper = "\n".join(page.extract_text() for page in pages)
    assert "Sales Office, week of 16 November" in paper
    assert "Milo Spöke" in paper
    assert f"Page 1 of {len(pages)}" in paper
    assert "What the numbers mean" in paper
    csv = found["Sales Office week of 16 November.csv"].get_content()
    assert "Milo Spöke" in (csv if isinstance(csv, str) else csv.decode("utf-8-sig"))
    at(local(MONDAY, 8, 30))
    reporting.run_due()
    assert len(smtp.mails) == 1


def test_the_report_stays_in_the_center_and_in_the_browser_as_it_was_sent(della: User, at: At, context: Flask) -> None:
    milo = builders.make_user("Staff")
    reporting.make_report(della, milo)
    at(local(MONDAY, 8))
    reporting.run_due()
    (item,) = feed.page(db.session(), milo.id).items
    assert (item["title"], item["unread"]) == ("Sales Office, week of 16 November", False)
    builders.make_lead(responsible=milo)
    at(local(MONDAY, 12))
    window = reporting.Window(context, milo)
    page = window.get("/scheduled/runs/1")
    assert page.status_code == 200
    assert "Sales Office, week of 16 November" in page.get_data(as_text=True)
    assert window.get("/scheduled/runs/1/files/report.pdf").data.startswith(b"%PDF")
    other = reporting.Window(context, builders.make_user("Staff"))
    assert other.get("/scheduled/runs/1").status_code == 404
    assert other.get("/scheduled/runs/1/files/report.pdf").status_code == 404


# -- exactly once


def test_two_beats_and_two_workers_at_once_make_one_report(
    context: Flask, della: User, at: At, smtp: SmtpServer
) -> None:
    reporting.make_report(della, della)
    at(local(MONDAY, 8))
    reporting.count_numbers()

    def everything() -> None:
        with context.app_context():
            reporting.beat()
            report_build.build(1)

    threads = [threading.Thread(target=everything) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reporting.run_due()
    assert len(smtp.mails) == 1
    assert reporting.runs() == [("done", False, None)]


def test_missed_ones_are_caught_up_by_one_that_says_so(della: User, at: At, smtp: SmtpServer) -> None:
    reporting.make_report(della, della, period="day", weekdays=[0, 1, 2, 3, 4])
    at(local(MONDAY + dt.timedelta(days=2), 11))
    reporting.run_due()
    reporting.run_due()
    (mail,) = smtp.mails
    assert "was due on Wednesday 25 November, 08:00 and comes late" in plain(mail)
    assert "2 earlier reports were missed" in plain(mail)
    assert mail["Subject"] == "Sales Office, Tuesday 24 November"
    assert reporting.runs() == [("done", True, None)]
    at(local(MONDAY + dt.timedelta(days=3), 8))
    reporting.run_due()
    assert len(smtp.mails) == 2
    assert "late" not in plain(smtp.mails[1])


def test_a_worker_that_died_while_making_it_is_followed_by_another(della: User, at: At, smtp: SmtpServer) -> None:
    reporting.make_report(della, della)
    at(local(MONDAY, 8))
    reporting.beat()
    db.session.execute(
        text("UPDATE report_runs SET state = 'building', attempts = 1, claimed_until = :at, queued_until = NULL"),
        {"at": local(MONDAY, 8, 5)},
    )
    db.session.commit()
    work_off("slow")
    reporting.run_due()
    assert smtp.mails == [], "its claim is still good"
    at(local(MONDAY, 8, 6))
    reporting.run_due()
    assert len(smtp.mails) == 1


def test_one_that_ends_its_worker_each_time_is_given_up_and_told(della: User, at: At, smtp: SmtpServer) -> None:
    reporting.make_report(della, della)
    at(local(MONDAY, 8))
    reporting.beat()
    died = "UPDATE report_runs SET state = 'building', attempts = :attempts, claimed_until = :at, queued_until = NULL"
    db.session.execute(text(died), {"at": local(MONDAY, 8, 5), "attempts": report_build.BEGINNINGS_MOST})
    db.session.commit()
    work_off("slow")
    at(local(MONDAY, 8, 6))
    reporting.run_due()
    assert (reporting.runs()[0][0], smtp.mails) == ("failed", [])
    titles = [item["title"] for item in feed.page(db.session(), della.id).items]
    assert "The report Sales Office could not be made" in titles


def test_a_group_that_was_deleted_is_left_out(della: User, at: At, smtp: SmtpServer) -> None:
    kept, gone = builders.make_group("Sales"), builders.make_group("Workshop")
    reporting.make_report(della, della, scope="groups", group_ids=[kept.id, gone.id])
    with transaction(della.id):
        groups.delete(della, gone)
    at(local(MONDAY, 8))
    reporting.run_due()
    assert [mail["To"] for mail in smtp.mails] == [della.email]


def test_clocks_put_back_send_once_and_clocks_put_forward_are_refused_when_set_up(
    della: User, at: At, smtp: SmtpServer
) -> None:
    sunday = dt.date(2027, 10, 31)
    at(local(sunday - dt.timedelta(days=1), 12))
    with pytest.raises(UserError) as refused:
        reporting.make_report(della, della, period="day", weekdays=[6], times=["02:30"])
    assert refused.value.field == "times"
    assert "02:30 does not exist on 26 March 2028" in refused.value.message
    reporting.make_report(della, della, period="day", weekdays=[6], times=["01:59", "03:00"])
    first_half_past_two = dt.datetime(2027, 10, 31, 0, 30, tzinfo=dt.UTC)
    db.session.execute(text("UPDATE reports SET times = '{02:30}', next_at = :at"), {"at": first_half_past_two})
    db.session.commit()
    at(first_half_past_two)
    assert reporting.run_due() == 1
    at(first_half_past_two + dt.timedelta(hours=1))
    assert reporting.run_due() == 0, "02:30 came twice that night"
    assert len(smtp.mails) == 1
    # Zone rules may change after it was set up: then it goes out right after the gap.
    db.session.execute(text("UPDATE reports SET next_at = :at"), {"at": dt.datetime(2028, 3, 26, 1, 0, tzinfo=dt.UTC)})
    db.session.commit()
    at(dt.datetime(2028, 3, 26, 1, 0, tzinfo=dt.UTC))
    assert reporting.run_due() == 1
    assert len(smtp.mails) == 2
    assert "late" not in plain(smtp.mails[1])


def test_a_month_without_a_31st_has_its_report_on_its_last_day(della: User, at: At, smtp: SmtpServer) -> None:
    reporting.make_report(della, della, period="month", monthday=31)
    at(local(dt.date(2026, 11, 30), 8))
    assert reporting.run_due() == 1
    assert smtp.mails[0]["Subject"] == "Sales Office, October 2026"


# -- who gets it


def test_outside_addresses_get_nothing_before_they_say_yes_and_can_stop(
    della: User, at: At, smtp: SmtpServer, context: Flask
) -> None:
    client = reporting.Window(context)
    reporting.make_report(della, della, addresses="Boss@Partner.example")
    work_off("mail")
    news.deliver_due()
    (asked,) = smtp.mails
    assert asked["To"] == "boss@partner.example"
    assert asked["Subject"] == "Della Crank wants to send you a report: Sales Office"
    assert "/report/stop/" in html(asked)
    at(local(MONDAY, 8))
    reporting.run_due()
    assert [mail["To"] for mail in smtp.mails[1:]] == [della.email]
    confirm = re.search(r"http\S+/report/confirm/\S+", plain(asked)).group()  # type: ignore[union-attr]
    path = "/report" + confirm.split("/report", 1)[1]
    assert "Yes, send it to me" in client.get(path).get_data(as_text=True)
    assert db.session.query(ReportRecipient).filter_by(confirmed_at=None).count() == 1, "looking is no yes"
    assert "Thank you" in client.post(path).get_data(as_text=True)
    at(local(MONDAY + dt.timedelta(days=7), 8))
    reporting.run_due()
    mail = next(mail for mail in smtp.mails if mail["To"] == "boss@partner.example" and mail is not asked)
    link = "/report" + re.search(r"http\S+(/report/view/\S+)", plain(mail)).group(1).split("/report", 1)[1]  # type: ignore[union-attr]
    shown = client.get(link)
    assert shown.status_code == 200
    assert "noindex" in shown.headers["X-Robots-Tag"]
    assert client.get(f"{link}/files/report.csv").status_code == 200
    assert client.get("/scheduled/runs/1").status_code == 302, "nothing else opens"
    stop = mail["List-Unsubscribe"].strip("<>").split("/report/stop/")[1]
    assert f"/report/stop/{stop}" in html(mail)
    assert client.get(f"/report/stop/{stop}").status_code == 200
    assert client.get(link).status_code == 200, "looking stops nothing"
    assert client.post(f"/report/stop/{stop}", **{"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.get(link).status_code == 404
    count = len(smtp.mails)
    at(local(MONDAY + dt.timedelta(days=14), 8))
    reporting.run_due()
    assert len(smtp.mails) == count + 1
    client.post(f"/report/stop/{stop}", undo="1")
    assert client.get(link).status_code == 200
    at(local(MONDAY + dt.timedelta(days=45), 8))
    assert client.get(link).status_code == 404, "the link ends after a month"


def test_who_switched_reports_off_left_or_was_deactivated_gets_none(della: User, at: At, smtp: SmtpServer) -> None:
    off, gone, left = builders.make_user("Staff"), builders.make_user("Staff"), builders.make_user("Staff")
    reporting.make_report(della, della, off, gone, left)
    news.choose(off, matrix={"report": {"email": "off"}})
    at(local(MONDAY, 8))
    reporting.count_numbers()
    reporting.beat()
    work_off("slow")
    # Between making it and sending it.
    with transaction(della.id):
        people.deactivate(della, gone, "has left")
    db.session.query(ReportRecipient).filter_by(user_id=left.id).one().unsubscribed_at = local(MONDAY, 8)
    db.session.commit()
    reporting.run_due()
    assert [mail["To"] for mail in smtp.mails] == [della.email]
    outcomes = [news.outcomes(user)[0][2:] for user in (off, gone, left)]
    assert outcomes == [("skipped", "preference_off"), ("skipped", "deactivated"), ("skipped", "unsubscribed")]
    counts = db.session.execute(text("SELECT counts FROM report_runs")).scalar_one()
    assert counts == {"sent": 1, "failed": 0, "skipped": 3}


def test_a_report_that_an_admin_requires_says_so_instead_of_offering_to_stop(
    della: User, at: At, smtp: SmtpServer
) -> None:
    milo = builders.make_user("Staff")
    with transaction(della.id):
        matrix.set_default(della, "staff", "report", "email", "now", mandatory=True)
    reporting.make_report(della, milo)
    at(local(MONDAY, 8))
    reporting.run_due()
    (mail,) = smtp.mails
    assert mail["List-Unsubscribe"] is None
    assert "Della Crank requires this mail." in plain(mail)
    assert "Stop this report" not in html(mail)


# -- what can go wrong


def test_a_report_that_nobody_gets_tells_its_owner(della: User, at: At, smtp: SmtpServer) -> None:
    milo = builders.make_user("Staff")
    reporting.make_report(della, milo)
    with transaction(della.id):
        people.deactivate(della, milo, "has left")
    at(local(MONDAY, 8))
    reporting.run_due()
    assert smtp.mails == []
    ((state, _, error),) = reporting.runs()
    assert state == "failed"
    assert "Nobody gets this report" in str(error)
    titles = [item["title"] for item in feed.page(db.session(), della.id).items]
    assert "The report Sales Office has no recipients" in titles


def test_rights_that_the_owner_has_lost_stop_the_report_and_are_told(della: User, at: At, smtp: SmtpServer) -> None:
    rowan = builders.make_user("Manager")
    group = builders.make_group("Workshop", members=[rowan], manager_id=rowan.id)
    reporting.make_report(rowan, rowan, scope="groups", group_ids=[group.id])
    group.manager_id = della.id
    db.session.commit()
    at(local(MONDAY, 8))
    reporting.run_due()
    assert smtp.mails == []
    ((state, _, error),) = reporting.runs()
    assert state == "failed"
    titles = {item["title"]: item["body"] for item in feed.page(db.session(), rowan.id).items}
    assert str(error) in titles["The report Sales Office could not be made"]


def test_own_numbers_of_who_was_deactivated_are_neither_made_nor_an_error(
    della: User, at: At, smtp: SmtpServer
) -> None:
    milo = builders.make_user("Staff")
    with transaction(milo.id):
        reports.save_own(milo, reporting.OWN)
    with transaction(della.id):
        people.deactivate(della, milo, "has left")
    at(local(MONDAY, 8))
    assert reporting.run_due() == 1
    assert (reporting.runs(), smtp.mails) == ([], [])
    assert [item["title"] for item in feed.page(db.session(), della.id).items] == []
    with transaction(della.id):
        people.reactivate(della, milo)
    at(local(MONDAY + dt.timedelta(days=7), 8))
    reporting.run_due()
    assert [mail["To"] for mail in smtp.mails] == [milo.email]


def test_a_failed_one_is_tried_again_and_then_told(
    della: User, at: At, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporting.make_report(della, della)
    at(local(MONDAY, 8))

    def broken(*_: Any) -> None:
        raise RuntimeError("no paper")

    monkeypatch.setattr("app.services.reports.report_contents.make", broken)
    reporting.run_due()
    assert reporting.runs() == [("waiting", False, "It could not be made: RuntimeError")]
    for minutes in (1, 4, 15):
        at(local(MONDAY, 8, minutes))
        reporting.run_due()
    assert reporting.runs()[0][0] == "failed"
    titles = [item["title"] for item in feed.page(db.session(), della.id).items]
    assert titles.count("The report Sales Office could not be made") == 1
    monkeypatch.undo()
    at(local(MONDAY + dt.timedelta(days=7), 8))
    reporting.run_due()
    assert len(smtp.mails) == 1


def test_mails_that_could_not_be_delivered_are_told_with_the_reason(della: User, at: At, smtp: SmtpServer) -> None:
    reporting.make_report(della, builders.make_user("Staff"))
    at(local(MONDAY, 8))
    smtp.refuse = "554 no such luck"
    reporting.run_due()
    titles = {item["title"]: item["body"] for item in feed.page(db.session(), della.id).items}
    assert titles["The report Sales Office did not reach everybody"].startswith("1 mails failed: ")


# -- bad input


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sections": []}, "sections"),
        ({"name": " "}, "name"),
        ({"recipient_ids": [], "addresses": ""}, "recipient_ids"),
        ({"recipient_ids": [999999]}, "recipient_ids"),
        ({"addresses": "boss@"}, "addresses"),
        ({"addresses": "boss@partner"}, "addresses"),
        ({"times": []}, "times"),
        ({"times": ["25:00"]}, "times"),
        ({"times": ["02:30"], "weekdays": [6]}, "times"),
        ({"weekdays": []}, "weekdays"),
        ({"period": "month", "monthday": 0}, "monthday"),
        ({"period": "year"}, "period"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"scope": "groups", "group_ids": []}, "group_ids"),
        ({"scope": "groups", "group_ids": [999999]}, "group_ids"),
        ({"scope": "user"}, "user_ids"),
        ({"scope": "user", "user_ids": [999999]}, "user_ids"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(della: User, change: dict[str, Any], field: str) -> None:
    with pytest.raises(UserError) as refused:
        reporting.make_report(della, della, **change)
    assert refused.value.field == field
    db.session.rollback()
    assert db.session.execute(text("SELECT count(*) FROM reports")).scalar() == 0


def test_free_users_and_colleagues_addresses_are_no_recipients(della: User) -> None:
    otto, milo = builders.make_user("Free"), builders.make_user("Staff", email="milo@example.com")
    for change in ({"recipient_ids": [otto.id]}, {"recipient_ids": [milo.id], "addresses": "MILO@example.com"}):
        with pytest.raises(UserError):
            reporting.make_report(della, della, **change)
        db.session.rollback()


# -- rights


def test_managers_report_their_own_groups_only_and_staff_themselves(della: User, at: At, smtp: SmtpServer) -> None:
    rowan, milo = builders.make_user("Manager"), builders.make_user("Staff")
    mine = builders.make_group("Mine", members=[milo], manager_id=rowan.id)
    others = builders.make_group("Others", members=[della], manager_id=della.id)
    for change in (
        {"scope": "account"},
        {"scope": "groups", "group_ids": [mine.id, others.id]},
        {"scope": "user", "user_ids": [della.id]},
    ):
        with pytest.raises(UserError) as refused:
            reporting.make_report(rowan, rowan, **change)
        assert refused.value.field in ("scope", "group_ids", "user_ids")
        db.session.rollback()
    reporting.make_report(rowan, rowan, scope="groups", group_ids=[mine.id])
    with pytest.raises(UserError):
        reporting.make_report(milo, milo, scope="user", user_ids=[milo.id])
    db.session.rollback()
    with transaction(milo.id):
        own = reports.save_own(milo, reporting.OWN)
    assert (own.scope, own.scope_ids, own.shared) == ("user", [milo.id], False)
    at(local(MONDAY, 8))
    reporting.run_due()
    assert sorted(mail["To"] for mail in smtp.mails) == sorted([rowan.email, milo.email])
    theirs = next(mail for mail in smtp.mails if mail["To"] == milo.email)
    assert "because you set it up" in plain(theirs)
    assert theirs["Reply-To"] is None


def test_several_people_and_several_groups_are_told_line_by_line_everywhere(
    della: User, at: At, smtp: SmtpServer, context: Flask
) -> None:
    rowan = builders.make_user("Manager")
    team = [builders.make_user("Staff", first_name=name, last_name="Spoke") for name in ("Milo", "Iris")]
    groups = [
        builders.make_group(name, members=[one], manager_id=rowan.id) for name, one in zip("AB", team, strict=True)
    ]
    at(local(MONDAY - dt.timedelta(days=4), 10))
    for one, count in zip(team, (3, 2), strict=True):
        for _ in range(count):
            builders.make_lead(responsible=one)
    builders.make_lead(responsible=rowan)
    at(local(MONDAY - dt.timedelta(days=1), 20))
    idle = builders.make_user("Staff", first_name="Wren", last_name="Idle")
    builders.make_group("C", members=[idle], manager_id=rowan.id)
    of_people = reporting.make_report(rowan, rowan, scope="user", user_ids=[one.id for one in (*team, idle)])
    reporting.make_report(rowan, rowan, name="Both", scope="groups", group_ids=[one.id for one in groups])
    window = reporting.Window(context, rowan)
    assert "Iris Spoke, Milo Spoke, and Wren Idle" in window.get(f"/scheduled/{of_people.id}").get_data(as_text=True)
    at(local(MONDAY, 8))
    reporting.run_due()
    assert len(smtp.mails) == 2
    assert "Wren Idle: New leads 0" in plain(smtp.mails[0]), "who was chosen by name has a line, whatever they did"
    for mail, title, lines in zip(
        smtp.mails, ("By member", "By group"), (("Milo Spoke", "Iris Spoke"), "AB"), strict=True
    ):
        found = parts(mail)
        (paper,) = (one.get_content() for name, one in found.items() if name.endswith(".pdf"))
        printed = "\n".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages)
        (table,) = (one.get_content() for name, one in found.items() if name.endswith(".csv"))
        rows = [
            line.split(",") for line in (table if isinstance(table, str) else table.decode("utf-8-sig")).splitlines()
        ]
        leads = rows[0].index("New leads")
        assert "New leads: 5 (5 more)" in plain(mail)
        assert title in printed
        for name, count in zip(lines, (3, 2), strict=True):
            assert f"{name}\n{count}" in printed.replace(" \n", "\n") or f"{name} {count}" in printed
            assert [row[leads] for row in rows if row[1:2] == [name] and "before" not in row[0]] == [str(count)]
    page = window.get("/scheduled/runs/1").get_data(as_text=True)
    assert "By member" in page
    asked = page.split('href="/dashboard/?', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert all(f"users={one.id}" in asked for one in team)
    assert "Iris Spoke, Milo Spoke, and Wren Idle" in window.get(f"/dashboard/?{asked}").get_data(as_text=True)


def test_only_owner_and_admins_open_change_and_send_a_report(della: User, context: Flask) -> None:
    rowan = builders.make_user("Manager")
    mine = builders.make_group("Mine", members=[rowan], manager_id=rowan.id)
    report = reporting.make_report(rowan, rowan, scope="groups", group_ids=[mine.id])
    owner = reporting.Window(context, rowan)
    assert owner.get(f"/scheduled/{report.id}").status_code == 200
    other = reporting.Window(context, builders.make_user("Manager"))
    for path in ("", "/edit"):
        assert other.get(f"/scheduled/{report.id}{path}").status_code == 404
    for act in ("send", "switch", "delete", "edit"):
        assert other.post(f"/scheduled/{report.id}/{act}").status_code == 404
    assert db.session.execute(text("SELECT count(*) FROM reports")).scalar() == 1
