"""The delivery log and the channels' health, for admins."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.models.notifications import Delivery
from app.models.records import Transfer
from app.services.account import channel_health
from app.services.exports import exports
from app.transaction import transaction
from tests import builders, news


@pytest.fixture
def log(app: Flask, client: FlaskClient) -> dict[str, int]:
    """A sent mail to Milo, a failed one to Wren whose error looks like a formula, and a test; Della is signed in."""
    with app.app_context():
        builders.make_user("Admin", username="della")
        milo = builders.make_user("Staff", username="milo", email="milo@example.com")
        wren = builders.make_user("Staff", username="wren", email="wren@example.com")
        boss = builders.make_user("Manager")
        news.assign(milo, boss, "For Milo")
        news.deliver_due()
        news.assign(wren, boss, "For Wren")
        with transaction():
            db.session.execute(
                text(
                    "UPDATE deliveries SET state = 'failed', error = '=cmd()', attempts = 6, finished_at = created_at"
                    " WHERE user_id = :id"
                ),
                {"id": wren.id},
            )
            db.session.add(
                Delivery(dedupe_key="test:1", purpose="test", channel="telegram", address="7", not_before=clock.now())
            )
        found = {"milo": milo.id, "wren": wren.id}
    builders.login(client, "della")
    return found


def test_a_deliverys_page_is_called_by_what_it_is_and_for_whom(
    app: Flask, client: FlaskClient, log: dict[str, int]
) -> None:
    with app.app_context():
        found = dict(db.session.execute(text("SELECT coalesce(user_id, 0), id FROM deliveries")).all())
    for whom, words in (
        (log["wren"], "Tasks: you have been assigned a new task · Email to "),
        (0, "Test notification · Telegram to 7"),
    ):
        page = client.get(f"/deliveryview/show/{found[whom]}").get_data(as_text=True)
        assert f"<h1>{words}" in page


def listed(client: FlaskClient, query: str) -> str:
    answer = client.get(f"/deliveryview/list/?{query}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True).split("<tbody>", 1)[-1] if "<tbody>" in answer.text else ""


def exported(app: Flask, client: FlaskClient, query: str) -> list[dict[str, str]]:
    answer = client.post(f"/deliveryview/export?{query}")
    assert answer.headers["Location"] == "/exports/", answer.headers
    with app.app_context():
        last = db.session.query(Transfer.id).order_by(Transfer.id.desc()).limit(1).scalar()
        exports.write(last)
    file = client.get(f"/exports/{last}/download").data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(file)))


@pytest.mark.parametrize(
    ("query", "found", "not_found"),
    [
        ("_flt_0_user={wren}", "wren@", "milo@"),
        ("_flt_0_event_tag=task:assigned&_flt_0_state=sent", "milo@", "wren@"),
        ("_flt_0_channel=telegram", "Telegram", "task:assigned"),
        ("_flt_0_state=failed", "wren@", "milo@"),
        ("_flt_0_purpose=test", "Test notification", "task:assigned"),
    ],
)
def test_the_log_is_filtered_by_user_event_channel_and_state_and_so_is_its_file(
    app: Flask, client: FlaskClient, log: dict[str, int], query: str, found: str, not_found: str
) -> None:
    page = listed(client, query.format(**log))
    assert found in page
    assert not_found not in page
    rows = exported(app, client, query.format(**log))
    assert len(rows) == 1
    assert all(row["error"] == "'=cmd()" for row in rows if row["state"] == "failed"), "no spreadsheet may run it"


def test_without_filters_the_file_holds_everything(app: Flask, client: FlaskClient, log: dict[str, int]) -> None:
    assert len(exported(app, client, "")) == 3
    nothing = client.post("/deliveryview/export?_flt_0_state=cancelled")
    assert nothing.headers["Location"] != "/exports/", "an empty part is said, not exported as all"


def test_an_export_asked_for_by_an_admin_who_is_none_any_more_holds_nothing(
    app: Flask, client: FlaskClient, log: dict[str, int]
) -> None:
    client.post("/deliveryview/export")
    with app.app_context():
        with transaction():
            db.session.execute(text("DELETE FROM ab_user_role WHERE user_id = (SELECT user_id FROM transfers)"))
        exports.write(db.session.query(Transfer.id).scalar())
        assert db.session.query(Transfer.total).scalar() == 0


def test_what_failed_is_sent_again_and_nothing_else(app: Flask, client: FlaskClient, log: dict[str, int]) -> None:
    with app.app_context():
        ids = {row.state: row.id for row in db.session.execute(text("SELECT state, id FROM deliveries"))}
    again = client.post(f"/deliveryview/action/send_again/{ids['failed']}", follow_redirects=True)
    assert "On its way again" in again.text
    refused = client.post(f"/deliveryview/action/send_again/{ids['sent']}", follow_redirects=True)
    assert "Only failed deliveries can be sent again" in refused.text
    with app.app_context():
        news.deliver_due()
        states = db.session.execute(text("SELECT state FROM deliveries WHERE id = :id"), {"id": ids["failed"]})
        assert states.scalar_one() == "sent"


def test_the_health_of_each_channel_is_on_one_page(
    app: Flask, client: FlaskClient, log: dict[str, int], smtp: Any
) -> None:
    smtp.stop()
    tested = client.post("/channels/test", follow_redirects=True).text
    assert "something does not work" in tested
    with app.app_context():
        email = next(one for one in channel_health.overview() if one["channel"] == "email")
    assert (email["failed_in_a_day"], email["configured"]) == (1, True)
    assert "connection refused" in tested
    assert "/deliveryview/list/?_flt_0_channel=email&amp;_flt_0_state=failed" in tested
    told = client.get("/api/v1/center/feed").get_json()["items"]
    assert [item["event"] for item in told if item["event"].startswith("error:channel")] == ["error:channel_down"]
    smtp.start()
    assert "everything that is set up works" in client.post("/channels/test", follow_redirects=True).text
    assert "Health of the channels" in client.get("/account/").text
