"""What programs rely on, event by event, with both official clients: names, fields, acks and refusals."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.houses import House
from tests.socket_programs import JavaScriptProgram, Program, PythonProgram, Refused

MESSAGE = {
    "id": int,
    "chat_id": int,
    "seq": int,
    "author": dict,
    "body": str,
    "client_id": str,
    "created_at": str,
    "reactions": list,
    "files": list,
}
Connect = Callable[..., Program]


@pytest.fixture(params=[PythonProgram, JavaScriptProgram], ids=["python", "javascript"])
def connect(request: pytest.FixtureRequest, house: House) -> Iterator[Connect]:
    """``connect("staff")`` opens a connection of that person, ``connect(auth=…)`` one with other words."""
    opened: list[Program] = []

    def open_one(username: str = "", namespace: str = "/center", auth: Any = None) -> Program:
        program: Program = request.param()
        opened.append(program)
        program.open(house.url, namespace, auth if auth is not None else {"token": house.token(username)})
        return program

    yield open_one
    for program in opened:
        program.close()


def group(house: House) -> int:
    answer = house.call("manager", "POST", "/chats/", kind="group", name="Rides", member_ids=[house.id_of("staff")])
    return int(answer.json()["id"])


def in_chat(chat_id: int) -> Callable[[Any], bool]:
    return lambda data: data["chat_id"] == chat_id


def has_shape(message: dict[str, Any], **values: Any) -> None:
    for name, kind in MESSAGE.items():
        assert isinstance(message[name], kind), (name, message)
    assert {"kind", "id", "name"} <= message["author"].keys()
    assert {name: message[name] for name in values} == values


def test_messages_are_sent_repeated_changed_and_read(connect: Connect, house: House) -> None:
    chat_id = group(house)
    one, other = connect("manager"), connect("staff")
    sent = {"chat_id": chat_id, "client_id": uuid.uuid4().hex, "body": "Is the 56 free?"}
    message = one.ask("message.send", sent)["message"]
    has_shape(message, **sent)
    heard = other.wait_for("message", in_chat(chat_id))
    assert heard == message
    assert one.ask("message.send", sent)["message"]["id"] == message["id"]
    answer = {"chat_id": chat_id, "client_id": uuid.uuid4().hex, "body": "Yes", "reply_to": message["id"]}
    reply = other.ask("message.send", answer)["message"]
    has_shape(reply, body="Yes", seq=message["seq"] + 1)

    edited = one.ask("message.edit", {"id": message["id"], "body": "Is the 58 free?"})["message"]
    has_shape(edited, body="Is the 58 free?")
    assert edited["edited_at"]
    changed = other.wait_for("message.changed", lambda data: data["id"] == message["id"] and data.get("edited_at"))
    has_shape(changed, body="Is the 58 free?")
    reacted = other.ask("message.react", {"id": message["id"], "emoji": "👍", "on": True})["message"]
    assert [one_["emoji"] for one_ in reacted["reactions"]] == ["👍"]
    assert other.ask("message.react", {"id": message["id"], "emoji": "👍", "on": False})["message"]["reactions"] == []
    deleted = one.ask("message.delete", {"id": message["id"]})["message"]
    assert (deleted["deleted"], deleted["body"]) == (True, "")
    other.wait_for("message.changed", lambda data: data["id"] == message["id"] and data.get("deleted"))

    assert "error" not in one.ask("chat.read", {"chat_id": chat_id, "seq": reply["seq"]})
    read = other.wait_for("chat.read", lambda data: data["user_id"] == house.id_of("manager"))
    assert {"chat_id", "user_id", "seq"} <= read.keys()
    assert read["seq"] == reply["seq"]
    assert "error" not in other.ask("chat.typing", {"chat_id": chat_id})
    assert one.wait_for("chat.typing", in_chat(chat_id))["user_id"] == house.id_of("staff")
    for focus in ({"chat_id": chat_id, "visible": True}, {"chat_id": None, "visible": False}):
        assert "error" not in one.ask("chat.focus", focus)
    assert "error" not in one.ask("presence.active", {})


def test_what_a_chat_becomes_and_what_is_new_in_the_feed_is_pushed(connect: Connect, house: House) -> None:
    chat_id = group(house)
    staff = connect("staff")
    message = {"client_id": uuid.uuid4().hex, "body": "New here"}
    assert house.call("manager", "POST", f"/chats/{chat_id}/messages", **message).status_code == 201
    item = staff.wait_for("notification", lambda data: data["id"] == f"c:{chat_id}")
    assert {"id", "event", "title", "body", "url", "unread", "count", "at"} <= item.keys()
    counters = staff.wait_for("counters")
    assert {"total", "waiting"} <= counters.keys()
    more = {"client_id": uuid.uuid4().hex, "body": "Still here"}
    house.call("manager", "POST", f"/chats/{chat_id}/messages", **more)
    moved = staff.wait_for("notification.changed", lambda data: data["id"] == item["id"] and "Still" in data["body"])
    assert moved["unread"]
    assert moved["at"] > item["at"]
    house.call("staff", "POST", "/center/read", items=[f"c:{chat_id}"])
    staff.wait_for("notification.changed", lambda data: data["id"] == item["id"] and not data["unread"])
    house.call("manager", "PUT", f"/chats/{chat_id}", name="Rides of Saturday")
    staff.wait_for("chat.changed", lambda data: data["id"] == chat_id and data.get("name") == "Rides of Saturday")


def test_presence_names_states(connect: Connect, house: House) -> None:
    house.call("staff", "POST", "/chats/", kind="direct", member_ids=[house.id_of("manager")])
    manager, staff = connect("manager"), connect("staff")
    somebody = str(house.id_of("staff"))
    staff.ask("presence.active", {})
    manager.wait_for("presence", lambda data: data["states"].get(somebody) == "active")


def test_sync_gives_what_came_meanwhile_and_starts_anew_where_that_is_cheaper(connect: Connect, house: House) -> None:
    chat_id = group(house)
    program = connect("staff")
    start = program.ask("sync", {"cursor": None})
    assert start == {"events": [], "cursor": start["cursor"]}
    sent = {"client_id": uuid.uuid4().hex, "body": "meanwhile"}
    message = house.call("manager", "POST", f"/chats/{chat_id}/messages", **sent).json()["message"]
    answer = program.ask("sync", {"cursor": start["cursor"]})
    assert message["id"] in [one["data"]["id"] for one in answer["events"] if one["event"] == "message"]
    assert answer["cursor"] > start["cursor"]
    never = ("2020-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00", "2026-01-01T00:00:00", "yesterday", "", 0)
    for useless in never:
        anew = program.ask("sync", {"cursor": useless})
        assert anew == {"reset": True, "cursor": anew["cursor"]}, useless
        assert program.ask("sync", {"cursor": anew["cursor"]})["events"]


@pytest.mark.parametrize(
    ("event", "payload", "code", "field"),
    [
        ("message.send", {"chat_id": 999_999, "client_id": "a", "body": "x"}, "not_found", None),
        ("message.send", {"chat_id": 1, "client_id": "a", "body": ""}, "required", "body"),
        ("message.send", {"chat_id": 1, "client_id": "a", "body": "x" * 10_001}, "too_long", "body"),
        ("message.edit", {"id": 10**9, "body": "x"}, "not_found", None),
        ("chat.read", {"chat_id": 999_999, "seq": 1}, "not_found", None),
        ("sync", {"cursor": []}, "invalid", "cursor"),
        ("no.such.event", {}, "unknown_event", None),
    ],
)
def test_what_is_refused_says_why(
    connect: Connect, event: str, payload: dict[str, Any], code: str, field: str | None
) -> None:
    error = connect("staff").ask(event, payload)["error"]
    assert (error["code"], error.get("field")) == (code, field)
    assert error["message"]


@pytest.mark.parametrize("namespace", ["/center", "/visitor"])
def test_nobody_gets_in_without_the_right_words(connect: Connect, namespace: str) -> None:
    with pytest.raises(Refused) as refused:
        connect(namespace=namespace, auth={"token": "nonsense", "widget": "nonsense"})
    assert {"code", "message"} <= refused.value.reason.keys()


def test_a_client_of_the_website_writes_is_answered_and_rates(connect: Connect, house: House) -> None:
    key = house.sql("SELECT key FROM widgets ORDER BY id LIMIT 1")[0][0]
    client, staff = connect(namespace="/visitor", auth={"widget": key}), connect("staff")
    hello = client.ask("visitor.hello", {})
    assert {"visitor", "chat", "messages", "talk"} <= hello.keys()
    sent = {"client_id": uuid.uuid4().hex, "body": "Do you repair tandems?"}
    answer = client.ask("message.send", sent)
    assert client.ask("message.send", sent)["message"]["id"] == answer["message"]["id"]
    number = house.sql("SELECT max(number) FROM talks")[0][0]
    chat_id = house.sql("SELECT chat_id FROM talks WHERE number = %s", number)[0][0]
    assert house.call("staff", "POST", f"/talks/{number}/take").status_code == 200
    taken = staff.wait_for("talk.changed", lambda data: data["number"] == number and data["responsible_id"])
    assert {"number", "chat_id", "state", "responsible_id"} <= taken.keys()
    said = {"chat_id": chat_id, "client_id": uuid.uuid4().hex, "body": "We do.", "public": True}
    assert "error" not in staff.ask("message.send", said)
    assert client.wait_for("message", lambda data: data["body"] == "We do.")["body"] == "We do."
    assert house.call("staff", "POST", f"/talks/{number}/close").status_code == 202
    survey = client.wait_for("survey")
    assert survey["number"] == number
    assert survey["text"]
    assert "error" not in client.ask("survey.answer", {"number": number, "score": 9})
    staff.wait_for("talk.changed", lambda data: data["number"] == number and data.get("score") == 9)
    back = connect(namespace="/visitor", auth={"widget": key, "visitor": _token(answer, hello)})
    assert any(message["body"] == "We do." for message in back.ask("visitor.hello", {})["messages"])


def _token(*answers: dict[str, Any]) -> str:
    """The signed token by which a visitor keeps the history."""
    for answer in answers:
        visitor = answer.get("visitor") or {}
        if isinstance(visitor, dict) and visitor.get("token"):
            return str(visitor["token"])
    raise AssertionError(answers)
