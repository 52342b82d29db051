"""What clients cost: staff chat beside 2,000 visitors who write, and the memory of one who does not."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from typing import Any

import psutil
from flask_jwt_extended import create_access_token
from sqlalchemy import select

from app.extensions import db
from app.models.people import Role, User
from app.models.talks import Widget
from app.services.chats import chats
from app.transaction import transaction
from bench import house
from bench.row import Row, at_most, noted

VISITORS, STAFF, PER_SECOND, WRITING, SECONDS, RUSH_SECONDS = 2000, 200, 50, 200, 15, 6


def run() -> list[Row]:
    """Measure with one web process; takes about two minutes."""
    with house.application().app_context():
        order = _order()
    web = _web_processes()
    load = subprocess.Popen(
        [sys.executable, "-m", "bench.client_load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        _say(load, order)
        alone = _hear(load)["alone"]
        before = _memory(web)
        _say(load, {})
        _hear(load)
        per_visitor = (_memory(web) - before) / VISITORS / 1024
        _say(load, {})
        beside = _hear(load)["beside"]
        _say(load, {})
        rush = _hear(load)
    finally:
        load.kill()
        load.wait()
    return [
        noted("Staff chat alone, p99", alone * 1000, "ms"),
        noted(f"… beside {VISITORS} visitors, {PER_SECOND} messages a second, p99", beside * 1000, "ms"),
        at_most("Staff chat beside visitors against alone, p99", beside / alone, 2.0, "×"),
        at_most("Memory of an idle visitor", per_visitor, 100, "KB"),
        at_most(f"{PER_SECOND} new clients a second, {rush['of']} in all: refused", rush["refused"], 0),
        noted("… slowest answer", rush["slowest"], "s"),
    ]


def _order() -> dict[str, Any]:
    with transaction():
        role = db.session.scalars(select(Role).where(Role.name == "Staff")).one()
        people = [
            User(username=f"c{n}", first_name="Pat", last_name=f"C{n}", email=f"c{n}@example.com", active=True)
            for n in range(STAFF)
        ]
        for person in people:
            person.password, person.roles = "none", [role]
        db.session.add_all(people)
        db.session.flush()
        partners = zip(people[::2], people[1::2], strict=True)
        chat_of: dict[int, int] = {}
        for one, other in partners:
            member, _ = chats.create(one, {"kind": "direct", "member_ids": [other.id]})
            chat_of[one.id] = chat_of[other.id] = member.chat_id
    staff = [
        {"auth": {"token": create_access_token(str(person.id))}, "chat_id": chat_of[person.id]} for person in people
    ]
    key = db.session.scalars(select(Widget.key).order_by(Widget.id)).first()
    db.session.rollback()
    return {
        "url": house.url().replace("http", "ws", 1),
        "name": secrets.token_hex(4),
        "staff": staff,
        "widget": key,
        "visitors": VISITORS,
        "writing": WRITING,
        "per_second": PER_SECOND,
        "seconds": SECONDS,
        "rush_seconds": RUSH_SECONDS,
    }


def _web_processes() -> list[psutil.Process]:
    """The processes that listen where the installation is."""
    port = int(house.url().rsplit(":", 1)[1])
    pids = {one.pid for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == port and one.pid}
    return [psutil.Process(pid) for pid in pids]


def _memory(processes: list[psutil.Process]) -> int:
    return sum(process.memory_full_info().uss for process in processes)


def _say(load: subprocess.Popen[str], order: dict[str, Any]) -> None:
    assert load.stdin is not None
    load.stdin.write(json.dumps(order) + "\n")
    load.stdin.flush()


def _hear(load: subprocess.Popen[str]) -> dict[str, Any]:
    assert load.stdout is not None
    line = load.stdout.readline()
    if not line:
        raise RuntimeError("the clients' process ended")
    return dict(json.loads(line))
