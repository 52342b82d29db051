"""Chats between open tabs: heard at once by members only, never lost or doubled, whatever is killed."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from socketio.exceptions import SocketIOError

from tests.houses import House
from tests.socket_clients import Tab, tab
from tests.waiting import eventually


@pytest.fixture
def staff(house: House) -> Iterator[Tab]:
    with tab(house.url, house.token("staff")) as opened:
        yield opened


@pytest.fixture
def manager(house: House) -> Iterator[Tab]:
    with tab(house.url, house.token("manager")) as opened:
        yield opened


def direct(house: House, actor: str, other: str) -> int:
    answer = house.call(actor, "POST", "/chats/", kind="direct", member_ids=[house.id_of(other)])
    return int(answer.json()["id"])


def group(house: House, actor: str, *others: str, **values: Any) -> int:
    ids = [house.id_of(other) for other in others]
    answer = house.call(actor, "POST", "/chats/", kind="group", member_ids=ids, name="Workshop", **values)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def say(sender: Tab, chat_id: int, body: str = "Hello", **values: Any) -> dict[str, Any]:
    payload = {"chat_id": chat_id, "client_id": uuid.uuid4().hex, "body": body} | values
    return sender.ask("message.send", payload)


def in_chat(chat_id: int, **values: Any):
    return lambda data: data["chat_id"] == chat_id and all(data[name] == value for name, value in values.items())


def test_a_message_is_heard_by_the_other_and_by_the_own_other_tab(house: House, staff: Tab, manager: Tab) -> None:
    chat_id = direct(house, "staff", "manager")
    with tab(house.url, house.token("staff")) as second_tab:
        sent = say(staff, chat_id)["message"]
        for listener in (manager, second_tab):
            assert listener.wait_for("message", in_chat(chat_id, id=sent["id"])) == sent


def test_a_new_group_is_heard_at_once_and_a_removed_member_hears_nothing_more(
    house: House, staff: Tab, manager: Tab
) -> None:
    chat_id = group(house, "staff", "manager", "free")
    say(staff, chat_id, "before")
    manager.wait_for("message", in_chat(chat_id, body="before"))
    house.call("staff", "DELETE", f"/chats/{chat_id}/members/{house.id_of('manager')}")
    assert manager.wait_for("chat.changed", lambda data: data["id"] == chat_id and data.get("removed"))
    say(staff, chat_id, "after")
    staff.wait_for("message", in_chat(chat_id, body="after"))
    assert say(manager, chat_id)["error"]["code"] == "not_found"
    assert manager.ask("chat.typing", {"chat_id": chat_id})["error"]["code"] == "not_found"
    assert manager.ask("chat.read", {"chat_id": chat_id, "seq": 1})["error"]["code"] == "not_found"
    assert not [data for name, data in manager.told if name == "message" and data["body"] == "after"]
    house.call("staff", "POST", f"/chats/{chat_id}/members", user_ids=[house.id_of("manager")])
    say(staff, chat_id, "again")
    manager.wait_for("message", in_chat(chat_id, body="again"))


def test_edits_reactions_and_deletions_are_seen_live(house: House, staff: Tab, manager: Tab) -> None:
    chat_id = direct(house, "staff", "manager")
    message = say(staff, chat_id, "Helo")["message"]
    staff.ask("message.edit", {"id": message["id"], "body": "Hello"})
    manager.wait_for("message.changed", in_chat(chat_id, id=message["id"], body="Hello"))
    manager.ask("message.react", {"id": message["id"], "emoji": "👍", "on": True})
    changed = staff.wait_for("message.changed", lambda data: data["id"] == message["id"] and data["reactions"])
    assert changed["reactions"][0]["user_ids"] == [house.id_of("manager")]
    assert manager.ask("message.delete", {"id": message["id"]})["error"]["code"] == "not_yours"
    staff.ask("message.delete", {"id": message["id"]})
    manager.wait_for("message.changed", in_chat(chat_id, id=message["id"], deleted=True))


def test_who_has_read_and_who_types_is_seen(house: House, staff: Tab, manager: Tab) -> None:
    chat_id = direct(house, "staff", "manager")
    seq = say(staff, chat_id)["message"]["seq"]
    assert manager.ask("chat.read", {"chat_id": chat_id, "seq": seq}) == {"last_read_seq": seq}
    staff.wait_for("chat.read", in_chat(chat_id, user_id=house.id_of("manager"), seq=seq))
    manager.ask("chat.typing", {"chat_id": chat_id})
    staff.wait_for("chat.typing", in_chat(chat_id, user_id=house.id_of("manager")))


def test_reading_on_one_device_is_read_on_all(house: House, staff: Tab, manager: Tab) -> None:
    chat_id = direct(house, "staff", "manager")
    seq = say(manager, chat_id)["message"]["seq"]
    with tab(house.url, house.token("staff")) as second_tab:
        staff.ask("chat.read", {"chat_id": chat_id, "seq": seq})
        item = second_tab.wait_for("notification.changed", lambda data: data["id"] == f"c:{chat_id}")
        assert not item["unread"]


def test_a_chat_that_becomes_unread_pops_up_once(house: House, staff: Tab, manager: Tab) -> None:
    chat_id = direct(house, "staff", "manager")
    seq = say(staff, chat_id)["message"]["seq"]
    manager.ask("chat.read", {"chat_id": chat_id, "seq": seq})
    say(staff, chat_id, "Popup, please")
    item = manager.wait_for("notification", lambda data: data["id"] == f"c:{chat_id}" and data["unread"])
    assert item["popup"]
    manager.wait_for("counters", lambda data: data["tabs"]["chats"] >= 1)


def test_presence_is_told_to_whoever_has_a_chat_with_the_person(house: House, staff: Tab) -> None:
    direct(house, "staff", "admin")
    somebody = str(house.id_of("admin"))
    with tab(house.url, house.token("staff")) as viewer, tab(house.url, house.token("admin")) as admin:
        viewer.wait_for("presence", lambda data: data["states"].get(somebody) in ("away", "active"))
        admin.ask("presence.active", {})
        viewer.wait_for("presence", lambda data: data["states"].get(somebody) == "active")
        assert viewer.ask("presence.watch", {"user_ids": [int(somebody)]})["states"] == {somebody: "active"}
        admin.close()
        viewer.wait_for("presence", lambda data: data["states"].get(somebody) == "offline")


MALFORMED: list[tuple[str, dict[str, Any], str, str]] = [
    ("message.send", {"chat_id": "1", "client_id": "a", "body": "x"}, "invalid", "chat_id"),
    ("message.send", {"chat_id": 1, "body": "x"}, "invalid", "client_id"),
    ("message.send", {"chat_id": 1, "client_id": "a", "body": ""}, "required", "body"),
    ("message.send", {"chat_id": 1, "client_id": "a", "body": "x" * 10_001}, "too_long", "body"),
    ("message.send", {"chat_id": 2**40, "client_id": "a", "body": "x"}, "invalid", "chat_id"),
    ("message.edit", {"id": None, "body": "x"}, "invalid", "id"),
    ("message.react", {"id": 1.5, "emoji": "👍"}, "invalid", "id"),
    ("chat.read", {"chat_id": 1, "seq": "1"}, "invalid", "seq"),
    ("chat.focus", {"chat_id": 1}, "invalid", "visible"),
    ("presence.watch", {"user_ids": "all"}, "invalid", "user_ids"),
]


@pytest.mark.parametrize(("event", "payload", "code", "field"), MALFORMED, ids=lambda value: repr(value)[:30])
def test_what_is_wrong_with_an_event_is_named(
    staff: Tab, event: str, payload: dict[str, Any], code: str, field: str
) -> None:
    error = staff.ask(event, payload)["error"]
    assert (error["code"], error["field"]) == (code, field)


@pytest.mark.parametrize("event", ["message.send", "message.edit", "message.delete", "message.react", "chat.focus"])
def test_a_chat_of_others_is_not_there(house: House, staff: Tab, manager: Tab, event: str) -> None:
    chat_id = direct(house, "manager", "admin")
    message = say(manager, chat_id)["message"]
    payload = {"chat_id": chat_id, "id": message["id"], "client_id": "a", "body": "x", "emoji": "👍", "visible": True}
    assert staff.ask(event, payload)["error"]["code"] == "not_found"


def test_writing_works_while_redis_hangs_and_nothing_is_missed(house: House, staff: Tab, manager: Tab) -> None:
    chat_id = direct(house, "staff", "manager")
    cursor = manager.ask("sync", {})["cursor"]
    house.freeze("valkey")
    sent = [say(staff, chat_id, f"hanging {number}")["message"] for number in range(3)]
    manager.wait_for("message", in_chat(chat_id, body="hanging 2"))
    house.thaw("valkey")
    events = manager.ask("sync", {"cursor": cursor})["events"]
    told = [one["data"]["id"] for one in events if one["event"] == "message" and one["data"]["chat_id"] == chat_id]
    # The cursor looks back a little, so earlier ones may come again.
    assert told[-3:] == [message["id"] for message in sent]


def test_of_a_stream_cut_by_kill_9_every_answered_message_is_there_exactly_once(house: House) -> None:
    chat_id = direct(house, "staff", "manager")
    first_seq = house.call("staff", "GET", f"/chats/{chat_id}").json()["result"]["last_seq"]
    acknowledged: list[str] = []
    flowing = threading.Event()

    def stream() -> None:
        waiting = [f"stream-{number}" for number in range(120)]
        while waiting:
            try:
                with tab(house.url, house.token("staff")) as sender:
                    while waiting:
                        answer = say(sender, chat_id, waiting[0], client_id=waiting[0])
                        assert "message" in answer, answer
                        acknowledged.append(waiting.pop(0))
                        if len(acknowledged) > 30:
                            flowing.set()
            except (SocketIOError, OSError):  # the process was killed: the client comes back and sends again
                threading.Event().wait(0.1)

    with ThreadPoolExecutor(1) as pool:
        streaming = pool.submit(stream)
        assert flowing.wait(30)
        house.kill("web")
        house.kill("valkey")
        house.start("valkey", "web")
        streaming.result(60)
    rows = house.sql("SELECT body, seq FROM messages WHERE chat_id = %s AND seq > %s ORDER BY seq", chat_id, first_seq)
    assert [body for body, _ in rows] == [f"stream-{number}" for number in range(120)]
    assert [seq for _, seq in rows] == list(range(first_seq + 1, first_seq + 121))
    assert len(acknowledged) == 120


def test_twenty_at_once_leave_no_gap(house: House) -> None:
    chat_id = group(house, "staff", "manager")
    token = house.token("staff")

    def write(number: int) -> list[int]:
        with tab(house.url, token) as sender:
            return [say(sender, chat_id, f"{number}.{part}")["message"]["seq"] for part in range(5)]

    with ThreadPoolExecutor(10) as pool:
        seqs = sorted(seq for some in pool.map(write, range(10)) for seq in some)
    assert seqs == list(range(seqs[0], seqs[0] + 50))
    known = eventually(lambda: house.call("manager", "GET", f"/chats/{chat_id}/messages?limit=100").json()["messages"])
    assert [message["seq"] for message in known] == list(range(1, seqs[-1] + 1))


def client_chat(house: House) -> int:
    """A client's open chat that staff may answer."""
    return int(house.sql("SELECT chat_id FROM talks WHERE state = 'open' ORDER BY number DESC LIMIT 1")[0][0])


