"""Clients for tests: a browser with the widget open, by the REST twins that every page may use."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.extensions import db
from app.models.people import Group
from app.models.talks import Messenger, Talk, Widget
from app.services import sealed
from app.services.chats import chat_news
from app.transaction import transaction


def make_widget(group: Group | None = None, **values: Any) -> Widget:
    """A website chat."""
    with transaction():
        widget = Widget(name="Shop", key=uuid.uuid4().hex[:16], group_id=group.id if group else None, **values)
        db.session.add(widget)
    return widget


def make_messenger(group: Group | None = None, url: str = "http://127.0.0.1:9/out") -> Messenger:
    """A connected messenger; its secret is the word *secret*."""
    with transaction():
        values = {"name": "Bridge", "url": url, "secret": sealed.seal("secret")}
        messenger = Messenger(**values, group_id=group.id if group else None)
        db.session.add(messenger)
    return messenger


def newest_talk() -> Talk:
    """The talk with the highest number, as it is now."""
    db.session.expire_all()
    return db.session.scalars(select(Talk).order_by(Talk.number.desc()).limit(1)).one()


class Client:
    """Somebody on a website."""

    def __init__(self, app: Flask, widget_key: str, token: str = "") -> None:
        self._app, self._http = app, app.test_client()
        self.key = widget_key
        self.token = token

    def ask(self, method: str, path: str, **values: Any) -> TestResponse:
        """Call a REST twin."""
        headers = {"X-Widget-Key": self.key, "X-Visitor-Token": self.token, **values.pop("headers", {})}
        # A context of its own, as every request has: the test's would keep who asked before.
        with self._app.app_context():
            return self._http.open(f"/widget/api{path}", method=method, headers=headers, **values)

    def hello(self) -> dict[str, Any]:
        """Open the widget."""
        answer = self.ask("POST", "/hello", json={"page_url": "https://shop.example/bikes"})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        self.token = found["visitor"]["token"]
        return found

    def write(self, body: str = "Hello", client_id: str | None = None, **values: Any) -> dict[str, Any]:
        """Send a message; what the job does about it is done at once."""
        if not self.token:
            self.hello()
        sent = {"client_id": client_id or uuid.uuid4().hex, "body": body, **values}
        answer = self.ask("POST", "/messages", json=sent)
        assert answer.status_code in (200, 201), answer.get_data(as_text=True)
        found: dict[str, Any] = answer.get_json()
        with self._app.app_context():
            chat_news.decide(found["message"]["chat_id"])
        return found

    def seen(self) -> list[dict[str, Any]]:
        """What the widget shows."""
        found: list[dict[str, Any]] = self.hello()["messages"]
        return found
