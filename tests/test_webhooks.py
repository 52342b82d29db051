"""Webhooks: every event once, signed; what keeps failing is switched off and told."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from time_machine import TimeMachineFixture

from app import clock
from app.extensions import db
from app.models.notifications import Delivery, Event
from app.models.webhooks import Webhook
from app.services import delivery, sealed
from app.services.account import webhook_out
from app.services.tasks import tasks
from app.transaction import transaction
from tests import builders
from tests.http_servers import HttpServer


class Receiver(HttpServer):
    """The other program: keeps what it was sent and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[Mapping[str, str], str]] = []
        self.status = 204
        self.headers: Mapping[str, str] = {}
        super().__init__()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        self.got.append((headers, body.decode()))
        return self.status, self.headers, b""

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


def assign() -> int:
    """One event: a task for somebody else."""
    author, responsible = builders.make_user("Staff"), builders.make_user("Staff")
    with transaction(author.id):
        due = clock.now() + dt.timedelta(days=1)
        tasks.create(author, {"text": "Call back", "due_at": due, "responsible_id": responsible.id})
    return int(db.session.scalars(select(Event.id).order_by(Event.id.desc()).limit(1)).one())


def send() -> None:
    ids = db.session.scalars(
        select(Delivery.id).where(Delivery.purpose == "webhook", Delivery.state == "pending").order_by(Delivery.id)
    ).all()
    db.session.rollback()
    delivery.deliver("webhook", ids)


def states() -> list[str]:
    rows = db.session.execute(text("SELECT state FROM deliveries WHERE purpose = 'webhook' ORDER BY id"))
    return [row.state for row in rows]


def test_an_event_comes_once_signed_as_the_standard_says(context: Flask, receiver: Receiver) -> None:
    webhook = builders.make_webhook(receiver.url)
    event_id = assign()
    send()
    send()
    headers, body = receiver.got[-1]
    assert receiver.types().count("task:assigned") == 1
    assert headers["webhook-id"] == f"evt_{event_id}"
    assert headers["webhook-signature"] == webhook_out.signature_of(
        sealed.opened(webhook.secret), headers["webhook-id"], headers["webhook-timestamp"], body
    )
    told = json.loads(body)
    assert told["type"] == "task:assigned"
    assert told["data"]["subject"]["type"] == "task"
    assert set(states()) == {"sent"}


def test_the_signature_is_the_one_of_the_standards_own_example() -> None:
    # standardwebhooks.com, the specification's example
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = '{"test": 2432232314}'
    signature = webhook_out.signature_of(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("status", "headers", "state", "wait"),
    [
        (302, {"Location": "/elsewhere"}, "failed", 0),
        (307, {"Location": "/elsewhere"}, "failed", 0),
        (400, {}, "failed", 0),
        (408, {}, "pending", 30),
        (425, {}, "pending", 30),
        (429, {"Retry-After": "600"}, "pending", 600),
        (503, {"Retry-After": "99999"}, "pending", 3600),
        (500, {"Retry-After": "Mon, 23 Nov 2026 12:00:00 GMT"}, "pending", 30),
    ],
)
def test_what_the_other_program_answers_decides_whether_and_when_it_is_asked_again(
    context: Flask, receiver: Receiver, status: int, headers: Mapping[str, str], state: str, wait: int
) -> None:
    builders.make_webhook(receiver.url, topics=["task"])
    receiver.status, receiver.headers = status, headers
    assign()
    send()
    assert len(receiver.got) == 1, "no redirect is followed"
    row = db.session.execute(text("SELECT state, not_before FROM deliveries WHERE purpose = 'webhook'")).one()
    assert row.state == state
    assert wait - 20 < (row.not_before - clock.now()).total_seconds() <= wait


def test_a_program_that_does_not_answer_at_all_is_asked_again(context: Flask) -> None:
    builders.make_webhook("http://127.0.0.1:9/hook", topics=["task"])
    assign()
    send()
    row = db.session.execute(text("SELECT state, error FROM deliveries WHERE purpose = 'webhook'")).one()
    assert (row.state, "does not answer" in row.error) == ("pending", True)


