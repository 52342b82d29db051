"""Files and pushes of a free user: what is shared comes, the bytes of everything else never do."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models.mailboxes import MailFile
from app.models.people import User
from app.models.reports import ReportFile, ReportRun
from app.services.chats import chat_files, chat_pictures
from app.services.exports import exports
from app.services.records import card_chats
from app.services.settings import devices
from app.transaction import transaction
from tests import builders, chatting, news, visiting
from tests.clients.colleagues import Colleague
from tests.push_services import PushService
from tests.visiting import Client, newest_talk

SECRET, SHARED = b"Quagga", b"Ocelot"


def picture() -> io.BytesIO:
    """A picture that is told from others by its bytes."""
    made = io.BytesIO()
    Image.new("RGB", (40, 40), "navy").save(made, "PNG")
    return io.BytesIO(made.getvalue())


def sent(author: User, chat_id: int, content: bytes | io.BytesIO, name: str = "words.txt") -> int:
    """A file that was sent into a chat; its id."""
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    with transaction(author.id):
        file_id = chat_files.store(author.id, chat_id, name, stream).id
    chatting.say(author, chat_id, "See here", file_ids=[file_id])
    with transaction():
        chat_files.make_thumbnail(file_id)
    return int(file_id)


@pytest.fixture
def people(app: Flask) -> None:
    """Otto is a free user, Ann none."""
    with app.app_context():
        builders.make_pipeline()
        builders.make_user("Free", username="otto")
        builders.make_user("Staff", username="ann")


def person(name: str) -> User:
    return db.session.scalars(select(User).where(User.username == name)).one()


def test_no_download_gives_a_free_user_what_was_not_shared(app: Flask, client: FlaskClient, people: None) -> None:
    with app.app_context():
        otto, ann = person("otto"), person("ann")
        hidden = chatting.group(ann, [builders.make_user("Staff")])
        lead = builders.make_lead("Quagga", responsible=ann)
        with transaction(ann.id):
            of_card = card_chats.open_chat(ann, lead)
        secret = [sent(ann, chat_id, SECRET) for chat_id in (hidden, of_card)]
        seen = sent(ann, hidden, picture(), "quagga.png")
        own = sent(ann, chatting.direct(ann, otto), SHARED)
        with transaction(ann.id):
            chat_pictures.make_picture(hidden, ann.id, chat_files.put(picture()))
        # A client's chat: Otto is asked about the second talk only; the file came in the first.
        visitor = Client(app, visiting.make_widget().key)
        chat_id = visitor.write("Look at this")["message"]["chat_id"]
        colleague = Colleague(app, "ann")
        with transaction():
            older = chat_files.store(ann.id, chat_id, "quagga.txt", io.BytesIO(SECRET)).id
        colleague.answer(chat_id, "Here", file_ids=[older])
        colleague.call("POST", f"/talks/{newest_talk().number}/close", without_survey=True)
        visitor.write("Something else")
        colleague.call("POST", f"/talks/{newest_talk().number}/ask", user_id=otto.id, question="Do you know?")
        mail = builders.make_mail(builders.make_mailbox(owner=ann))
        with transaction():
            stored = chat_files.put(io.BytesIO(SECRET))
            of_mail = MailFile(mail_id=mail.id, name="quagga.txt", size=6, type="text/plain", stored_as=stored)
            run = ReportRun(
                user_id=ann.id, setup={}, state="sent", not_before=clock.now(), contents={"title": "Quagga"}
            )
            db.session.add_all([of_mail, run])
            db.session.flush()
            db.session.add(ReportFile(run_id=run.id, name="report.csv", type="text/csv", content=SECRET))
            export = exports.start(ann, "leads", [lead.id])
        exports.write(export.id)
        addresses = [
            *(f"/api/v1/files/{file_id}" for file_id in (*secret, seen, older)),
            f"/api/v1/files/{seen}/thumbnail",
            f"/api/v1/chats/{hidden}/picture",
            f"/mailview/file/{mail.id}/{of_mail.id}",
            f"/mailview/body/{mail.id}",
            f"/scheduled/runs/{run.id}/files/report.csv",
            f"/exports/{export.id}/download",
        ]
    window = builders.login(app.test_client(), "ann")
    builders.login(client, "otto")
    for address in addresses:
        answer = window.get(address)
        assert answer.status_code == 200, f"{address}: who may have it gets {answer.status_code}"
        refused = client.get(address)
        assert refused.status_code in (302, 403, 404), address
        assert SECRET not in refused.data, address
        assert not refused.data.startswith((b"RIFF", b"\x89PNG")), address
    assert client.get(f"/api/v1/files/{own}").data == SHARED
    for listed in (f"/api/v1/chats/{hidden}/files", f"/api/v1/chats/{of_card}/files"):
        assert client.get(listed).status_code == 404
    assert client.get(f"/api/v1/chats/{chat_id}/files").get_json()["files"] == []


def test_a_free_users_push_tells_what_is_theirs_and_other_devices_are_out_of_reach(
    app: Flask, client: FlaskClient, people: None, push_service: PushService
) -> None:
    with app.app_context():
        otto, ann = person("otto"), person("ann")
        group = builders.make_group("Workshop", members=[otto, ann])
        with transaction():
            foreign = devices.subscribe(
                ann, push_service.subscribe("anns").subscription, user_agent="Firefox/132.0", installed=False
            ).id
        free = Colleague(app, "otto")
        mine = free.call("POST", "/me/devices", **push_service.subscribe("ottos").subscription)
        assert mine.status_code == 201
        assert [one["id"] for one in free.get("/me/devices")["result"]] == [mine.get_json()["id"]]
        assert free.call("DELETE", f"/me/devices/{foreign}").status_code == 404
        renewed = {
            "old_endpoint": "https://push.example/guess",
            "subscription": push_service.subscribe("x").subscription,
        }
        assert client.post("/push/renew", json=renewed).status_code == 404
        Client(app, visiting.make_widget(group).key).write("A Quagga, please")
        hidden = chatting.group(ann, [builders.make_user("Staff")], name="Quagga")
        chatting.say(ann, hidden, "Quagga @all")
        news.assign(ann, builders.make_user("Manager"), "Quagga")
        direct = chatting.direct(ann, otto)
        chatting.say(ann, direct, "Ocelot")
        for chat_id in (hidden, direct, newest_talk().chat_id):
            chatting.decide(chat_id)
        news.deliver_due()
        assert push_service.refused == []
        told = {push.browser: str(push.payload) for push in push_service.taken if push.browser == "ottos"}
        assert list(told) == ["ottos"], "his colleague's words came"
        assert not [push for push in push_service.taken if push.browser == "ottos" and "Quagga" in str(push.payload)]
        assert [push for push in push_service.taken if push.browser == "anns" and "Quagga" in str(push.payload)]
