"""The account's settings: one page for admins, with effect at once."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.services.account import account, retention
from tests import builders

FORM = {
    "record_visibility": "own",
    "direct_chats": "off",
    "group_chat_creators": "managers",
    "message_texts": "hidden",
    "notice_days": "60",
    "trace_days": "14",
    "zone": "Europe/Vienna",
}


def test_an_admin_decides_and_it_counts_at_once(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
        milo = builders.make_user("Staff", username="milo")
        wren = builders.make_user("Staff", username="wren")
        builders.make_lead("Wren's", responsible=wren)
        wren_id = wren.id
        assert milo.id != wren_id
    builders.login(client, "della")
    assert client.post("/account/settings/", data=FORM).status_code == 302
    staff = app.test_client()
    builders.login(staff, "milo")
    assert staff.get("/api/v1/leads/").get_json()["count"] == 0
    answer = staff.post("/api/v1/chats/", json={"kind": "direct", "member_ids": [wren_id]})
    assert answer.status_code == 403
    with app.app_context():
        assert account.get_setting("message_texts") == "hidden"
        assert (retention.notice_days(), retention.trace_days()) == (60, 14)


def test_a_choice_that_is_none_changes_nothing(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
    builders.login(client, "della")
    page = client.post("/account/settings/", data=FORM | {"record_visibility": "everybody"})
    assert page.status_code == 200
    with app.app_context():
        assert account.record_visibility() == "all"
        assert account.direct_chats_on()


@pytest.mark.parametrize("days", ["0", "6", "3651", "soon", "", "-30"])
def test_how_long_things_are_kept_is_a_sane_number_of_days(app: Flask, client: FlaskClient, days: str) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
    builders.login(client, "della")
    page = client.post("/account/settings/", data=FORM | {"notice_days": days})
    assert page.status_code == 200
    with app.app_context():
        assert (retention.notice_days(), retention.trace_days()) == (90, 30)
        assert account.record_visibility() == "all", "nothing of the page was saved"