def test_who_answers_a_client_is_told_to_whoever_looks_at_the_list_and_may_see_the_talk(
    house: House, staff: Tab, manager: Tab
) -> None:
    chat_id, somebody = client_chat(house), house.new_person()
    answered = in_chat(chat_id, user_id=house.id_of("staff"))
    with tab(house.url, house.token("free")) as free, tab(house.url, house.token(somebody)) as other:
        assert free.ask("clients.watch", {"on": True})["error"]["code"] == "forbidden"
        assert manager.ask("clients.watch", {"on": "yes"})["error"]["field"] == "on"
        assert manager.ask("clients.watch", {"on": True}) == {}
        staff.ask("chat.focus", {"chat_id": chat_id, "visible": True})
        assert staff.ask("chat.typing", {"chat_id": chat_id, "note": True}) == {}
        with tab(house.url, house.token("staff")) as second:
            assert second.ask("chat.typing", {"chat_id": chat_id}) == {}
            assert manager.wait_for("client.answering", answered)["name"] == "Milo Spoke"
            assert other.ask("clients.watch", {"on": True}) == {}
        # Where everybody sees the own talks only, it is heard by who may see this one.
        house.sql(
            "INSERT INTO account_settings (name, value, changed_at) VALUES ('record_visibility', '\"own\"', now())"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        )
        house.sql("UPDATE talks SET responsible_id = %s WHERE chat_id = %s", house.id_of("staff2"), chat_id)
        try:
            with tab(house.url, house.token("staff")) as third, tab(house.url, house.token("staff2")) as owner:

                def heard() -> bool:
                    third.ask("chat.typing", {"chat_id": chat_id})
                    return any(name == "client.answering" and answered(data) for name, data in owner.told)

                eventually(heard, what="the owner hearing of the answer")
            assert not [data for name, data in other.told if name == "client.answering"]
        finally:
            house.sql("DELETE FROM account_settings WHERE name = 'record_visibility'")
        assert not [data for name, data in free.told if name == "client.answering"]
        assert len([data for name, data in manager.told if name == "client.answering"]) == 1, "a note is no answer"


