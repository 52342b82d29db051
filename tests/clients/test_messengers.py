"""The channel API: signed messages in, signed answers out, receipts, and nothing twice."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.extensions import db
from app.models.crm import Contact
from app.models.notifications import Delivery
from app.models.talks import Messenger
from app.services import delivery
from app.services.clients import messengers
from app.transaction import transaction
from tests import builders, visiting
from tests.clients.colleagues import Colleague
from tests.http_servers import HttpServer
from tests.visiting import newest_talk


class Bridge(HttpServer):
    """The messenger's side: remembers what it was sent and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, Any], bool]] = []
        self.status = 200
        super().__init__()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        signed = headers["x-signature"] == messengers.signature_of("secret", body)
        self.got.append((json.loads(body), signed))
        return self.status, {}, b""


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.stop()


@pytest.fixture
def messenger(context: Flask, bridge: Bridge) -> Messenger:
    builders.make_pipeline()
    wren = builders.make_user("Staff", username="wren")
    return visiting.make_messenger(builders.make_group("Sales", members=[wren]), bridge.url)


def bring(app: Flask, messenger_id: int, body: Any, signature: str | None = None) -> Any:
    sent = json.dumps(body).encode()
    signed = messengers.signature_of("secret", sent) if signature is None else signature
    with app.app_context():
        return app.test_client().post(
            f"/hooks/channels/{messenger_id}",
            data=sent,
            headers={"X-Signature": signed, "Content-Type": "application/json"},
        )


def said(number: int = 1, words: str = "Hello", **values: Any) -> dict[str, Any]:
    return {
        "id": f"x{number}",
        "from": {"id": "u 77", "name": "Basil", "phone": "+43 660 1234567"},
        "text": words,
    } | values


def send_out(channel: str = "messenger") -> None:
    ids = list(db.session.scalars(select(Delivery.id).where(Delivery.channel == channel, Delivery.state == "pending")))
    delivery.deliver(channel, ids)


def test_a_signed_message_opens_a_talk_and_a_repeat_changes_nothing(app, messenger) -> None:
    assert bring(app, messenger.id, said()).get_json() == {"ok": True, "new": True}
    assert bring(app, messenger.id, said()).get_json() == {"ok": True, "new": False}
    talk = newest_talk()
    assert talk.state == "open"
    contact = db.session.scalars(select(Contact)).one()
    assert contact.name == "Basil"
    assert contact.phone_tail == "6601234567"


def test_wrong_signatures_and_broken_bodies_have_no_effect(app, messenger) -> None:
    assert bring(app, messenger.id, said(), signature="sha256=00").status_code == 401
    assert bring(app, messenger.id, said(), signature="").status_code == 401
    assert bring(app, 9999, said()).status_code == 401
    for broken in ([], {"id": "1"}, {"id": "1", "from": {}, "text": "x"}, {"id": "1", "from": {"id": "1"}}):
        assert bring(app, messenger.id, broken).status_code == 400
    assert bring(app, messenger.id, said(words="x" * 10_001)).status_code == 422
    assert bring(app, messenger.id, said(type="sticker")).status_code == 200
    assert db.session.scalars(select(Contact)).all() == []


def test_more_than_a_message_can_be_is_not_read(app, messenger) -> None:
    assert bring(app, messenger.id, said(words="x" * 300_000)).status_code == 413


def test_a_messenger_whose_secret_was_encrypted_with_another_key_can_still_be_looked_at(app, messenger) -> None:
    ada = builders.make_user("Admin")
    with transaction():
        messenger.secret = "lost"
    assert bring(app, messenger.id, said()).status_code == 401
    page = builders.login(app.test_client(), ada).get(f"/messengerview/show/{messenger.id}")
    assert page.status_code == 200
    assert "another ENCRYPTION_KEY" in page.text


