"""The socket of people of the account: what it refuses, how it says so, and when it is cut."""

from __future__ import annotations

import time
from typing import Any

import pytest
from socketio.exceptions import ConnectionError as RefusedConnection

from tests.houses import House
from tests.socket_clients import Tab, tab

CUT_WITHIN_SECONDS = 1.0

MALFORMED: list[tuple[str, tuple[Any, ...], str]] = [
    ("sync", ("a text",), "invalid"),
    ("sync", (["a", "list"],), "invalid"),
    ("sync", (17,), "invalid"),
    ("sync", (b"\x00\xff",), "invalid"),
    ("sync", ({"cursor": None}, {"one": "too many"}), "invalid"),
    ("sync", ({"cursor": True},), "invalid"),
    ("sync", ({"cursor": {"$gt": ""}},), "invalid"),
    ("no.such.event", ({},), "unknown_event"),
    ("__class__", ({},), "unknown_event"),
    ("connect ", ({},), "unknown_event"),
]


@pytest.mark.parametrize(("event", "payload", "code"), MALFORMED, ids=lambda value: repr(value)[:40])
def test_a_malformed_message_is_answered_by_an_error_and_the_socket_lives_on(
    house: House, event: str, payload: tuple[Any, ...], code: str
) -> None:
    with tab(house.url, house.token("staff")) as staff:
        answer = staff.ask(event, *payload)
        assert answer["error"]["code"] == code
        assert answer["error"]["message"]
        assert staff.ask("sync", {}).keys() == {"events", "cursor"}


@pytest.mark.parametrize("token", ["", "x", "a.b.c", 5, None, {"token": "x"}])
def test_nobody_gets_in_without_a_good_token(house: House, token: Any) -> None:
    stranger = Tab()
    with pytest.raises(RefusedConnection):
        stranger.open(house.url, token)
    assert stranger.wait_for("connect_error")["code"] == "unauthorized"


def test_a_refresh_token_opens_no_socket(house: House) -> None:
    refresh = house.login("staff").json()["refresh_token"]
    with pytest.raises(RefusedConnection):
        Tab().open(house.url, refresh)


def test_a_deactivated_persons_socket_is_cut_within_a_second(house: House) -> None:
    somebody = house.new_person()
    with tab(house.url, house.token(somebody)) as open_tab, tab(house.url, house.token("staff")) as other:
        done_at = house.deactivate(somebody)
        assert open_tab.closed.wait(10)
        assert time.monotonic() - done_at < CUT_WITHIN_SECONDS
        assert not other.closed.is_set()
    with pytest.raises(RefusedConnection):
        Tab().open(house.url, house.token(somebody))


def test_it_is_cut_also_while_redis_hangs(house: House) -> None:
    somebody = house.new_person()
    with tab(house.url, house.token(somebody)) as open_tab:
        house.freeze("valkey")
        done_at = house.deactivate(somebody)
        assert open_tab.closed.wait(10)
        assert time.monotonic() - done_at < CUT_WITHIN_SECONDS


def test_who_is_cut_is_told_why(house: House) -> None:
    somebody = house.new_person()
    with tab(house.url, house.token(somebody)) as open_tab:
        house.deactivate(somebody)
        assert open_tab.wait_for("session.ended")["code"] == "deactivated"


def test_a_new_password_ends_the_sockets_of_the_old_one(house: House) -> None:
    somebody = house.new_person()
    with tab(house.url, house.token(somebody)) as open_tab:
        change = {"password": "an-entirely-new-one-81"}
        answer = house.call("admin", "PUT", f"/users/{house.id_of(somebody)}", **change)
        assert answer.status_code == 200, answer.text
        assert open_tab.closed.wait(CUT_WITHIN_SECONDS)


def test_nobody_hears_what_is_told_to_others_and_sync_gives_only_ones_own(house: House) -> None:
    with tab(house.url, house.token("free")) as free, tab(house.url, house.token("staff")) as staff:
        since = free.ask("sync", {})["cursor"]
        text = house.assign()
        staff.wait_for("notification", lambda data: text in str(data))
        # A cursor also repeats the seconds before it: what this person was told then, and nobody else.
        answer = free.ask("sync", {"cursor": since})
        assert answer["events"]
        assert text not in str(answer)
        assert text not in str(free.told)


def test_sync_gives_what_was_missed_and_the_counters(house: House) -> None:
    with tab(house.url, house.token("staff")) as staff:
        since = staff.ask("sync", {})["cursor"]
    text = house.assign()
    with tab(house.url, house.token("staff")) as staff:
        answer = staff.ask("sync", {"cursor": since})
    missed = [event["data"] for event in answer["events"] if event["event"] == "notification.changed"]
    assert [item for item in missed if text in str(item)]
    assert answer["events"][-1]["event"] == "counters"
    assert answer["events"][-1]["data"]["total"] > 0
