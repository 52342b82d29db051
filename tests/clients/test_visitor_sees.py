"""Whatever reaches /visitor or answers /widget/api: nothing internal, no staff address, nothing of another client."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.extensions import socketio
from app.models.people import User
from app.services.chats import chat_live
from app.services.clients import client_lookers
from app.services.talks import talk_settings
from app.transaction import transaction
from tests import builders, visiting
from tests.clients.colleagues import Colleague
from tests.visiting import Client, newest_talk

NOTE, OTHERS, QUESTION = "They haggled last time", "I am somebody else entirely", "May I give ten percent"
# Everything a client is ever told, by name: a new field has to be thought about here.
KEYS = {
    "agent", "author", "body", "changed_at", "chat", "chat_id", "client_id", "code", "created_at", "default", "deleted",
    "edited_at", "email", "error", "field", "files", "height", "id", "kind", "last_seq", "mentions", "message",
    "messages", "more", "name", "number", "offline_text", "online", "phone", "reactions", "reply_to", "result", "scale",
    "score", "seq", "size", "state", "survey", "talk", "team_read_seq", "text", "thanks", "thumbnail", "thumbnail_url",
    "token", "type", "url", "visitor", "width",
}  # fmt: skip


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, str]]:
    """All that is emitted to /visitor: event, payload, room. It still goes out."""
    found: list[tuple[str, Any, str]] = []
    emit = socketio.emit

    def record(event: str, *args: Any, **values: Any) -> None:
        if values.get("namespace") == "/visitor":
            found.append((event, args[0] if args else None, str(values.get("to") or values.get("room"))))
        emit(event, *args, **values)

    monkeypatch.setattr(socketio, "emit", record)
    return found


@pytest.fixture
def team(context: Flask) -> dict[str, User]:
    builders.make_pipeline()
    names = {"wren@team.example": ("Wren", "Saddle"), "otto@team.example": ("Otto", "Pedal")}
    people = {
        name: builders.make_user("Staff", username=name, first_name=first, last_name=last)
        for name, (first, last) in names.items()
    }
    with transaction():
        talk_settings.save(builders.make_user("Admin", username="ada@team.example"), {"nps_follow_up": True})
    return people


def test_no_payload_holds_what_is_not_the_clients(app: Flask, team: dict[str, User], heard) -> None:
    widget = visiting.make_widget(builders.make_group("Sales", members=list(team.values())))
    fern, stranger = Client(app, widget.key), Client(app, widget.key)
    wren, otto = Colleague(app, "wren@team.example"), Colleague(app, "otto@team.example")
    answers: list[Any] = []

    def ask(method: str, path: str, **values: Any) -> Any:
        answer = fern.ask(method, path, **values)
        answers.append(answer.get_json())
        return answer

    answers.append(fern.hello())
    stranger.write(OTHERS)
    stranger_talk = newest_talk()
    answers.append(fern.write("Is the blue one still there?", page_url="https://shop.example/bikes"))
    chat_id, number = answers[-1]["message"]["chat_id"], newest_talk().number
    lead_id = newest_talk().lead_id

    # Everything that the team can do to a talk, in one go.
    assert wren.call("POST", f"/talks/{number}/take").status_code == 200
    said = wren.answer(chat_id, "Two of them are.")
    note = wren.answer(chat_id, NOTE, note=True)
    wren.call("PUT", f"/chats/messages/{said['id']}", body="Two of them are, I think.")
    wren.call("PUT", f"/chats/messages/{note['id']}", body=f"{NOTE}, twice")
    wren.call("POST", f"/chats/messages/{said['id']}/reactions", emoji="👍", on=True)
    gone = wren.answer(chat_id, "Wrong window, sorry")
    wren.call("DELETE", f"/chats/messages/{gone['id']}")
    assert (
        wren.call("POST", f"/talks/{number}/ask", user_id=team["otto@team.example"].id, question=QUESTION).status_code
        == 200
    )
    assert wren.call("POST", f"/talks/{number}/transfer", user_id=team["otto@team.example"].id).status_code == 200
    otto.answer(chat_id, "Otto here, I will keep one.")
    with app.app_context():
        chat_live.typing(team["wren@team.example"].id, chat_id, "")
        chat_live.typing(team["wren@team.example"].id, chat_id, "", note=True)
        client_lookers.tell(chat_id)

    ask("POST", "/files", data={"file": (io.BytesIO(b"a picture of a bike"), "bike.txt")})
    ask("POST", "/typing", json={})
    ask("POST", "/read", json={"seq": said["seq"]})
    ask("POST", "/contact", json={"email": "fern@example.org", "name": "Fern"})
    assert otto.call("POST", f"/talks/{number}/no-answer-needed").status_code in (200, 409)
    assert otto.call("POST", f"/talks/{number}/close").status_code == 202
    ask("GET", "/messages")
    ask("POST", "/survey", json={"number": stranger_talk.number, "score": 3})
    ask("POST", "/survey", json={"number": number, "score": 11})
    ask("POST", "/survey", json={"number": number, "score": 3, "comment": "Slow"})
    answers.append(fern.hello())

    events = {event for event, _, _ in heard}
    assert {"message", "message.changed", "typing", "talk", "survey"} <= events
    told = [payload for _, payload, _ in heard] + answers
    mine = json.dumps([payload for _, payload, _ in heard if OTHERS not in json.dumps(payload)] + answers)
    assert OTHERS not in json.dumps(answers)
    for secret in (
        NOTE,
        QUESTION,
        "team.example",
        "wren@",
        "otto@",
        "ada@",
        "took this talk",
        "passed this talk on",
        "asked",
    ):
        assert secret not in mine.replace('"asking"', ""), secret
    # What is a stranger's goes to the stranger's room alone.
    strangers = {room for _, payload, room in heard if OTHERS in json.dumps(payload)}
    assert len(strangers) == 1
    assert all(room not in strangers for _, payload, room in heard if "Two of them" in json.dumps(payload))
    unknown = {key for payload in told for key in keys_of(payload)} - KEYS
    assert not unknown, f"may a client know of these? {sorted(unknown)}"
    assert all(author["id"] is None for payload in told for author in authors_of(payload))
    assert f'"lead_id": {lead_id}' not in mine


def keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def authors_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "author":
                yield inner
            yield from authors_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from authors_of(inner)
