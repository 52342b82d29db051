"""People's pictures: cut anew from an upload, shown to colleagues, gone when taken away."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.extensions import db
from app.jobs import thumbnails
from app.models.people import User
from app.services.people import people_pictures
from tests import builders


@pytest.fixture
def milo(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Staff", username="milo").id
    builders.login(client, "milo")
    return int(user_id)


def uploads(app: Flask) -> list[Path]:
    return sorted((Path(app.config["UPLOADS_DIR"]) / people_pictures.FOLDER).glob("*"))


def send(client: FlaskClient, content: bytes) -> None:
    data = {"picture": (BytesIO(content), "me.png")}
    assert client.post("/profile/picture", data=data, content_type="multipart/form-data").status_code == 302


def picture(side: int = 700) -> bytes:
    file = BytesIO()
    Image.new("RGB", (side, side // 2), "#2e7d5b").save(file, "PNG")
    return file.getvalue()


def cut(app: Flask, user_id: int) -> str | None:
    """Do what the worker does with the one upload there is; return the picture's address."""
    with app.app_context():
        waiting = [path for path in uploads(app) if not path.suffix]
        thumbnails.make_person_picture(user_id, waiting[-1].name)
        db.session.expire_all()
        return str(db.session.get_one(User, user_id).picture or "") or None


def test_a_picture_is_cut_square_and_shown_to_colleagues_only(app: Flask, client: FlaskClient, milo: int) -> None:
    send(client, picture())
    address = cut(app, milo)
    assert address is not None
    answer = client.get(address)
    assert Image.open(BytesIO(answer.data)).size == (256, 256)
    assert "immutable" in answer.headers["Cache-Control"]
    assert address in client.get("/profile/").get_data(as_text=True)
    assert app.test_client().get(address).status_code == 302


def test_the_old_picture_goes_with_the_new_and_none_stays_after_removing(
    app: Flask, client: FlaskClient, milo: int
) -> None:
    send(client, picture())
    first = cut(app, milo)
    send(client, picture(400))
    second = cut(app, milo)
    assert first is not None
    assert second not in (None, first)
    assert client.get(first).status_code == 404
    client.post("/profile/picture", data={"remove": "1"})
    assert client.get(str(second)).status_code == 404
    assert str(second) not in client.get("/profile/").get_data(as_text=True)


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"GIF89a" + b"\0" * 40])
def test_what_is_no_picture_changes_nothing(app: Flask, client: FlaskClient, milo: int, content: bytes) -> None:
    before = set(uploads(app))
    send(client, content)
    if set(uploads(app)) != before:  # it began like a picture: the job finds out
        assert cut(app, milo) is None
    assert set(uploads(app)) == before
    with app.app_context():
        assert db.session.get_one(User, milo).picture is None


@pytest.mark.parametrize("name", ["../secret.webp", "x.webp", "%2e%2e%2fsecret", "a" * 40 + ".png"])
def test_other_names_lead_to_no_file(client: FlaskClient, milo: int, name: str) -> None:
    assert client.get(f"/people/pictures/{name}").status_code == 404