def test_only_chosen_topics_come_and_none_while_it_is_off(context: Flask, receiver: Receiver) -> None:
    builders.make_webhook(receiver.url, topics=["lead"])
    builders.make_webhook(receiver.url, active=False)
    assign()
    assert states() == []


def test_a_webhook_that_is_gone_is_switched_off_at_once_and_admins_are_told(context: Flask, receiver: Receiver) -> None:
    admin = builders.make_user("Admin")
    webhook_id = builders.make_webhook(receiver.url).id
    receiver.status = 410
    assign()
    send()
    webhook = db.session.get_one(Webhook, webhook_id)
    assert not webhook.active
    assert webhook.disabled_reason == "The address refused it with 410"
    told = db.session.execute(text("SELECT user_id, event_tag FROM feed_items WHERE event_tag LIKE 'error:%'")).all()
    assert [tuple(row) for row in told] == [(admin.id, "error:webhook_disabled")]
    assign()
    assert states().count("pending") == 0


def test_ten_refusals_in_a_row_switch_it_off_and_one_success_begins_anew(context: Flask, receiver: Receiver) -> None:
    webhook_id = builders.make_webhook(receiver.url, topics=["task"], failures=webhook_out.GIVEN_UP_IN_A_ROW - 1).id
    assign()
    send()
    assert db.session.get_one(Webhook, webhook_id).failures == 0
    receiver.status = 400
    for _ in range(webhook_out.GIVEN_UP_IN_A_ROW):
        assert db.session.get_one(Webhook, webhook_id, populate_existing=True).active
        assign()
        send()
    assert not db.session.get_one(Webhook, webhook_id, populate_existing=True).active


def test_a_day_without_an_answer_switches_it_off(
    context: Flask, receiver: Receiver, time_machine: TimeMachineFixture
) -> None:
    webhook_id = builders.make_webhook(receiver.url, topics=["task"]).id
    receiver.status = 503
    assign()
    send()
    assert states() == ["pending"]
    assert db.session.get_one(Webhook, webhook_id).active
    time_machine.move_to(clock.now() + dt.timedelta(days=1, minutes=1))
    send()
    assert not db.session.get_one(Webhook, webhook_id, populate_existing=True).active


def test_admins_add_test_replay_and_see_the_log(app: Flask, client: FlaskClient, receiver: Receiver) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
    builders.login(client, "della")
    added = client.post("/webhookview/add", data={"name": "Shop", "url": receiver.url, "topics": ["task"]})
    assert added.status_code == 302
    with app.app_context():
        webhook_id = db.session.scalars(select(Webhook.id)).one()
        assign()
        send()
    page = client.get(f"/webhookview/show/{webhook_id}").get_data(as_text=True)
    assert "task:assigned" in page
    assert "whsec_" in page
    with app.app_context():
        delivery_id = db.session.scalars(select(Delivery.id).where(Delivery.purpose == "webhook")).one()
    assert client.post(f"/webhookview/replay/{webhook_id}/{delivery_id}").status_code == 302
    assert client.post(f"/webhookview/action/test/{webhook_id}").status_code == 302
    with app.app_context():
        send()
    assert receiver.types() == ["task:assigned", "task:assigned", "webhook:test"]
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"url": "http://me:pw@x"}, "url"),
        ({"name": ""}, "name"),
        ({"topics": ["x"]}, "topics"),
    ],
)
def test_bad_input_names_the_field_and_adds_nothing(
    app: Flask, client: FlaskClient, changed: dict[str, Any], field: str
) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
    builders.login(client, "della")
    page = client.post("/webhookview/add", data={"name": "Shop", "url": "https://x.example", **changed})
    assert page.status_code == 200
    assert f'id="{field}-error"' in page.get_data(as_text=True) or "has-error" in page.get_data(as_text=True)
    with app.app_context():
        assert db.session.scalars(select(Webhook)).all() == []
