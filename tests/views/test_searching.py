"""Searching: parts of names without accents, addresses, numbers however they are written."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import builders


@pytest.fixture
def clients(app: Flask, client: FlaskClient) -> FlaskClient:
    """Somebody of the staff, with three clients."""
    with app.app_context():
        milo = builders.make_user("Staff", username="milo")
        for name, email, phone in (
            ("Zoë Marmalade", "zoe@marmalade.example", "+43 660 123 45 67"),
            ("Fern Puddle", "fern_100%@example.com", "0043 (1) 5550-142"),
            ("Kim Oat", "kim@zoo.example", None),
        ):
            builders.make_contact(name, email=email, phone=phone, responsible=milo)
    return builders.login(client, "milo")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("zoe", {"Zoë Marmalade"}),
        ("ZOË mar", {"Zoë Marmalade"}),
        ("malad", {"Zoë Marmalade"}),
        ("@zoo.ex", {"Kim Oat"}),
        ("0660 1234567", {"Zoë Marmalade"}),
        ("660/123", {"Zoë Marmalade"}),
        ("+43 1 5550142", {"Fern Puddle"}),
        ("pu", {"Fern Puddle"}),
        ("ud", set()),
        ("udd", {"Fern Puddle"}),
        ("_100%", {"Fern Puddle"}),
        ("%%%", set()),
        ("99", set()),
    ],
)
def test_clients_are_found_by_parts_of_name_address_and_number(
    clients: FlaskClient, typed: str, found: set[str]
) -> None:
    page = clients.get("/contactview/list/", query_string={"_flt_8_name": typed}).get_data(as_text=True)
    assert {name for name in ("Zoë Marmalade", "Fern Puddle", "Kim Oat") if f">{name}</a>" in page} == found


def test_a_filter_on_a_number_ignores_how_it_is_written(clients: FlaskClient) -> None:
    page = clients.get("/contactview/list/?_flt_0_phone=6601234").get_data(as_text=True)
    assert "Zoë Marmalade" in page
    assert "Fern Puddle" not in page


def test_programs_may_search_as_people_do(clients: FlaskClient) -> None:
    answer = clients.get("/api/v1/contacts/?q=(filters:!((col:name,opr:ct,value:marmalade)))").get_json()
    assert [one["name"] for one in answer["result"]] == ["Zoë Marmalade"]


def test_a_look_up_shows_names_that_begin_so_before_later_words(app: Flask, clients: FlaskClient) -> None:
    with app.app_context():
        for name in ("Aunt Marble", "Marble Arch", "Great Marble"):
            builders.make_contact(name)
    found = clients.get("/lookup/contacts?q=marb").get_json()["results"]
    assert [one["text"] for one in found] == ["Marble Arch", "Aunt Marble", "Great Marble"]
