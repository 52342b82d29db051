"""Exports: a job writes what the person may see, and nobody else gets the file."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.extensions import db
from app.models.people import User
from app.models.records import Transfer
from app.services.exports import exports
from tests import builders


@pytest.fixture
def milo(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Staff", username="milo").id
    builders.login(client, "milo")
    return int(user_id)


def export(app: Flask, client: FlaskClient, kind: str, rows: list[int] | None = None) -> list[list[str]]:
    data = {"action": "export", "rowid": rows} if rows else {}
    answer = client.post(f"/{kind}view/{'action_post' if rows else 'export'}", data=data)
    assert answer.headers["Location"] == "/exports/"
    with app.app_context():
        last = db.session.query(Transfer.id).order_by(Transfer.id.desc()).limit(1).scalar()
        exports.write(last)
    answer = client.get(f"/exports/{last}/download")
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_formulas_are_made_harmless(app: Flask, client: FlaskClient, milo: int) -> None:
    names = ["=1+1", "+43", "-2", "@x", 'Fern, "the" Puddle', "Žofie"]
    with app.app_context():
        for name in names:
            builders.make_contact(name)
    head, *rows = export(app, client, "contact")
    assert head[:3] == ["id", "name", "email"]
    assert [row[1] for row in rows] == ["'=1+1", "'+43", "'-2", "'@x", 'Fern, "the" Puddle', "Žofie"]


@pytest.mark.parametrize("kind", ["lead", "contact", "company", "task"])
def test_an_export_holds_only_what_one_may_see(app: Flask, client: FlaskClient, milo: int, kind: str) -> None:
    make: dict[str, Callable[..., Any]] = {
        "lead": builders.make_lead,
        "contact": builders.make_contact,
        "company": builders.make_company,
        "task": builders.make_task,
    }
    with app.app_context():
        me, other = db.session.get_one(User, milo), builders.make_user("Staff")
        own, foreign = make[kind](responsible=me).id, make[kind](responsible=other).id
        builders.set_visibility("own")
    assert [row[0] for row in export(app, client, kind)[1:]] == [str(own)]
    assert [row[0] for row in export(app, client, kind, [own, foreign])[1:]] == [str(own)]


def test_a_file_is_for_who_asked_and_for_a_day(
    app: Flask, client: FlaskClient, milo: int, at: Callable[[Any], None]
) -> None:
    export(app, client, "lead")
    assert "leads-" in client.get("/exports/").get_data(as_text=True)
    with app.app_context():
        builders.make_user("Admin", username="della")
    other = builders.login(app.test_client(), "della")
    assert other.get("/exports/1/download").status_code == 404
    with app.app_context():
        path = exports.path_of(db.session.get_one(Transfer, 1))
        assert path.exists()
    at(clock.now() + dt.timedelta(hours=25))
    assert client.get("/exports/1/download").status_code == 404
    with app.app_context():
        assert exports.sweep() == 1
        assert not path.exists()


def test_a_job_that_comes_twice_writes_once(app: Flask, client: FlaskClient, milo: int) -> None:
    client.post("/leadview/export")
    with app.app_context():
        exports.write(1)
        finished = db.session.get_one(Transfer, 1, populate_existing=True).finished_at
        exports.write(1)
        assert db.session.get_one(Transfer, 1, populate_existing=True).finished_at == finished


def test_an_export_holds_what_the_filters_of_the_list_leave(app: Flask, client: FlaskClient, milo: int) -> None:
    with app.app_context():
        builders.make_contact("Fern Puddle")
        builders.make_contact("Pip Lark")
    page = client.get("/contactview/list/?_flt_0_name=fern").get_data(as_text=True)
    assert "/contactview/export?_flt_0_name=fern" in page
    client.post("/contactview/export?_flt_0_name=fern")
    with app.app_context():
        exports.write(1)
    rows = list(csv.reader(io.StringIO(client.get("/exports/1/download").data.decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == ["Fern Puddle"]
    client.post("/contactview/export?_flt_0_name=nobody")
    assert "Nothing to export" in client.get("/contactview/list/").get_data(as_text=True)


def test_more_chosen_rows_than_a_batch_are_all_written(
    app: Flask, client: FlaskClient, milo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "BATCH", 2)
    with app.app_context():
        ids = [builders.make_contact(f"Pat {n}").id for n in range(5)]
        builders.set_visibility("all")
    assert [row[0] for row in export(app, client, "contact", ids)[1:]] == [str(one) for one in ids]
    assert len(export(app, client, "contact")) == 6


def test_the_rows_of_an_export_count_and_one_too_many_gives_no_file(app: Flask, client: FlaskClient, milo: int) -> None:
    with app.app_context():
        for _ in range(3):
            builders.make_contact()
        builders.make_limit(kind="items", amount=2, active=True)
    client.post("/contactview/export")
    with app.app_context():
        exports.write(1)
        made = db.session.get_one(Transfer, 1, populate_existing=True)
        assert (made.state, exports.path_of(made).exists()) == ("failed", False)
        assert not db.session.get_one(User, milo, populate_existing=True).active