def test_answers_go_out_signed_and_notes_do_not(app, messenger, bridge) -> None:
    bring(app, messenger.id, said())
    chat_id = newest_talk().chat_id
    wren = Colleague(app, "wren")
    wren.answer(chat_id, "internal", note=True)
    wren.answer(chat_id, "How can I help?")
    send_out()
    ((body, signed),) = bridge.got
    assert signed
    assert (body["text"], body["to"]) == ("How can I help?", {"id": "u 77"})
    assert "wren" not in json.dumps(body)
    status = {"type": "status", "message_id": body["message_id"], "status": "read"}
    assert bring(app, messenger.id, status).status_code == 200
    failed = {**status, "status": "failed", "code": "131047", "error": "window closed"}
    assert bring(app, messenger.id, failed).status_code == 200
    row = db.session.scalars(select(Delivery).where(Delivery.channel == "messenger")).one()
    db.session.refresh(row)
    assert row.state == "failed"
    assert "131047" in row.error
    lines = wren.get(f"/chats/{chat_id}/messages")["messages"]
    marks = {line["body"]: line.get("failed") for line in lines}
    assert marks["How can I help?"] == "window closed (131047)", "it is marked where it was written"
    assert "A message did not reach the client: window closed (131047)" in marks
    with transaction():
        assert delivery.send_again(row.id)
    assert "failed" not in wren.get(f"/chats/{chat_id}/messages")["messages"][2]
    assert bring(app, messenger.id, {**status, "message_id": 999999}).status_code == 404


def test_a_messenger_that_is_down_gets_the_answer_later_and_the_answer_says_that_it_waits(
    app, messenger, bridge
) -> None:
    bring(app, messenger.id, said())
    wren, chat_id = Colleague(app, "wren"), newest_talk().chat_id
    answer = wren.answer(chat_id, "Hi")
    again = f"/chats/messages/{answer['id']}/send-again"
    assert answer["waiting"]["reason"] == "", "on its way"
    bridge.status = 503
    send_out()
    db.session.expire_all()
    row = db.session.scalars(select(Delivery).where(Delivery.channel == "messenger")).one()
    assert (row.state, row.attempts) == ("pending", 1)

    def shown() -> dict[str, Any]:
        return next(one for one in wren.get(f"/chats/{chat_id}/messages")["messages"] if one["id"] == answer["id"])

    assert "503" in shown()["waiting"]["reason"]
    assert dt.datetime.fromisoformat(shown()["waiting"]["at"]) == row.not_before
    bridge.status = 200
    assert wren.call("POST", again).get_json()["message"]["waiting"]["reason"]
    send_out()
    assert len(bridge.got) == 2
    assert "waiting" not in shown()
    assert wren.call("POST", again).status_code == 409


def test_an_answer_that_was_deleted_before_it_went_out_stays_in_and_nobody_is_told_that_it_failed(
    app, messenger, bridge
) -> None:
    bring(app, messenger.id, said())
    wren, chat_id = Colleague(app, "wren"), newest_talk().chat_id
    answer = wren.answer(chat_id, "Wrong window, sorry")
    assert wren.call("DELETE", f"/chats/messages/{answer['id']}").status_code == 200
    send_out()
    assert bridge.got == []
    row = db.session.execute(text("SELECT state, skip_reason FROM deliveries WHERE channel = 'messenger'")).one()
    assert tuple(row) == ("skipped", "deleted")
    lines = wren.get(f"/chats/{chat_id}/messages")["messages"]
    assert not [line for line in lines if "did not reach" in line["body"]]


def test_digits_score_in_a_messenger(app, messenger, bridge) -> None:
    bring(app, messenger.id, said())
    talk = newest_talk()
    wren = Colleague(app, "wren")
    wren.answer(talk.chat_id, "Done")
    assert wren.call("POST", f"/talks/{talk.number}/close").status_code == 202
    send_out()
    assert "1" in bridge.got[-1][0]["text"]
    bring(app, messenger.id, said(2, "9/10"))
    talk = newest_talk()
    assert (talk.state, talk.score) == ("closed", 9)


def test_what_our_side_wrote_elsewhere_is_recorded_and_told_to_nobody(app, messenger, bridge) -> None:
    bring(app, messenger.id, said())
    echo = {"type": "echo", "id": "e1", "to": {"id": "u 77"}, "text": "Answered on the phone"}
    assert bring(app, messenger.id, echo).get_json() == {"ok": True, "new": True}
    assert bring(app, messenger.id, echo).get_json() == {"ok": True, "new": False}
    assert newest_talk().waiting_since is None
    send_out()
    assert bridge.got == []
