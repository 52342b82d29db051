"""The dashboard's page, its file and the records behind its numbers: who sees what, and what bad addresses get."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.extensions import db
from app.models.people import User
from app.services.reports.figures import FIGURES, SECTION_KEYS
from app.transaction import transaction
from tests.builders import login, make_group, make_limit, make_user, set_visibility
from tests.numbers.conftest import NOW, History, refreshed

WEEK = "period=custom&from=2026-03-02&until=2026-03-08"


@pytest.fixture
def counted(app: Flask, at: Callable[[Any], None]) -> History:
    """The history, its people readable outside a session: each request has its own, as in real life."""
    at(NOW)
    with app.app_context():
        made = History()
        refreshed()
        for one in (made.ann, made.bob, made.cleo, made.boss, made.admin, made.sales):
            db.session.refresh(one)
        db.session.expunge_all()
    return made


def person(app: Flask, role: str) -> str:
    with app.app_context():
        return str(make_user(role).username)


def page(client: FlaskClient, query: str = WEEK, path: str = "/dashboard/", status: int = 200) -> str:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def number(html: str, cell: str) -> str:
    found = re.search(rf'data-cell="{re.escape(cell)}">.*?data-cell-value>([^<]*)<', html, re.S)
    assert found is not None, cell
    return found[1]


def link(shown: str, cell: str) -> str:
    found = re.search(rf'data-cell="{re.escape(cell)}">\s*<a href="([^"]*)"', shown)
    assert found is not None, cell
    return unescape(found[1])


def behind(client: FlaskClient, shown: str, cell: str) -> str:
    """Follow a number."""
    answer = client.get(link(shown, cell))
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)


def rows(listed: str) -> int:
    body = re.search(r"<tbody.*?</tbody>", listed, re.S)
    return len(re.findall(r"<tr\b", body[0])) if body else 0


def names(html: str, table: str) -> list[str]:
    found = re.search(rf'id="dash-{table}-table">(.*?)</table>', html, re.S)
    return re.findall(r'<th scope="row">\s*<a [^>]*>([^<]*)</a>', found[1]) if found else []


def test_admins_see_the_whole_account_with_every_number_explained(counted: History, client: FlaskClient) -> None:
    shown = page(login(client, counted.admin))
    assert number(shown, "t.leads_won") == "2"
    assert number(shown, "t.leads_won_sum:USD") == "$70"
    assert number(shown, "t.first_reply_median") == "20 min"
    assert number(shown, f"u{counted.ann.id}.nps") == "100"
    assert names(shown, "groups") == ["Sales"]
    assert {"Ann A", "Bob B", "Cleo C"} <= set(names(shown, "users"))
    for figure in FIGURES:
        assert f'id="means-{figure.key}' in shown, figure.key
    assert '"section": "leads"' in shown


def test_managers_see_the_groups_that_they_manage(counted: History, client: FlaskClient) -> None:
    shown = page(login(client, counted.boss))
    assert (names(shown, "groups"), names(shown, "users")) == (["Sales"], ["Ann A", "Bob B"])
    assert number(shown, "t.tasks_set") == "2"
    assert number(page(client, f"{WEEK}&users={counted.bob.id}"), "t.leads_lost") == "1"


def test_staff_see_their_own_numbers(counted: History, client: FlaskClient) -> None:
    shown = page(login(client, counted.ann))
    assert number(shown, "t.tasks_set") == "2"
    assert "Bob B" not in shown
    assert names(shown, "users") == []


@pytest.mark.parametrize(
    "path", ["/dashboard/", "/dashboard/file", "/dashboard/behind/leads_new", "/dashboard/numbers"]
)
def test_nobody_gets_numbers_of_others_by_the_address(
    app: Flask, counted: History, client: FlaskClient, path: str
) -> None:
    with app.app_context():
        other = make_group("Others").id
    login(client, counted.boss)
    for query in (f"groups={other}", f"users={counted.cleo.id}", "groups=999999"):
        page(client, f"{WEEK}&{query}", path, 403)
    ann = login(app.test_client(), counted.ann)
    for query in (f"groups={counted.sales.id}", f"users={counted.bob.id}"):
        page(ann, f"{WEEK}&{query}", path, 403)
    page(login(app.test_client(), person(app, "Free")), WEEK, path, 403)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("period=custom&from=2026-03-08&until=2026-03-02", "The last day lies before the first"),
        ("period=custom&from=2024-03-08&until=2026-03-02", "At most 400 days"),
        ("period=custom&from=&until=2026-03-02", "Choose a day"),
        ("period=custom&from=yesterday&until=2026-03-02", "A day like 2026-11-27 is needed"),
        ("period=century", "Choose one of"),
        ("sections=weather", "There is nothing called weather"),
        ("groups=x", "Choose an existing one"),
        ("groups=1&users=1", "Choose groups or people, not both"),
    ],
)
def test_a_bad_address_is_told_at_its_field(app: Flask, client: FlaskClient, query: str, said: str) -> None:
    login(client, person(app, "Admin"))
    shown = page(client, query, status=422)
    assert said in shown
    assert 'class="fd-error"' in shown or "fd-banner--bad" in shown
    assert said in page(client, query, "/dashboard/file", 422)


def test_only_the_wanted_kinds_of_numbers_are_shown(counted: History, client: FlaskClient) -> None:
    shown = page(login(client, counted.admin), f"{WEEK}&sections=calls&sections=tasks")
    assert number(shown, "t.calls_missed") == "2"
    assert 'data-cell="t.leads_new"' not in shown


def test_an_account_in_which_nothing_happened_says_so(app: Flask, client: FlaskClient) -> None:
    assert "Nothing happened in this time" in page(login(client, person(app, "Admin")), "")


def test_behind_each_number_are_as_many_records(counted: History, client: FlaskClient) -> None:
    login(client, counted.admin)
    shown = page(client)
    for figure in FIGURES:
        if figure.unit.value != "count":
            continue
        listed = behind(client, shown, f"t.{figure.key}")
        # A colleague's own mailbox is nobody else's, an admin's neither.
        hidden = 1 if figure.key == "mails_in" else 0
        assert ("1 not yours to open" in listed) == bool(hidden)
        assert rows(listed) + hidden == int(number(shown, f"t.{figure.key}")), figure.key
    assert rows(behind(client, shown, f"u{counted.ann.id}.leads_won_sum:EUR")) == 1


def test_a_list_behind_a_number_says_so_and_can_be_narrowed_and_exported(
    app: Flask, counted: History, client: FlaskClient
) -> None:
    login(client, counted.admin)
    shown = page(client, f"{WEEK}&groups={counted.sales.id}")
    address, count = link(shown, "t.leads_new"), int(number(shown, "t.leads_new"))
    assert address.startswith("/leadview/list/?")
    listed = client.get(address).get_data(as_text=True)
    assert f": {count} counted" in listed
    assert 'aria-label="Remove filter New leads"' in listed
    assert rows(client.get(f"{address}&_flt_0_name=nothing-is-called-so").get_data(as_text=True)) == 0
    assert client.post(address.replace("/list/", "/export")).status_code == 302
    with app.app_context():
        assert db.session.execute(text("SELECT jsonb_array_length(settings -> 'ids') FROM transfers")).scalar() == count


@pytest.mark.parametrize(
    ("path", "value", "status"),
    [
        ("/leadview/list/", "weather", 404),
        ("/leadview/list/", "tasks_done?period=7", 404),
        ("/leadview/list/", "leads_new?period=century", 422),
        ("/leadview/list/", "leads_new?groups=999999", 403),
    ],
)
def test_what_no_number_counts_is_no_list(app: Flask, client: FlaskClient, path: str, value: str, status: int) -> None:
    login(client, person(app, "Admin"))
    assert client.get(path, query_string={"_flt_0_counted": value}).status_code == status


def test_records_that_one_may_not_open_are_counted_but_not_listed(
    app: Flask, counted: History, client: FlaskClient
) -> None:
    with app.app_context():
        set_visibility("own")
    login(client, counted.boss)
    assert number(page(client), "t.leads_won") == "2"
    listed = behind(client, page(client), "t.leads_won")
    assert "2 counted, 2 not yours to open" in listed
    assert rows(listed) == 0
    listed = page(client, WEEK, "/dashboard/behind/talks_opened")
    assert "of these are counted, but not yours to open" in listed
    assert rows(listed) < int(number(page(client), "t.talks_opened"))
    page(client, WEEK, "/dashboard/behind/deliveries_sent", 403)


def test_listed_records_count_against_activity_limits(app: Flask, counted: History, client: FlaskClient) -> None:
    with app.app_context():
        make_limit("items", "day", 1, active=True)
    login(client, counted.boss)
    shown = page(client)
    assert client.get(link(shown, "t.leads_lost")).status_code == 200
    assert client.get(link(shown, "t.leads_new")).status_code == 302, "one more than allowed"
    with app.app_context():
        assert db.session.get_one(User, counted.boss.id).active is False


def test_the_file_has_all_lines_the_days_and_what_numbers_mean(
    app: Flask, counted: History, client: FlaskClient
) -> None:
    with app.app_context(), transaction():
        db.session.get_one(User, counted.ann.id).first_name = "=Ann"
    login(client, counted.admin)
    answer = client.get(f"/dashboard/file?{WEEK}")
    assert answer.headers["Content-Disposition"] == "attachment; filename=activity-2026-03-02-2026-03-08.csv"
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    head, total, before = rows[:3]
    at = head.index("Median first reply, seconds")
    assert (total[0], total[at], before[0], before[at]) == ("Total", "1200", "Total, before", "")
    assert total[head.index("Sum of leads won (USD)")] == "70"
    assert "'=Ann A" in {row[1] for row in rows if row}
    assert sum(1 for row in rows if row and row[0] == "Day") == 7
    assert any(row and row[0] == "NPS" and "minus" in row[1] for row in rows)


def test_an_open_page_is_kept_up_to_date(counted: History, client: FlaskClient) -> None:
    login(client, counted.boss)
    fresh = client.get(f"/dashboard/numbers?{WEEK}").get_json()
    assert fresh["cells"]["t.first_reply_median"] == ["20 min", "", ""]
    assert fresh["cells"][f"u{counted.bob.id}.leads_won"] == ["1", "none before", ""]
    talks = next(chart for chart in fresh["charts"] if chart["section"] == "talks")
    assert [one["values"] for one in talks["series"]] == [
        [1, 0, 1, 1, 1, 0, 0],
        [0, 1, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 0, 0],
    ]


def test_only_admins_have_all_counted_anew(app: Flask, counted: History, client: FlaskClient) -> None:
    def waits() -> object:
        with app.app_context():
            return db.session.execute(text("SELECT rebuild_day FROM activity_state")).scalar()

    assert "Count all anew" not in page(login(client, counted.boss))
    assert client.post("/dashboard/rebuild").status_code == 403
    assert waits() is None
    admin = login(app.test_client(), counted.admin)
    assert "Count all anew" in page(admin)
    assert admin.post("/dashboard/rebuild").status_code == 302
    assert waits() == NOW.date()
    assert "being counted anew" in page(admin)


def test_a_page_costs_as_many_statements_whoever_is_in_it(
    app: Flask, counted: History, client: FlaskClient, statements: Callable[[], Any]
) -> None:
    login(client, counted.admin)
    page(client)
    with statements() as few:
        page(client)
    with app.app_context():
        for _ in range(5):
            make_group(members=[make_user(), make_user()])
    with statements() as many:
        page(client)
    assert len(many) == len(few) <= 20


def test_every_kind_of_numbers_has_a_chart_or_says_that_there_was_none(counted: History, client: FlaskClient) -> None:
    shown = page(login(client, counted.admin))
    drawn = set(re.findall(r'<canvas data-chart="(\w+)"', shown))
    assert drawn == set(SECTION_KEYS)
