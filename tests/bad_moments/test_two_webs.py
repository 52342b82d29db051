"""Two web processes: people of one hear those of the other, and a killed process or Redis loses and doubles nothing."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import pytest

from tests.houses import House
from tests.socket_clients import Tab, tab
from tests.waiting import eventually

# So much is written while processes die: a few seconds of a busy chat.
MESSAGES_EACH = 60
ANSWER_SECONDS = 4


@pytest.fixture
def two_webs(house: House) -> House:
    house.start("web2")
    return house


def new_chat(house: House, *usernames: str) -> int:
    members = [house.id_of(name) for name in usernames]
    answer = house.call("manager", "POST", "/chats/", kind="group", name="Workshop", member_ids=members)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def history(house: House, chat_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["seq"] if found else 0
        path = f"/chats/{chat_id}/messages?after_seq={after}&limit=100"
        page = house.call("manager", "GET", path).json()["messages"]
        if not page:
            return found
        found += page


@dataclass
class Sender(threading.Thread):
    """Somebody whose client sends each message until it is acknowledged, by whichever web process answers."""

    doors: tuple[str, str]
    token: str
    chat_id: int
    name_: str
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    repeated: int = 0
    failure: str = ""

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        doors, opened = cycle(self.doors), None
        for number in range(MESSAGES_EACH):
            message = {"chat_id": self.chat_id, "client_id": uuid.uuid4().hex, "body": f"{self.name_} {number}"}
            ends = time.monotonic() + 90
            while True:
                if time.monotonic() > ends:
                    self.failure = f"{message['body']} was never acknowledged"
                    return
                try:
                    if opened is None or opened.closed.is_set():
                        opened = Tab().open(next(doors), self.token)
                    answer = opened.ask("message.send", message, seconds=ANSWER_SECONDS)
                except Exception:  # the connection is gone, or nobody answers: another door, the same message
                    opened, self.repeated = None, self.repeated + 1
                    threading.Event().wait(0.05)
                    continue
                if "message" in answer:
                    self.acknowledged.append(answer["message"])
                    break
                self.repeated += 1
                threading.Event().wait(0.05)
        if opened is not None:
            opened.close()


def progress(senders: list[Sender], share: float) -> None:
    """Wait until that share of all messages is acknowledged."""
    wanted = share * MESSAGES_EACH * len(senders)

    def far_enough() -> bool:
        for sender in senders:
            assert not sender.failure, sender.failure
        return sum(len(sender.acknowledged) for sender in senders) >= wanted

    eventually(far_enough, 120, f"{share:.0%} of the messages")


def test_people_of_two_web_processes_hear_each_other(two_webs: House) -> None:
    chat_id = new_chat(two_webs, "staff")
    people = {name: two_webs.id_of(name) for name in ("manager", "staff")}
    with (
        tab(two_webs.url, two_webs.token("manager")) as one,
        tab(two_webs.second_url, two_webs.token("staff")) as other,
    ):
        for each in (one, other):
            each.ask("chat.focus", {"chat_id": chat_id, "visible": True})
            each.ask("presence.active", {})
            each.ask("presence.watch", {"user_ids": list(people.values())})
        sent = one.ask("message.send", {"chat_id": chat_id, "client_id": "from-one", "body": "Is the 56 ready?"})
        message = sent["message"]
        assert other.wait_for("message", lambda data: data["chat_id"] == chat_id)["id"] == message["id"]
        # A repeat at the other process is the same message.
        again = {"chat_id": chat_id, "client_id": "from-one", "body": "Is the 56 ready?"}
        with tab(two_webs.second_url, two_webs.token("manager")) as third:
            assert third.ask("message.send", again)["message"]["id"] == message["id"]
        other.ask("chat.typing", {"chat_id": chat_id})
        assert one.wait_for("chat.typing")["user_id"] == people["staff"]
        other.ask("chat.read", {"chat_id": chat_id, "seq": message["seq"]})
        read = one.wait_for("chat.read", lambda data: data["user_id"] == people["staff"])
        assert read["seq"] == message["seq"]
        other.ask("message.react", {"id": message["id"], "emoji": "👍", "on": True})
        assert one.wait_for("message.changed")["reactions"]
        both = {str(user_id): "active" for user_id in people.values()}
        one.wait_for("presence", lambda data: data["states"].get(str(people["staff"])) == "active")
        assert one.ask("presence.watch", {"user_ids": list(people.values())})["states"] == both


def test_killing_a_web_process_and_redis_in_a_stream_of_messages_loses_and_doubles_nothing(two_webs: House) -> None:
    house, names = two_webs, ("manager", "staff", "staff2", "admin")
    chat_id = new_chat(house, *names[1:])
    doors = (house.url, house.second_url)
    listener = Tab().open(house.url, house.token("staff"))
    cursor = listener.ask("sync", {"cursor": None})["cursor"]
    senders = [
        Sender(doors if number % 2 else (doors[1], doors[0]), house.token(name), chat_id, name)
        for number, name in enumerate(names)
    ]
    for sender in senders:
        sender.start()
    progress(senders, 0.15)
    house.kill("web2")
    progress(senders, 0.3)
    with house.valkey() as valkey:
        valkey.flushall()
    house.kill("valkey")
    progress(senders, 0.45)
    house.start("web2", "valkey")
    progress(senders, 0.6)
    house.kill("web")
    progress(senders, 0.75)
    house.start("web")
    for sender in senders:
        sender.join(120)
        assert not sender.failure, sender.failure
        assert len(sender.acknowledged) == MESSAGES_EACH
    assert sum(sender.repeated for sender in senders) > 0, "nothing was killed in the middle of anything"

    stored = [message for message in history(house, chat_id) if message["author"]["kind"] == "user"]
    found = [(message["client_id"], message["id"], message["seq"], message["body"]) for message in stored]
    promised = [
        (message["client_id"], message["id"], message["seq"], message["body"])
        for sender in senders
        for message in sender.acknowledged
    ]
    assert sorted(found) == sorted(promised)
    assert len({client_id for client_id, *_ in found}) == len(found) == MESSAGES_EACH * len(senders)
    # The order of each is the order in which it was written, and there is no hole.
    for sender in senders:
        mine = [body for _, _, _, body in found if body.startswith(f"{sender.name_} ")]
        assert mine == [f"{sender.name_} {number}" for number in range(MESSAGES_EACH)]
    numbers = [message["seq"] for message in history(house, chat_id)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    # Somebody whose connection died asks for what changed since, and has each message once.
    listener.closed.wait(20)
    heard = {
        data["id"]: data["seq"] for name, data in listener.told if name == "message" and data["chat_id"] == chat_id
    }
    with tab(house.second_url, house.token("staff")) as back:
        caught_up = back.ask("sync", {"cursor": cursor})
    assert not caught_up.get("reset")
    caught = [
        one["data"] for one in caught_up["events"] if one["event"] == "message" and one["data"]["chat_id"] == chat_id
    ]
    assert len({message["id"] for message in caught}) == len(caught)
    heard |= {message["id"]: message["seq"] for message in caught}
    assert {message["id"] for message in stored} <= heard.keys()
