"""Web Push to browsers and phones, through a push service that decrypts and verifies."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import clock
from app.channels import public_only, webpush
from app.errors import UserError
from app.extensions import db
from app.models.notifications import FeedItem
from app.models.people import User
from app.services import reading, shown
from app.services.people import activity
from app.services.settings import devices
from app.transaction import transaction
from tests import chatting, news
from tests.builders import login, make_user
from tests.push_services import PushService

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
PHONE = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36"


def subscribe(
    user: User, service: PushService, name: str = "one", agent: str = DESKTOP, installed: bool = False
) -> int:
    with transaction():
        found = devices.subscribe(user, service.subscribe(name).subscription, user_agent=agent, installed=installed)
    return found.id


def device_count(user: User) -> int:
    return db.session.execute(text("SELECT count(*) FROM devices WHERE user_id = :id"), {"id": user.id}).scalar_one()


def test_news_reaches_the_browser_encrypted_and_signed(context: Flask, push_service: PushService) -> None:
    user = make_user("Staff", last_login=None)
    subscribe(user, push_service)
    news.assign(user, make_user("Manager"), "Ring the supplier")
    news.deliver_due()
    assert push_service.refused == []
    (push,) = push_service.taken
    assert push.payload["title"] == "New task: Ring the supplier"
    assert push.payload["url"].startswith(context.config["PUBLIC_URL"] + "/go/")
    assert push.payload["item"].startswith("n:")
    assert push.headers["urgency"] == "normal"
    assert push.claims["exp"] > 0
    # What comes later about the same task replaces it on the way: one that was off for a day is not told twice.
    assert push.headers["topic"] == webpush.topic_of(push.payload["tag"])


def test_a_text_longer_than_push_services_take_is_cut_and_comes(context: Flask, push_service: PushService) -> None:
    ann, ben = make_user("Staff"), make_user("Staff")
    subscribe(ben, push_service)
    chat_id = chatting.direct(ann, ben)
    chatting.say(ann, chat_id, "🚲" * 3000)
    chatting.decide(chat_id)
    news.deliver_due()
    assert push_service.refused == []
    (push,) = push_service.taken
    assert push.payload["body"].startswith("🚲")
    assert push.payload["body"].endswith("…")


def test_a_subscription_that_cannot_be_used_removes_itself_and_holds_up_no_other(
    context: Flask, push_service: PushService
) -> None:
    user = make_user("Staff")
    broken, sound = subscribe(user, push_service, "broken"), subscribe(user, push_service)
    db.session.execute(text("UPDATE devices SET p256dh = 'AAAA' WHERE id = :id"), {"id": broken})
    db.session.commit()
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert [push.browser for push in push_service.taken] == ["one"]
    assert [device["id"] for device in devices.of_user(user.id)] == [sound]


def test_a_phone_or_an_installed_center_is_mobile_and_gets_one_push(context: Flask, push_service: PushService) -> None:
    user = make_user("Staff")
    subscribe(user, push_service, "phone", PHONE)
    subscribe(user, push_service, "installed", DESKTOP, installed=True)
    subscribe(user, push_service, "desk", DESKTOP)
    news.choose(user, matrix={"task_assigned": {"browser": False}})
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert sorted(push.browser for push in push_service.taken) == ["installed", "phone"]


def test_a_subscription_that_is_gone_removes_itself(context: Flask, push_service: PushService) -> None:
    user = make_user("Staff")
    subscribe(user, push_service)
    push_service.status = 410
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert device_count(user) == 0
    assert ("notice", "browser", "failed", "address_gone") in news.outcomes(user)


def test_a_service_that_asks_for_patience_gets_it(context: Flask, push_service: PushService) -> None:
    user = make_user("Staff")
    subscribe(user, push_service)
    push_service.status, push_service.headers = 429, {"Retry-After": "77"}
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    row = db.session.execute(text("SELECT state, not_before, error FROM deliveries WHERE channel = 'browser'")).one()
    assert row.state == "pending"
    assert 70 < (row.not_before - clock.now()).total_seconds() < 80
    assert "429" in row.error


@pytest.mark.parametrize(
    ("status", "state", "devices_left"),
    [(500, "pending", 1), (503, "pending", 1), (404, "failed", 0), (403, "failed", 1), (413, "failed", 1)],
)
def test_what_a_push_service_refuses_is_tried_again_where_that_helps(
    context: Flask, push_service: PushService, status: int, state: str, devices_left: int
) -> None:
    user = make_user("Staff")
    subscribe(user, push_service)
    push_service.status = status
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert [outcome[2] for outcome in news.outcomes(user) if outcome[1] == "browser"] == [state]
    assert device_count(user) == devices_left


def test_a_redirect_is_not_followed(context: Flask, push_service: PushService) -> None:
    user = make_user("Staff")
    subscribe(user, push_service)
    push_service.status, push_service.headers = 307, {"Location": "http://127.0.0.1:1/inside"}
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert ("notice", "browser", "failed", None) in news.outcomes(user)


def test_one_failing_device_does_not_stop_the_others_and_only_theirs_is_a_use(
    context: Flask, push_service: PushService, at: Callable[[Any], None]
) -> None:
    began = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    at(began)
    user = make_user("Staff")
    other = PushService()
    subscribe(user, other, "dead")
    other.stop()
    subscribe(user, push_service)
    at(began + dt.timedelta(hours=3))
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert [push.browser for push in push_service.taken] == ["one"]
    assert [device["last_used_at"][11:16] for device in devices.of_user(user.id)] == ["12:00", "09:00"]


def test_while_active_in_a_browser_the_phone_waits_a_minute_and_reading_cancels_it(
    context: Flask, push_service: PushService, at: Callable[[Any], None]
) -> None:
    now = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)
    at(now)
    user, boss = make_user("Staff"), make_user("Manager")
    subscribe(user, push_service, "phone", PHONE)
    activity.seen_now(user.id)
    news.assign(user, boss, "Read at the desk")
    news.deliver_due()
    assert push_service.taken == []
    with transaction():
        reading.mark_all_read(user.id)
    activity.seen_now(user.id)
    news.assign(user, boss, "Not read")
    at(now + dt.timedelta(seconds=61))
    news.deliver_due()
    assert [push.payload["title"] for push in push_service.taken] == ["New task: Not read"]


def test_a_popup_that_was_seen_needs_no_push_to_the_browser(
    context: Flask, push_service: PushService, at: Callable[[Any], None]
) -> None:
    now = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)
    at(now)
    user = make_user("Staff")
    subscribe(user, push_service)
    activity.seen_now(user.id)
    news.assign(user, make_user("Manager"))
    item = db.session.query(FeedItem).filter_by(user_id=user.id).one()
    with transaction():
        assert shown.seen_live(make_user("Staff").id, [item.id]) == 0, "somebody else's item"
        assert shown.seen_live(user.id, [item.id]) == 1
    at(now + dt.timedelta(seconds=10))
    news.deliver_due()
    assert push_service.taken == []
    db.session.refresh(item)
    assert item.unread, "shown is not read"


def test_what_was_read_elsewhere_is_closed_on_the_devices_that_were_told_once(
    context: Flask, push_service: PushService, at: Callable[[Any], None]
) -> None:
    user, boss = make_user("Staff"), make_user("Manager")
    subscribe(user, push_service, "desk")
    subscribe(user, push_service, "phone", PHONE)
    news.assign(user, boss, "Ring the supplier")
    news.assign(user, boss, "Order chains")
    news.deliver_due()
    told = [push.payload for push in push_service.taken]
    assert len(told) == 4
    push_service.taken.clear()
    item = next(push["item"] for push in told if "supplier" in push["title"])
    for _ in range(2):
        with transaction():
            reading.mark_read(user.id, [int(item.removeprefix("n:"))])
            reading.mark_unread(user.id, [int(item.removeprefix("n:"))])
        news.deliver_due()
    closing = [push.payload for push in push_service.taken]
    assert sorted(push.browser for push in push_service.taken) == ["desk", "phone"], "once, however often it is read"
    assert all(push["type"] == "read" and push["items"] == [item] and "title" not in push for push in closing)
    assert all(push["at"] >= shown["at"] for push in closing for shown in told), "what comes later stays"
    push_service.taken.clear()
    news.assign(user, boss, "A day ago")
    news.deliver_due()
    push_service.taken.clear()
    at(clock.now() + dt.timedelta(hours=25))
    with transaction():
        reading.mark_all_read(user.id)
    news.deliver_due()
    assert push_service.taken == [], "nobody's list of notifications goes back that far"


def test_addresses_of_mail_do_no_harm_however_the_database_joins(context: Flask, push_service: PushService) -> None:
    user, boss = make_user("Staff"), make_user("Manager")
    subscribe(user, push_service)
    for number in range(5):
        news.assign(user, boss, f"Ring supplier {number}")
    news.deliver_due()
    shown = [int(push.payload["item"].removeprefix("n:")) for push in push_service.taken]
    # By size and statistics PostgreSQL joins deliveries and devices first, or last.
    for step, item_id in zip((1, 10, 30, 300, 1000), shown, strict=True):
        with transaction():
            db.session.execute(
                text(
                    "INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, state, not_before,"
                    " created_at) SELECT gen_random_uuid(), 'test', 'email', n || '@example.org', :id, 'sent', now(),"
                    " now() FROM generate_series(1, :n) n"
                ),
                {"id": user.id, "n": step},
            )
            db.session.execute(text("ANALYZE deliveries, devices, notifications"))
        with transaction():
            reading.mark_read(user.id, [item_id])
    news.deliver_due()
    assert {push.payload["type"] for push in push_service.taken[5:]} == {"read"}


def test_a_chat_that_was_read_elsewhere_is_closed_too(context: Flask, push_service: PushService) -> None:
    user, other = make_user("Staff"), make_user("Staff")
    subscribe(user, push_service)
    chat_id = chatting.direct(other, user)
    sent = chatting.say(other, chat_id, "Coffee?")
    chatting.decide(chat_id)
    news.deliver_due()
    assert [push.payload["item"] for push in push_service.taken] == [f"c:{chat_id}"]
    push_service.taken.clear()
    for _ in range(2):
        chatting.read(user, chat_id, sent["seq"])
        news.deliver_due()
    assert [push.payload["items"] for push in push_service.taken] == [[f"c:{chat_id}"]]


def test_reading_a_group_closes_nothing_on_the_devices_of_the_others(context: Flask, push_service: PushService) -> None:
    author, reader, other = (make_user("Staff") for _ in range(3))
    for name, user in (("reader", reader), ("other", other)):
        subscribe(user, push_service, name)
    chat_id = chatting.group(author, [reader, other])
    sent = chatting.say(author, chat_id, "Coffee?")
    chatting.decide(chat_id)
    news.deliver_due()
    assert {push.browser for push in push_service.taken} == {"other", "reader"}
    push_service.taken.clear()
    chatting.read(reader, chat_id, sent["seq"])
    news.deliver_due()
    assert {push.browser for push in push_service.taken} == {"reader"}


def test_apples_service_gets_no_push_that_shows_nothing(context: Flask, push_service: PushService) -> None:
    user = make_user("Staff")
    subscribe(user, push_service)
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    with transaction():
        db.session.execute(text("UPDATE devices SET endpoint = 'https://web.push.apple.com/QK1'"))
        reading.mark_all_read(user.id)
    assert [purpose for purpose, *_ in news.outcomes(user)] == ["notice", "notice"]


def test_texts_can_be_hidden(context: Flask, push_service: PushService) -> None:
    from app.services.account import account

    with transaction():
        account.set_setting("message_texts", "hidden")
    user = make_user("Staff")
    subscribe(user, push_service)
    news.assign(user, make_user("Manager"), "A secret task")
    news.deliver_due()
    (push,) = push_service.taken
    (mail,) = news.kept_mails(user.email)
    assert "secret" not in str(push.payload)
    assert "secret" not in mail.subject + mail.text + mail.html
    assert "assigned a new task" in push.payload["title"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "nonsense-but-long"}, "endpoint"),
        ({"endpoint": None}, "endpoint"),
        ({"endpoint": "http://192.168.0.1/push/1"}, "endpoint"),
        ({"endpoint": "https://10.0.0.8/push/1"}, "endpoint"),
        ({"endpoint": "https://169.254.169.254/latest/meta-data"}, "endpoint"),
        ({"endpoint": "https://[::ffff:10.0.0.1]/push"}, "endpoint"),
        ({"endpoint": "file:///etc/passwd/aaaaaaaaaa"}, "endpoint"),
        ({"endpoint": "https://user:pw@8.8.8.8/push/1"}, "endpoint"),
        ({"endpoint": "https://8.8.8.8:22/push/1"}, "endpoint"),
        ({"keys": None}, "keys"),
        ({"keys": {"p256dh": "AAAA", "auth": "AAAAAAAAAAAAAAAAAAAAAA"}}, "keys.p256dh"),
        ({"keys": {"p256dh": "%%%", "auth": "x"}}, "keys.auth"),
    ],
)
def test_a_malformed_subscription_names_the_field_and_changes_nothing(
    client: FlaskClient, app: Flask, push_service: PushService, change: dict[str, Any], field: str
) -> None:
    with app.app_context():
        username = make_user("Staff").username
    login(client, username)
    answer = client.post("/api/v1/me/devices", json=push_service.subscribe().subscription | change)
    assert answer.status_code == 422, answer.json
    assert answer.json["error"]["field"] == field
    assert client.get("/api/v1/me/devices").json["result"] == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "100.64.0.1", "169.254.1.1", "192.168.1.1", "224.0.0.1", "0.0.0.0", "::1",
        "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "nonsense",
    ],
)  # fmt: skip
def test_private_addresses_are_not_public(address: str) -> None:
    assert not public_only.is_public(address)
    assert public_only.is_public("8.8.8.8")
    assert public_only.is_public("2606:4700:4700::1111")


def test_outside_test_mode_this_machine_is_no_push_service() -> None:
    for url in ("http://127.0.0.1:8080/x", "https://127.0.0.1/x", "https://localhost/x"):
        with pytest.raises(public_only.NotPublic):
            public_only.check_endpoint(url)


def test_a_host_that_moved_inside_after_it_was_checked_is_not_talked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside, public_only.session() as http:
        here = f"127.0.0.1:{inside.getsockname()[1]}"
        monkeypatch.setenv("https_proxy", f"http://{here}")  # a proxy would be a way around it
        with pytest.raises(requests.exceptions.InvalidSchema):
            http.post(f"http://{here}/push", data=b"secret", timeout=2)
        with pytest.raises(public_only.NotPublic):
            http.post(f"https://{here}/push", data=b"secret", timeout=2)
        connection, _ = inside.accept()
        with connection:
            connection.settimeout(2)
            assert connection.recv(100) == b"", "not even a greeting"


def test_devices_are_listed_named_and_removed_by_their_owner_only(
    client: FlaskClient, app: Flask, push_service: PushService
) -> None:
    with app.app_context():
        user, other = make_user("Staff").username, make_user("Staff").username
    login(client, user)
    phone = {"User-Agent": PHONE}
    added = client.post("/api/v1/me/devices", json=push_service.subscribe().subscription, headers=phone)
    assert added.status_code == 201
    assert (added.json["result"]["kind"], added.json["result"]["name"]) == ("mobile", "Chrome on Android")
    again = client.post("/api/v1/me/devices", json=push_service.subscribe().subscription)
    assert again.json["id"] == added.json["id"], "one push per device"
    stranger = login(app.test_client(), other)
    assert stranger.delete(f"/api/v1/me/devices/{added.json['id']}").status_code == 404
    assert client.delete(f"/api/v1/me/devices/{added.json['id']}").status_code == 200
    assert client.get("/api/v1/me/devices").json["result"] == []


def test_a_renewed_subscription_is_the_same_device(client: FlaskClient, app: Flask, push_service: PushService) -> None:
    with app.app_context():
        user = make_user("Staff")
        subscribe(user, push_service)
        old, fresh = push_service.subscribe().subscription, push_service.subscribe("renewed").subscription
        renewed = client.post("/push/renew", json={"old_endpoint": old["endpoint"], "subscription": fresh})
        assert renewed.status_code == 204
        unknown = client.post("/push/renew", json={"old_endpoint": "https://x.test/1", "subscription": fresh})
        assert unknown.status_code == 404
        odd = client.post("/push/renew", json={"old_endpoint": "https://x.test/\0", "subscription": fresh})
        assert odd.status_code == 404
        news.assign(user, make_user("Manager"))
        news.deliver_due()
        assert [push.browser for push in push_service.taken] == ["renewed"]
        # An open page was faster: the new one is there already, and the old one goes.
        newest = push_service.subscribe("newest").subscription
        with transaction():
            devices.subscribe(user, newest, user_agent="Firefox", installed=False)
        late = client.post("/push/renew", json={"old_endpoint": fresh["endpoint"], "subscription": newest})
        assert late.status_code == 204
        assert len(devices.of_user(user.id)) == 1


def test_what_browsers_need_is_served(client: FlaskClient) -> None:
    worker, manifest = client.get("/push-worker.js"), client.get("/manifest.webmanifest")
    assert worker.headers["Service-Worker-Allowed"] == "/"
    assert manifest.json["display"] == "standalone"
    for icon in manifest.json["icons"]:
        assert client.get(icon["src"]).mimetype == "image/png"
    assert client.get("/offline").status_code == 200


def test_who_has_as_many_devices_as_are_allowed_can_still_renew_one(context: Flask, push_service: PushService) -> None:
    user = make_user("Staff")
    first = subscribe(user, push_service, "0")
    for number in range(1, devices.MAX_DEVICES):
        subscribe(user, push_service, str(number))
    assert subscribe(user, push_service, "0") == first
    with pytest.raises(UserError, match="enough"):
        subscribe(user, push_service, "one more")
