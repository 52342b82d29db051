"""Where admins land: what is wrong in the account, and the buttons that mend it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.models.people import full_name
from app.transaction import transaction
from tests import builders, visiting

Counted = Callable[[], AbstractContextManager[list[str]]]


def _failed_mail(user_id: int, error: str = "The mailbox is full (452)") -> int:
    with transaction():
        return int(
            db.session.execute(
                text(
                    "INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, state, not_before, error,"
                    " attempts, finished_at, created_at) VALUES ('test:' || gen_random_uuid(), 'digest', 'email',"
                    " 'wren@example.com', :user_id, 'failed', :at, :error, 5, :at, :at) RETURNING id"
                ),
                {"user_id": user_id, "error": error, "at": clock.now() - dt.timedelta(minutes=20)},
            ).scalar_one()
        )


def test_admins_land_on_the_account_managers_on_their_team_and_everybody_else_in_the_center(app: Flask) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
        builders.make_user("Manager", username="rowan")
        builders.make_user("Staff", username="milo")
    for name, page in (("della", "/account/"), ("rowan", "/center/?tab=team"), ("milo", "/center")):
        browser = app.test_client()
        builders.login(browser, name)
        assert browser.get("/").headers["Location"] == page


def test_a_talk_that_nobody_has_taken_is_given_to_a_colleague_from_the_page(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
        milo = builders.make_user("Staff", username="milo")
        group = builders.make_group(members=[milo])
        visitor = visiting.Client(app, visiting.make_widget(group).key)
        visitor.hello()
        visitor.write("Is the blue one still there?")
        number, milo_id, name = visiting.newest_talk().number, milo.id, full_name(milo)
    builders.login(client, "della")
    page = client.get("/account/").text
    assert "Is the blue one still there?" in page
    assert name in page, "the talk's group is offered"
    assert client.post(f"/account/talks/{number}", data={"user_id": "nobody"}).status_code == 302
    assert "Choose a colleague" in client.get("/account/").text
    client.post(f"/account/talks/{number}", data={"user_id": milo_id})
    assert "Every client has somebody." in client.get("/account/").text
    with app.app_context():
        assert visiting.newest_talk().responsible_id == milo_id


def test_a_failed_delivery_is_shown_with_its_reason_and_sent_again(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        della = builders.make_user("Admin", username="della")
        delivery_id = _failed_mail(della.id)
    builders.login(client, "della")
    assert "The mailbox is full (452)" in client.get("/account/").text
    answer = client.post(
        "/deliveryview/action_post",
        data={"action": "send_again", "rowid": delivery_id},
        headers={"Referer": "http://localhost/account/"},
    )
    assert answer.headers["Location"] == "/account/"
    with app.app_context():
        state = db.session.execute(
            text("SELECT state FROM deliveries WHERE id = :id"), {"id": delivery_id}
        ).scalar_one()
    assert state == "pending"
    assert "Nothing failed in seven days." in client.get("/account/").text


def test_who_was_shut_out_is_named_with_the_reason(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
        wren = builders.make_user("Staff", username="wren")
        name = full_name(wren)
        with transaction():
            wren.active = False
            wren.deactivated_reason = "Activity limit exceeded"
    builders.login(client, "della")
    page = client.get("/account/").text
    assert name in page
    assert "Activity limit exceeded" in page


def test_the_page_costs_no_more_statements_however_much_there_is(
    app: Flask, client: FlaskClient, statements: Counted
) -> None:
    with app.app_context():
        della = builders.make_user("Admin", username="della")
        della_id = della.id
        _failed_mail(della_id)
    builders.login(client, "della")
    client.get("/account/")
    with statements() as few:
        client.get("/account/")
    with app.app_context():
        for number in range(8):
            _failed_mail(della_id, f"Failure {number}")
            builders.make_user("Staff")
    with statements() as many:
        client.get("/account/")
    assert len(many) <= len(few)
