"""Colleagues for tests of clients' talks, by REST as programs are."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Flask

from app.services.chats import chat_news
from tests import builders


class Colleague:
    """One of the team, by REST."""

    def __init__(self, app: Flask, name: str) -> None:
        self._app, self._http = app, app.test_client()
        with app.app_context():
            self._headers = builders.bearer(self._http, name)

    def call(self, method: str, path: str, **body: Any) -> Any:
        with self._app.app_context():
            return self._http.open(f"/api/v1{path}", method=method, json=body or None, headers=self._headers)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def answer(self, chat_id: int, body: str, **values: Any) -> Any:
        client_id = uuid.uuid4().hex
        sent = self.call("POST", f"/chats/{chat_id}/messages", client_id=client_id, body=body, **values)
        assert sent.status_code == 201, sent.get_data(as_text=True)
        with self._app.app_context():
            chat_news.decide(chat_id)
        return sent.get_json()["message"]

    def feed(self, filter: str = "all") -> list[dict[str, Any]]:
        return self.get(f"/center/feed?filter={filter}")["items"]
