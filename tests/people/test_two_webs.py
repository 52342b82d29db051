"""Limits and deactivation with two web processes: what one of them decides, the other one does within a second."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from socketio.exceptions import ConnectionError as RefusedConnection

from tests.houses import House
from tests.socket_clients import Tab, tab

WITHIN_SECONDS = 1.0


def limit(house: House, username: str, **values: object) -> None:
    """A limit of list items an hour for one person, switched on."""
    fields = {"kind": "items", "span": "hour", "amount": 10} | values
    house.sql(
        "INSERT INTO limit_rules (scope, user_id, kind, span, amount, active, created_at)"
        " VALUES ('user', %s, %s, %s, %s, true, now())",
        house.id_of(username),
        fields["kind"],
        fields["span"],
        fields["amount"],
    )


def api_key(house: House, page: requests.Session) -> str:
    """Make an API key on the page that people make theirs; it is shown this once."""
    html = page.get(f"{house.url}/apikeyview/add", timeout=20).text
    csrf = html.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
    form = {"name": "Program", "access": "read", "days": "30", "csrf_token": csrf}
    shown = page.post(f"{house.url}/apikeyview/add", data=form, timeout=20).text
    found = re.search(r"fdk_[\w-]{20,}", shown)
    assert found is not None, shown
    return found[0]


def listed(url: str, token: str, count: int) -> int:
    """Ask for so many leads; the answer's status."""
    address = f"{url}/api/v1/leads/?q=(page_size:{count})"
    return requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30).status_code


def test_whom_one_process_puts_out_the_other_lets_in_no_more(house: House) -> None:
    house.start("web2")
    somebody = house.new_person()
    token = house.token(somebody)
    page = house.browser(somebody)
    key = api_key(house, page)
    assert listed(house.second_url, key, 1) == 200
    limit(house, somebody)
    with tab(house.url, token) as here, tab(house.second_url, token) as there:
        assert listed(house.url, token, 9) == 200
        assert listed(house.second_url, token, 1) == 403
        done_at = time.monotonic()
        assert [listed(url, key, 1) for url in (house.url, house.second_url)] == [401, 401]
        assert time.monotonic() - done_at < WITHIN_SECONDS
        for opened in (here, there):
            assert opened.closed.wait(10)
        assert time.monotonic() - done_at < WITHIN_SECONDS
        assert there.wait_for("session.ended")["code"] == "deactivated"
    for url in (house.url, house.second_url):
        assert listed(url, token, 1) == 401
        assert listed(url, key, 1) == 401
        with pytest.raises(RefusedConnection):
            Tab().open(url, token)
    assert page.get(f"{house.url}/leadview/list/", allow_redirects=False, timeout=20).status_code == 302
    why = page.get(f"{house.url}/login/", timeout=20).text
    assert "more than 10 list items an hour" in why
    assert "Ask an admin" in why
    told = house.sql(
        "SELECT count(*) FROM notifications n JOIN events e ON e.id = n.event_id"
        " WHERE e.tag = 'limit:exceeded' AND e.subject_id = %s",
        house.id_of(somebody),
    )
    assert told == [(1,)]


def test_of_requests_at_the_same_moment_to_both_processes_only_the_allowed_ones_pass(house: House) -> None:
    house.start("web2")
    somebody = house.new_person()
    token = house.token(somebody)
    limit(house, somebody, amount=4)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: listed((house.url, house.second_url)[n % 2], token, 1), range(16)))
    assert answers.count(200) == 4, answers
    assert set(answers) <= {200, 401, 403}
    assert house.sql("SELECT active FROM ab_user WHERE id = %s", house.id_of(somebody)) == [(False,)]
    told = house.sql(
        "SELECT count(DISTINCT e.id) FROM events e WHERE e.tag = 'limit:exceeded' AND e.subject_id = %s",
        house.id_of(somebody),
    )
    assert told == [(1,)]


def test_without_redis_limits_hold_and_sockets_are_cut(house: House) -> None:
    house.start("web2")
    somebody = house.new_person()
    token = house.token(somebody)
    limit(house, somebody, amount=1)
    with tab(house.second_url, token) as there:
        house.kill("valkey")
        assert listed(house.url, token, 1) == 200
        assert listed(house.url, token, 1) == 403
        done_at = time.monotonic()
        assert there.closed.wait(10)
        assert time.monotonic() - done_at < WITHIN_SECONDS
    assert listed(house.second_url, token, 1) == 401
    # Who follows need not wait until the sweep finds what Redis lost.
    house.start("valkey")
    house.sql("UPDATE deliveries SET queued_until = NULL WHERE state = 'pending'")


def test_a_demoted_persons_open_tab_hears_of_it_and_no_more_of_clients(house: House) -> None:
    house.start("web2")
    somebody = house.new_person()
    user_id = house.id_of(somebody)
    free = house.sql("SELECT id FROM ab_role WHERE name = 'Free'")[0][0]
    staff = house.sql("SELECT id FROM ab_role WHERE name = 'Staff'")[0][0]
    with tab(house.second_url, house.token(somebody)) as opened:
        assert house.call("admin", "PUT", f"/users/{user_id}", role_ids=[free]).status_code == 200
        assert opened.wait_for("rights.changed", seconds=5)["free"] is True
        assert not opened.closed.is_set(), "the session goes on"
        assert listed(house.url, house.token(somebody), 1) == 403
        assert house.call("admin", "PUT", f"/users/{user_id}", role_ids=[staff]).status_code == 200
        opened.wait_for("rights.changed", lambda data: data["free"] is False, seconds=5)
        assert listed(house.url, house.token(somebody), 1) == 200
