"""Telegram's bot API as far as the product uses it, with its errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask import Flask

from app.channels import telegram
from tests.http_servers import HttpServer

TOKEN = "123456789:" + "a" * 35


class TelegramApi(HttpServer):
    """``answers`` are used up first, as (status, description, parameters); ``updates`` wait to be polled."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.answers: list[tuple[int, str, dict[str, Any]]] = []
        self.updates: list[dict[str, Any]] = []
        self._numbers = 100
        super().__init__()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        status, said = self._answer(path, body.decode())
        return status, {"content-type": "application/json"}, json.dumps(said).encode()

    def _answer(self, path: str, body: str) -> tuple[int, dict[str, Any]]:
        found = re.fullmatch(r"/bot([^/]+)/(\w+)(?:\?(.*))?", path)
        if not found or found[1] != TOKEN:
            return 401, _error(401, "Unauthorized")
        method = found[2]
        fields = {name: values[0] for name, values in parse_qs(body or found[3] or "").items()}
        self.calls.append((method, fields))
        if method == "getMe":
            return 200, _ok({"id": 1, "is_bot": True, "first_name": "Desk", "username": "desk_bot"})
        if method == "getUpdates":
            offset = int(fields.get("offset") or 0)
            self.updates = [update for update in self.updates if update["update_id"] >= offset]
            return 200, _ok(self.updates)
        if method != "sendMessage":
            return 200, _ok(True)
        if self.answers:
            status, description, parameters = self.answers.pop(0)
            return status, _error(status, description, parameters)
        self._numbers += 1
        self.sent.append(fields | {"message_id": str(self._numbers)})
        chat = {"id": int(fields["chat_id"]), "type": "private"}
        return 200, _ok({"message_id": self._numbers, "date": 1, "chat": chat, "text": fields["text"]})


def message(update_id: int, chat_id: int, words: str, *, reply_to: int | None = None, kind: str = "private") -> Any:
    """An update as Telegram sends it."""
    sender = {"id": chat_id, "is_bot": False, "first_name": "Ann", "last_name": "Wheeler", "username": "ann"}
    chat = {"id": chat_id, "type": kind, "first_name": "Ann"}
    told: dict[str, Any] = {"message_id": update_id + 500, "date": 1, "chat": chat, "from": sender, "text": words}
    if reply_to is not None:
        told["reply_to_message"] = {"message_id": reply_to, "date": 1, "chat": chat, "text": "…"}
    return {"update_id": update_id, "message": told}


def _ok(result: Any) -> dict[str, Any]:
    return {"ok": True, "result": result}


def _error(code: int, description: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = {"ok": False, "error_code": code, "description": description}
    return answer | {"parameters": parameters} if parameters else answer


@pytest.fixture
def telegram_api(app: Flask) -> Iterator[TelegramApi]:
    """A bot API on this machine, and an application that has a bot there."""
    api = TelegramApi()
    before = {name: app.config[name] for name in ("TELEGRAM_API_URL", "TELEGRAM_BOT_TOKEN")}
    app.config.update(TELEGRAM_API_URL=api.url, TELEGRAM_BOT_TOKEN=TOKEN)
    telegram.init_app(app)
    yield api
    app.config.update(before)
    telegram.init_app(app)
    api.stop()