def test_who_is_asked_about_a_talk_hears_and_catches_up_with_nothing_from_before_it(house: House, staff: Tab) -> None:
    chat_id = client_chat(house)
    number, first_seq = house.sql(
        "SELECT number, first_seq FROM talks WHERE chat_id = %s ORDER BY number DESC LIMIT 1", chat_id
    )[0]

    def note(body: str, **values: Any) -> dict[str, Any]:
        address = f"{house.url}/api/v1/chats/{chat_id}/files"
        bearer = {"Authorization": f"Bearer {house.token('staff')}"}
        kept = requests.post(address, files={"file": (f"{body}.txt", body.encode())}, headers=bearer, timeout=20)
        sent = say(staff, chat_id, body, note=True, file_ids=[kept.json()["id"]], **values)
        return dict(sent["message"])

    older = note("Older words")
    house.sql("UPDATE talks SET first_seq = %s WHERE number = %s", older["seq"] + 1, number)
    try:
        with tab(house.url, house.token("free")) as free:
            cursor = free.ask("sync", {})["cursor"]
            asked = {"user_id": house.id_of("free"), "question": "Do you know?"}
            assert house.call("staff", "POST", f"/talks/{number}/ask", **asked).status_code == 200
            staff.ask("message.edit", {"id": older["id"], "body": "Older words, mended"})
            newer = note("Newer words", reply_to=older["id"])
            assert newer["reply_to"]["id"] == older["id"], "the team sees what is answered"
            heard = free.wait_for("message", in_chat(chat_id, id=newer["id"]))
            assert heard["reply_to"] is None
            missed = free.ask("sync", {"cursor": cursor})["events"]
            assert "Newer words" in str(missed)
            for told in (free.told, missed):
                assert "Older words" not in str(told)
            files = house.call("free", "GET", f"/chats/{chat_id}/files").json()["files"]
            assert [file["name"] for file in files] == ["Newer words.txt"]
            quoted = say(free, chat_id, "And this?", note=True, reply_to=older["id"])
            assert quoted["error"]["field"] == "reply_to"
            read = house.call("free", "GET", f"/chats/{chat_id}/messages").text
            assert "Newer words" in read
            assert "Older words" not in read
            staff.ask("message.edit", {"id": newer["id"], "body": "Newer words, mended"})
            free.wait_for("message.changed", in_chat(chat_id, body="Newer words, mended"))
    finally:
        house.call("staff", "DELETE", f"/talks/{number}/asked/{house.id_of('free')}")
        house.sql("UPDATE talks SET first_seq = %s WHERE number = %s", first_seq, number)
