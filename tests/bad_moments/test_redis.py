"""Redis emptied, stopped or hanging: people notice nothing but a pause of live updates, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.houses import House
from tests.socket_clients import tab
from tests.waiting import eventually

ANSWER_WITHIN_SECONDS = 3.0


@contextmanager
def quickly(what: str) -> Iterator[None]:
    """Fail when the block takes longer than people should wait."""
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert took < ANSWER_WITHIN_SECONDS, f"{what} took {took:.1f} s"


def hang(house: House) -> None:
    house.freeze("valkey")


def stop(house: House) -> None:
    house.kill("valkey")


@pytest.mark.parametrize("take_away", [hang, stop])
def test_pages_login_and_new_tasks_work_while_redis_is_away_and_nothing_is_lost(
    house: House, take_away: Callable[[House], None]
) -> None:
    session = house.browser("manager")
    house.token("manager"), house.token("staff"), house.id_of("staff")
    with tab(house.url, house.token("staff")) as staff_tab:
        take_away(house)
        with quickly("the login page"):
            assert requests.get(f"{house.url}/login/", timeout=20).status_code == 200
        with quickly("a list"):
            assert session.get(f"{house.url}/taskview/list/", timeout=20).status_code == 200
        with quickly("the center"):
            assert session.get(f"{house.url}/center/", timeout=20).status_code == 200
        with quickly("signing in"):
            assert house.login("staff2").status_code == 200
        with quickly("a new task"):
            text = house.assign()
        with quickly("the feed"):
            assert text in house.call("staff", "GET", "/center/feed").text
        # Tabs of the same web process are told without Redis.
        staff_tab.wait_for("notification", lambda data: text in str(data))
        assert requests.get(f"{house.url}/healthz", timeout=20).status_code == 200
        ready = requests.get(f"{house.url}/readyz", timeout=20)
        assert (ready.status_code, "redis" in ready.json()["failing"]) == (503, True)
    house.mend()
    house.pass_time(seconds=90)
    house.mails.wait_about(text, 60)
    eventually(lambda: (house.delivery(text) or [""])[0] == "sent")
    assert len(house.mails.about(text)) == 1


def test_a_queue_emptied_before_the_worker_came_to_it_is_filled_again(house: House) -> None:
    house.kill("worker")
    text = house.assign()
    with house.valkey() as valkey:
        assert valkey.llen("rq:queue:mail") == 1
        valkey.flushall()
    house.start("worker")
    house.pass_time(seconds=90)
    house.mails.wait_about(text)
    eventually(lambda: (house.delivery(text) or [""])[0] == "sent")
    assert len(house.mails.about(text)) == 1


def test_a_worker_goes_on_when_redis_forgets_it(house: House) -> None:
    with house.valkey() as valkey:
        valkey.flushall()
    text = house.assign()
    house.mails.wait_about(text)


def test_live_updates_come_back_with_redis(house: House) -> None:
    with tab(house.url, house.token("staff")) as staff_tab:
        house.kill("valkey")
        house.start("valkey")
        # What was published meanwhile did not arrive: the tab is told to fetch its feed again.
        staff_tab.wait_for("feed.stale")
        text = house.assign()
        staff_tab.wait_for("notification", lambda data: text in str(data))
