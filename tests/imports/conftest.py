"""What tests of imports share: a person of staff, a pipeline, and the way of a file through the screens."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.people import User
from app.models.records import Transfer
from app.services.imports import import_run
from tests import builders

Import = Callable[..., Transfer]


@pytest.fixture
def milo(app: Flask, client: FlaskClient) -> int:
    """The id of who imports, signed in; there is a pipeline."""
    with app.app_context():
        user_id = builders.make_user(
            "Staff", username="milo", first_name="Milo", last_name="Spoke", email="milo@example.com"
        ).id
        builders.make_pipeline("Sales")
    builders.login(client, "milo")
    return int(user_id)


def upload(client: FlaskClient, kind: str, content: str | bytes, name: str = "people.csv") -> Any:
    """Send a file; a good one answers with the address of its draft."""
    body = content.encode() if isinstance(content, str) else content
    return client.post("/imports/new", data={"kind": kind, "file": (io.BytesIO(body), name)})


def chosen(page: str) -> dict[str, str]:
    """Return what the page of a draft suggests for each column."""
    found = {}
    for part in page.split('<select class="fd-select" id="column-')[1:]:
        number, options = part.split('"', 1)
        mark = options.split("</select>")[0].split('" selected')
        found[f"column-{number}"] = mark[0].rsplit('value="', 1)[1] if len(mark) > 1 else ""
    return found


@pytest.fixture
def bring(app: Flask, client: FlaskClient, milo: int) -> Import:
    """``bring("contacts", text, duplicates="update")`` uploads, takes what is suggested, and runs the job."""

    def run(kind: str, content: str | bytes, **choices: str) -> Transfer:
        answer = upload(client, kind, content)
        assert answer.status_code == 302, answer.get_data(as_text=True)
        address = answer.headers["Location"]
        page = client.get(address).get_data(as_text=True)
        form = {"duplicates": "skip", "responsible": str(milo), **chosen(page)}
        if kind == "leads":
            form |= {"pipeline": "1", "decimal": "," if 'value="," selected' in page else "."}
        answer = client.post(f"{address}/start", data=form | choices)
        assert answer.status_code == 302, answer.get_data(as_text=True)
        with app.app_context():
            import_id = int(address.rsplit("/", 1)[1])
            import_run.run(import_id)
            db.session.remove()
            transfer = db.session.get_one(Transfer, import_id)
            db.session.expunge(transfer)
            return transfer

    return run


def me(user_id: int) -> User:
    """Return the person."""
    return db.session.get_one(User, user_id)
