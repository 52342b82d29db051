"""A free user who tries everything: each page, each call of the API's own document, each event of the socket.

All that nobody shared with them carries one word, and that word must never come back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.extensions import db
from app.services.records import card_chats
from app.sockets import chats, staff
from app.transaction import transaction
from tests import builders, chatting, visiting
from tests.houses import House
from tests.socket_clients import tab
from tests.visiting import Client

SECRET, SHARED = "Quagga", "Ocelot"
METHODS = ("get", "post", "put", "delete")
# What a call may be sent, by the names that the document gives its fields.
VALUES: dict[str, Any] = {"string": SECRET, "boolean": True, "array": [1], "object": {}, "number": 1, "integer": 1}


@pytest.fixture
def otto(app: Flask) -> int:
    """A free user with one chat and one shared card, in a group whose clients, chats and records are secret."""
    with app.app_context():
        otto, ann = builders.make_user("Free", username="otto"), builders.make_user("Staff", username="ann")
        group = builders.make_group("Workshop", members=[otto, ann])
        # The lead's fields name its contact; how to reach them is the contact's own.
        contact = builders.make_contact(f"{SHARED} c", email=f"{SECRET}@example.com", phone="+43 1 555")
        shared = builders.make_lead(f"{SHARED} lead", responsible=ann, contact_id=contact.id)
        lead = builders.make_lead(f"{SECRET} lead", responsible=ann)
        builders.make_company(f"{SECRET} company", responsible=ann)
        builders.make_task(f"{SECRET} task", responsible=ann, lead_id=lead.id)
        builders.make_task(f"{SECRET} task of the shared lead", responsible=ann, lead_id=shared.id)
        builders.make_call(responsible=ann, contact_id=shared.contact_id)
        with transaction(ann.id):
            card_chats.share(ann, shared, otto.id)
        with transaction(ann.id):
            secret_chat = card_chats.open_chat(ann, lead)
        chatting.say(ann, secret_chat, f"{SECRET} of the card")
        chatting.say(ann, chatting.direct(ann, otto), f"{SHARED} hello")
        hidden = chatting.group(ann, [builders.make_user("Staff")], name=f"{SECRET} chat")
        chatting.say(ann, hidden, f"{SECRET} in a chat")
        visitor = Client(app, visiting.make_widget(group).key)
        visitor.write(f"{SECRET} asks")
        builders.make_form(name=f"{SECRET} form")
        return int(otto.id)


def pages(client: FlaskClient, app: Flask, prefix: str = "/") -> Iterator[tuple[str, str]]:
    """Every address there is, with the ids of what exists, and all that the pages link to.

    One that is closed to the role, whatever its record, is not asked again.
    """
    rules = [rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    asked = set()
    links = [f"/lookup/{kind}?q={SECRET[:3]}" for kind in ("leads", "contacts", "companies", "users", "tags")]
    links += [f"/api/v1/search/?q={SECRET}", f"/search/?q={SECRET}", "/api/v1/users/?q=(page_size:100)"]
    for rule in rules:
        if not rule.startswith(prefix) or rule.startswith(("/logout", "/static", "/assets", "/readyz", "/metrics")):
            continue
        for number in range(1, 6):
            path = re.sub(r"<[^>]+>", str(number), rule)
            if path in asked:
                break
            asked.add(path)
            answer = client.get(path)
            body = answer.get_data(as_text=True)
            yield path, body
            if answer.mimetype == "text/html" and answer.status_code == 200:
                links += [link.replace("&amp;", "&") for link in re.findall(r'(?:href|action)="(/[^"#]*)', body)]
            if answer.status_code in (302, 403):
                break
    for link in dict.fromkeys(links):
        if link not in asked and link.startswith(prefix) and not link.startswith(("/logout", "/assets")):
            yield link, client.get(link).get_data(as_text=True)


def test_no_page_shows_a_free_user_what_was_not_shared(app: Flask, client: FlaskClient, otto: int) -> None:
    builders.login(client, "otto")
    found, leaks = "", []
    for path, body in pages(client, app):
        found += body if SHARED in body else ""
        if SECRET.lower() in body.lower().replace(f"q={SECRET}".lower(), "").replace(f'value="{SECRET}"'.lower(), ""):
            leaks.append(path)
    assert f"{SHARED} lead" in found, "the shared card opens"
    assert leaks == []


def test_no_call_of_the_api_gives_a_free_user_what_was_not_shared(app: Flask, client: FlaskClient, otto: int) -> None:
    with app.app_context():
        builders.make_user("Admin", username="della")
    document = builders.login(app.test_client(), "della").get("/api/v1/_openapi").get_json()
    before = snapshot(app)
    headers = builders.bearer(app.test_client(), "otto")
    asked, leaks = 0, []
    for path, operations in document["paths"].items():
        closed = set()
        for method, number in product(METHODS, range(1, 5)):
            if method not in operations or method in closed or (number > 1 and "{" not in path):
                continue
            address = re.sub(r"\{[^}]+\}", str(number), path)
            body = body_of(document, operations[method]) if method in ("post", "put") else None
            with app.app_context():
                answer = app.test_client().open(address, method=method.upper(), json=body, headers=headers)
            asked += 1
            if answer.status_code == 403:
                closed.add(method)
            words = answer.get_data(as_text=True)
            if SECRET in words and not echoes(words):
                leaks.append(f"{method} {address}: {words[:200]}")
    assert asked > 100
    assert leaks == []
    assert snapshot(app) == before, "and changes nothing of it"


def body_of(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """A body of all the fields that the document names."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return {name: VALUES.get(kind.get("type", ""), 1) for name, kind in schema.get("properties", {}).items()}


