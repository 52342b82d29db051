"""Who chats in the measurements, and the processes that play their clients."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask_jwt_extended import create_access_token
from sqlalchemy import text

from app.extensions import db
from app.models.people import User
from app.services.chats import chats as chat_service
from app.startup import ROOT
from app.transaction import transaction

PEOPLE = 520


def people() -> tuple[list[int], list[str]]:
    """Make 520 people; return their ids and access tokens. Made once, whoever asks first."""
    with transaction():
        db.session.execute(
            text(
                "INSERT INTO ab_user (first_name, last_name, username, email, password, active)"
                " SELECT 'Pat', 'P' || n, 'chatter' || n, 'chatter' || n || '@example.com', '-', true"
                " FROM generate_series(1, :n) n ON CONFLICT DO NOTHING"
            ),
            {"n": PEOPLE},
        )
        db.session.execute(
            text(
                "INSERT INTO ab_user_role (user_id, role_id) SELECT u.id, r.id FROM ab_user u, ab_role r"
                " WHERE u.username LIKE 'chatter%' AND r.name = 'Staff' AND NOT EXISTS ("
                "  SELECT FROM ab_user_role x WHERE x.user_id = u.id)"
            )
        )
        found = db.session.execute(text("SELECT id FROM ab_user WHERE username LIKE 'chatter%' ORDER BY id"))
        ids = [row.id for row in found]
    return ids, [create_access_token(identity=str(user_id)) for user_id in ids]


def group_chat(owner: int, members: list[int]) -> int:
    """Start a group chat; return its id."""
    with transaction():
        actor = db.session.get_one(User, owner)
        own, _ = chat_service.create(actor, {"kind": "group", "name": "Bench", "member_ids": members})
        return own.chat_id


def dsn() -> str:
    """Return the address of the database as psycopg wants it."""
    return os.environ["DATABASE_URL"].replace("+psycopg", "", 1)


def load(order: dict[str, Any]) -> dict[str, float]:
    """Let a process of its own do what ``bench/chat_load.py`` understands; return what it found out."""
    with client() as process:
        tell(process, order)
        assert process.stdout is not None
        answer: dict[str, float] = json.loads(process.stdout.readline())
    return answer


@contextmanager
def client() -> Iterator[subprocess.Popen[str]]:
    """Start a process that plays clients; it is gone afterwards."""
    argv = [sys.executable, "-m", "bench.chat_load"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def tell(process: subprocess.Popen[str], order: dict[str, Any]) -> None:
    """Give a client process its order."""
    assert process.stdin is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
