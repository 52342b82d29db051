"""Chats over REST: opened, written in, searched, files; and what the center makes of them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from app.extensions import db
from app.models.people import User
from app.services.account import account
from app.services.chats import chat_files, chat_pictures
from app.transaction import transaction
from tests import builders, chatting


@pytest.fixture
def people(app: Flask) -> dict[str, int]:
    with app.app_context():
        made = {
            "ann": builders.make_user(username="ann", first_name="Ann", last_name="Ash"),
            "ben": builders.make_user(username="ben", first_name="Ben", last_name="Birch"),
            "cho": builders.make_user(username="cho", first_name="Cho", last_name="Cedar"),
            "free": builders.make_user("Free", username="free", first_name="Flo", last_name="Fir"),
        }
        return {name: user.id for name, user in made.items()}


@pytest.fixture
def ann(app: Flask, people: dict[str, int]) -> FlaskClient:
    return builders.login(app.test_client(), "ann")


@pytest.fixture
def ben(app: Flask, people: dict[str, int]) -> FlaskClient:
    return builders.login(app.test_client(), "ben")


def opened(client: FlaskClient, *member_ids: int, **values: Any) -> int:
    asked = {"kind": "direct" if len(member_ids) == 1 else "group", "member_ids": list(member_ids), "name": "Workshop"}
    if asked["kind"] == "direct":
        del asked["name"]
    answer = client.post("/api/v1/chats/", json=asked | values)
    assert answer.status_code in (200, 201), answer.json
    return int(answer.json["id"])


def said(client: FlaskClient, chat_id: int, body: str, client_id: str = "", **values: Any) -> TestResponse:
    payload = {"client_id": client_id or f"c-{body}"[:64].replace(" ", "_"), "body": body} | values
    return client.post(f"/api/v1/chats/{chat_id}/messages", json=payload)


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def test_a_second_direct_chat_with_the_same_person_answers_the_first(ann, ben, people) -> None:
    first = ann.post("/api/v1/chats/", json={"kind": "direct", "member_ids": [people["ben"]]})
    second = ben.post("/api/v1/chats/", json={"kind": "direct", "member_ids": [people["ann"]]})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert first.json["result"]["title"] == "Ben Birch"
    assert second.json["result"]["person"]["username"] == "ann"


def test_the_chat_says_that_whoever_was_added_is_a_free_user(ann, people) -> None:
    chat_id = opened(ann, people["ben"], people["cho"])
    assert ann.post(f"/api/v1/chats/{chat_id}/members", json={"user_ids": [people["free"]]}).status_code == 200
    last = ann.get(f"/api/v1/chats/{chat_id}/messages").json["messages"][-1]
    assert last["body"] == "Ann Ash added Flo Fir (free user)"


def test_the_row_of_a_chat_names_whom_its_last_message_mentions(ann, people) -> None:
    chat_id = opened(ann, people["ben"], people["cho"])
    said(ann, chat_id, "\U0001f6b2 for @cho, or @nobody", "x")
    row = next(item for item in ann.get("/api/v1/center/feed").json["items"] if item["id"] == f"c:{chat_id}")
    assert row["body"] == "You: \U0001f6b2 for @Cho Cedar, or @nobody"


def test_a_repeated_message_answers_the_first(ann, people) -> None:
    chat_id = opened(ann, people["ben"])
    first, again = said(ann, chat_id, "Hello", "x"), said(ann, chat_id, "Other", "x")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    page = ann.get(f"/api/v1/chats/{chat_id}/messages").json
    assert [message["body"] for message in page["messages"]] == ["Hello"]


def test_the_feed_shows_chats_and_notices_in_one_list(ann, ben, people) -> None:
    chat_id = opened(ann, people["ben"], people["cho"])
    said(ann, chat_id, "Look, @ben")
    feed = ben.get("/api/v1/center/feed").json
    assert {item["id"][0] for item in feed["items"]} == {"n", "c"}
    item = next(item for item in feed["items"] if item["id"] == f"c:{chat_id}")
    assert (item["title"], item["body"], item["count"], item["event"]) == (
        "Workshop",
        "Ann: Look, @Ben Birch",
        1,
        "chat:mention",
    )
    assert item["chat"]["mention"]
    assert (feed["counters"]["total"], feed["counters"]["tabs"]["chats"]) == (2, 2)
    assert ben.get("/api/v1/center/feed?filter=chats").json["items"] == feed["items"]
    read = ben.post("/api/v1/center/read", json={"items": [item["id"]]}).json
    assert read["items"] == [f"c:{chat_id}"]
    assert read["counters"]["total"] == 0
    unread = ben.post("/api/v1/center/unread", json={"items": [item["id"]]}).json
    assert unread["counters"]["total"] == 1
    assert ben.post("/api/v1/center/read", json={"all": True}).json["counters"]["total"] == 0
    for nonsense in ("0", "101", "x", "²"):
        assert ben.get(f"/api/v1/center/feed?limit={nonsense}").status_code == 400


def test_the_feed_pages_through_chats_and_notices_without_gap_or_double(app, ann, ben, people) -> None:
    with app.app_context():
        user = db.session.get_one(User, people["ann"])
        colleagues = [db.session.get_one(User, people[name]) for name in ("ben", "cho")]
        for number in range(12):
            chat_id = chatting.group(user, colleagues, name=f"Chat {number}")
            if number % 3:
                chatting.say(user, chat_id)
    for order in ("true", "false"):
        whole = [item["id"] for item in ben.get(f"/api/v1/center/feed?unread_first={order}&limit=100").json["items"]]
        paged, cursor = [], ""
        while cursor is not None:
            page = ben.get(f"/api/v1/center/feed?unread_first={order}&limit=5&cursor={cursor}").json
            paged += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert len(whole) == 24
        assert paged == whole


def test_why_a_chat_is_there_can_be_asked(ann, ben, people) -> None:
    chat_id = opened(ann, people["ben"])
    said(ann, chat_id, "Hello")
    why = ben.get(f"/api/v1/center/items/c:{chat_id}/trace").json
    assert why["rule"] == "This chat is between you and Ann Ash"
    assert [one["channel"] for one in why["channels"]] == ["center", "browser", "mobile", "telegram", "email"]
    assert code(ben.get("/api/v1/center/items/c:999/trace")) == (404, "not_found")


def test_sync_tells_what_was_missed_and_nothing_of_other_chats(ann, ben, people) -> None:
    chat_id = opened(ann, people["ben"])
    cursor = ben.get("/api/v1/center/sync").json["cursor"]
    message = said(ann, chat_id, "Hello").json["message"]
    ann.put(f"/api/v1/chats/messages/{message['id']}", json={"body": "Hello!"})
    said(ann, opened(ann, people["cho"]), "Not for Ben")
    missed = ben.get("/api/v1/center/sync", query_string={"cursor": cursor}).json["events"]
    told = [(one["event"], one["data"]["body"]) for one in missed if one["event"].startswith("message")]
    assert told == [("message", "Hello!"), ("message.changed", "Hello!")]
    assert [one["data"]["id"] for one in missed if one["event"] == "notification.changed"] == [f"c:{chat_id}"]


def test_what_is_not_allowed_is_named_and_changes_nothing(ann, ben, people) -> None:
    chat_id = opened(ann, people["cho"])
    assert code(said(ben, chat_id, "Hello")) == (404, "not_found")
    assert code(ben.get(f"/api/v1/chats/{chat_id}")) == (404, "not_found")
    assert code(ann.put(f"/api/v1/chats/{chat_id}", json={"name": "x"})) == (409, "direct_chat")
    assert code(ann.post("/api/v1/chats/", json={"kind": "group", "member_ids": []})) == (422, "required")
    assert code(said(ann, chat_id, "x" * 10_001, "long")) == (422, "too_long")
    assert code(ann.get(f"/api/v1/chats/{chat_id}/messages?before_seq=x")) == (400, "invalid")
    assert ann.get(f"/api/v1/chats/{chat_id}/messages").json["messages"] == []


def test_search_finds_only_what_one_may_read(app, ann, ben, people) -> None:
    said(ann, opened(ann, people["cho"]), "The secret saddle")
    said(ann, opened(ann, people["ben"]), "A leather saddle & more <b>saddles</b>")
    found = ben.get("/api/v1/search?q=sadd").json
    (hit,) = found["messages"]
    assert hit["chat_title"] == "Ann Ash"
    marked = [hit["snippet"][start:end] for start, end in hit["highlights"]]
    assert marked == ["saddle", "saddles"]
    assert [person["username"] for person in ben.get("/api/v1/search?q=ce").json["people"]] == ["cho"]
    assert ben.get("/api/v1/search?q='%26|!:*").json["messages"] == []


def test_search_follows_the_setting_about_records(app, ann, people) -> None:
    with app.app_context():
        builders.make_contact(name="Zora Quill", responsible=db.session.get_one(User, people["ben"]))
    assert [client["name"] for client in ann.get("/api/v1/search?q=quill").json["clients"]] == ["Zora Quill"]
    with app.app_context(), transaction():
        account.set_setting("record_visibility", "own")
    assert ann.get("/api/v1/search?q=quill").json["clients"] == []


def test_a_free_user_finds_colleagues_but_no_groups_and_clients(app, people) -> None:
    with app.app_context():
        builders.make_group("Sales Office")
        builders.make_contact(name="Sales Client")
    free = builders.login(app.test_client(), "free")
    found = free.get("/api/v1/search?q=sales").json
    assert (found["groups"], found["clients"]) == ([], [])
    assert [person["username"] for person in free.get("/api/v1/search?q=ann").json["people"]] == ["ann"]


def picture(kind: str = "PNG") -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", (1200, 900), "red").save(stream, kind)
    stream.seek(0)
    return stream


def upload(client: FlaskClient, chat_id: int, content: bytes | io.BytesIO, name: str) -> TestResponse:
    stream = content if isinstance(content, io.BytesIO) else io.BytesIO(content)
    return client.post(f"/api/v1/chats/{chat_id}/files", data={"file": (stream, name)})


def test_a_picture_is_sent_previewed_and_given_to_members_only(app, ann, ben, people) -> None:
    chat_id = opened(ann, people["ben"])
    file_id = upload(ann, chat_id, picture(), "photo.html").json["id"]
    assert ben.get(f"/api/v1/files/{file_id}").status_code == 404
    message = said(ann, chat_id, "", "with-file", file_ids=[file_id]).json["message"]
    assert (message["files"][0]["kind"], message["files"][0]["type"]) == ("image", "image/png")
    assert ben.get(f"/api/v1/files/{file_id}/thumbnail").status_code == 404
    with app.app_context(), transaction():
        chat_files.make_thumbnail(file_id)
        chat_pictures.show_preview(message["id"])
    (shown,) = ben.get(f"/api/v1/chats/{chat_id}/messages").json["messages"][0]["files"]
    assert (shown["width"], shown["height"], shown["thumbnail"]) == (1200, 900, "done")
    preview = ben.get(shown["thumbnail_url"])
    assert preview.mimetype == "image/webp"
    assert Image.open(io.BytesIO(preview.data)).size == (640, 480)
    whole = ben.get(shown["url"])
    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert builders.login(app.test_client(), "cho").get(shown["url"]).status_code == 404
    ann.delete(f"/api/v1/chats/messages/{message['id']}")
    assert ben.get(shown["url"]).status_code == 404


def test_who_was_removed_opens_no_file_and_touches_no_message_any_more(ann, ben, people) -> None:
    chat_id = opened(ann, people["ben"], people["cho"])
    file_id = upload(ann, chat_id, b"Prices of 2026", "prices.txt").json["id"]
    message_id = said(ann, chat_id, "The prices", file_ids=[file_id]).json["message"]["id"]

    def statuses() -> list[int]:
        reacted = ben.post(f"/api/v1/chats/messages/{message_id}/reactions", json={"emoji": "👍", "on": True})
        return [ben.get(f"/api/v1/files/{file_id}").status_code, reacted.status_code]

    assert statuses() == [200, 200]
    assert ann.delete(f"/api/v1/chats/{chat_id}/members/{people['ben']}").status_code == 200
    assert statuses() == [404, 404]


@pytest.mark.parametrize("content", [b"<html><script>alert(1)</script></html>", b"<svg xmlns='x' onload='alert(1)'/>"])
def test_markup_is_never_shown_in_the_page(app, ann, people, content: bytes) -> None:
    chat_id = opened(ann, people["ben"])
    file = upload(ann, chat_id, content, "picture.svg").json["result"]
    assert (file["type"], file["kind"]) == ("text/plain", "file")
    answer = ann.get(file["url"])
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"MZ\x90\x00" + b"\x00" * 100, "invoice.pdf", (422, "file_type")),
        (b"\x7fELF" + b"\x00" * 100, "photo.png", (422, "file_type")),
        (b"#!/bin/sh\nrm -rf /", "notes.txt", (422, "file_type")),
        (b"", "empty.txt", (422, "required")),
    ],
)
def test_content_decides_what_may_be_sent(ann, people, content: bytes, name: str, expected) -> None:
    assert code(upload(ann, opened(ann, people["ben"]), content, name)) == expected


def test_a_file_that_is_too_big_is_refused(app, ann, people, monkeypatch) -> None:
    monkeypatch.setattr(chat_files, "max_bytes", lambda: 1000)
    assert code(upload(ann, opened(ann, people["ben"]), b"x" * 1001, "big.txt")) == (413, "file_too_big")


def test_a_file_of_another_chat_or_person_cannot_be_sent(ann, ben, people) -> None:
    here, there = opened(ann, people["ben"]), opened(ann, people["cho"])
    file_id = upload(ann, there, b"text", "a.txt").json["id"]
    assert code(said(ann, here, "x", file_ids=[file_id])) == (422, "invalid")
    mine = upload(ben, here, b"text", "a.txt").json["id"]
    assert code(said(ann, here, "x", file_ids=[mine])) == (422, "invalid")
    assert ann.get(f"/api/v1/chats/{here}/messages").json["messages"] == []


def test_a_broken_picture_is_sent_without_a_preview(app, ann, people) -> None:
    chat_id = opened(ann, people["ben"])
    file_id = upload(ann, chat_id, b"\x89PNG\r\n\x1a\n" + b"broken", "x.png").json["id"]
    with app.app_context(), transaction():
        assert chat_files.make_thumbnail(file_id).thumbnail == "none"


def test_read_receipts_say_who(ann, ben, people) -> None:
    chat_id = opened(ann, people["ben"])
    said(ann, chat_id, "Hello")
    assert ben.post(f"/api/v1/chats/{chat_id}/read", json={"seq": 1}).json == {"last_read_seq": 1}
    assert ann.get(f"/api/v1/chats/{chat_id}/reads?seq=1").json["readers"] == [
        {"id": people["ben"], "name": "Ben Birch", "free": False, "at_seq": 1}
    ]


def test_team_shows_what_colleagues_completed_and_is_never_unread(app, ann, ben, people) -> None:
    with app.app_context():
        task = builders.make_task(text="Call Nora", responsible=db.session.get_one(User, people["ben"]))
        task_id = task.id
    ben.post(f"/api/v1/tasks/{task_id}/complete", json={})
    (item,) = ann.get("/api/v1/center/feed?filter=team").json["items"]
    assert (item["title"], item["unread"]) == ("Completed: Call Nora", False)
    assert ben.get("/api/v1/center/feed?filter=team").json["items"] == []
    with app.app_context(), transaction():
        account.set_setting("record_visibility", "own")
    assert ann.get("/api/v1/center/feed?filter=team").json["items"] == []


def test_the_feed_costs_no_more_statements_with_more_chats(app, ann, ben, people, statements) -> None:
    counted = []
    for number in range(30):
        said(ann, opened(ann, people["ben"], people["cho"], name=f"C{number}"), "Hello")
        if number in (0, 29):
            with statements() as sent:
                ben.get("/api/v1/center/feed")
            counted.append(len(sent))
    assert counted[0] == counted[1]
    assert counted[0] <= 6