def echoes(words: str) -> bool:
    """Whether the answer only repeats what was sent: the word alone, and none of the secrets' own."""
    return not re.search(rf"{SECRET} (c\b|lead|company|task|of|in|chat|asks|form)", words)


def snapshot(app: Flask) -> list[tuple[Any, ...]]:
    """The secret records as they are."""
    tables = (("leads", "name"), ("contacts", "name"), ("companies", "name"), ("tasks", "text"), ("messages", "body"))
    with app.app_context():
        return [
            tuple(row)
            for table, column in tables
            for row in db.session.execute(
                text(f"SELECT id, {column} FROM {table} WHERE {column} LIKE '{SECRET}%' ORDER BY id")
            )
        ]


def test_no_event_of_the_socket_gives_a_free_user_what_is_not_theirs(house: House) -> None:
    somebody = house.new_person("Free")
    house.sql("UPDATE messages SET body = %s || body WHERE author_kind <> 'system'", f"{SECRET} ")
    house.sql("UPDATE chats SET name = %s || name WHERE name IS NOT NULL", f"{SECRET} ")
    try:
        chat_ids = [row[0] for row in house.sql("SELECT id FROM chats ORDER BY id")]
        message_ids = [row[0] for row in house.sql("SELECT id FROM messages ORDER BY id DESC LIMIT 40")]
        events = [*staff.HANDLERS, *chats.SELF_CHECKING]
        with tab(house.url, house.token(somebody)) as free:
            for event in events:
                for number, chat_id in enumerate(chat_ids):
                    asked = {
                        "chat_id": chat_id,
                        "message_id": message_ids[number % len(message_ids)],
                        "user_ids": [1, 2, 3],
                        "seq": 1,
                        "emoji": "👍",
                        "on": True,
                        "body": "hello",
                        "client_id": f"{event}{chat_id}",
                        "cursor": None,
                    }
                    for payload in (asked, {"chat_id": chat_id}, {"message_id": asked["message_id"], "body": "x"}):
                        assert SECRET not in str(free.ask(event, payload)), (event, payload)
            # What happens meanwhile to others is not told either.
            assert (
                house.call(
                    "staff", "POST", f"/chats/{own_chat(house)}/messages", client_id="s1", body=f"{SECRET} live"
                ).status_code
                == 201
            )
            assert free.ask("sync", {})["events"] == []
            assert SECRET not in str(free.told)
    finally:
        house.sql("UPDATE messages SET body = replace(body, %s, '')", f"{SECRET} ")
        house.sql("UPDATE chats SET name = replace(name, %s, '')", f"{SECRET} ")


def own_chat(house: House) -> int:
    """A chat in which staff is a member."""
    return int(
        house.sql(
            "SELECT m.chat_id FROM chat_members m JOIN chats c ON c.id = m.chat_id WHERE m.user_id = %s"
            " AND m.left_at IS NULL AND c.kind = 'group' ORDER BY 1 LIMIT 1",
            house.id_of("staff"),
        )[0][0]
    )


def test_the_walk_itself_would_find_a_leak(app: Flask, client: FlaskClient, otto: int) -> None:
    builders.login(client, "ann")
    assert any(SECRET in body for _path, body in pages(client, app, "/leadview/"))
