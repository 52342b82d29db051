"""The search at the top of every page: what is found, and that it shows no more than one may see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import builders, visiting

PATH = "/api/v1/search/records"


def titles(client: FlaskClient, q: str) -> dict[str, list[str]]:
    answer = client.get(PATH, query_string={"q": q})
    assert answer.status_code == 200
    return {kind: [hit["title"] for hit in hits] for kind, hits in answer.get_json().items() if hits}


@pytest.fixture
def people(app: Flask) -> None:
    with app.app_context():
        milo, wren = builders.make_user("Staff", username="milo"), builders.make_user("Staff", username="wren")
        company = builders.make_company("Marble Bakery", responsible=milo)
        contact = builders.make_contact("Gus Marble", responsible=milo, company=company, email="gus@example.org")
        builders.make_lead("Cargo bike for Marble", responsible=milo, contact=contact)
        builders.make_lead("Wheels for Marble", responsible=wren)


def test_leads_contacts_and_companies_are_found_by_a_part_of_their_name(client: FlaskClient, people: None) -> None:
    builders.login(client, "milo")
    assert titles(client, "marble") == {
        "leads": ["Wheels for Marble", "Cargo bike for Marble"],
        "contacts": ["Gus Marble"],
        "companies": ["Marble Bakery"],
    }
    assert titles(client, "gus@example") == {"contacts": ["Gus Marble"]}
    assert titles(client, "") == titles(client, "nothing like it") == {}


def test_what_the_visibility_hides_is_not_found(app: Flask, client: FlaskClient, people: None) -> None:
    with app.app_context():
        builders.set_visibility("own")
    builders.login(client, "wren")
    assert titles(client, "marble") == {"leads": ["Wheels for Marble"]}


@pytest.mark.parametrize("q", ["%", "_", "\\", "'; DROP TABLE leads; --", "\x00", "9" * 80, "#"])
def test_nothing_that_is_typed_is_a_pattern_or_an_error(client: FlaskClient, people: None, q: str) -> None:
    builders.login(client, "milo")
    assert titles(client, q) == {}


def test_a_talk_is_found_by_its_number_and_by_its_client(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        milo = builders.make_user("Staff", username="milo")
        builders.make_user("Free", username="otto")
        visitor = visiting.Client(app, visiting.make_widget(builders.make_group(members=[milo])).key)
        visitor.hello()
        visitor.write("Is it still there?")
        visitor.ask("POST", "/contact", json={"name": "Tilly Brook", "email": "tilly@example.org"})
        number = visiting.newest_talk().number
    builders.login(client, "milo")
    for q in (str(number), f"#{number}", "Tilly"):
        assert titles(client, q)["talks"] == [f"Talk {number}"]
    free = app.test_client()
    builders.login(free, "otto")
    assert titles(free, str(number)) == {}


def test_the_number_of_statements_does_not_grow(
    app: Flask, client: FlaskClient, people: None, statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    builders.login(client, "milo")
    titles(client, "marble")
    with statements() as few:
        titles(client, "marble")
    with app.app_context():
        for number in range(5):
            builders.make_lead(f"Marble {number}")
            builders.make_contact(f"Marble {number}")
    with statements() as many:
        titles(client, "marble")
    assert len(many) == len(few)
