"""How fast signed webhooks are taken in, against a bare Flask route that inserts one row, on the same machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from sqlalchemy import text

from app.embedded import free_port
from app.extensions import db
from app.models.people import RoleName, User
from app.services import sealed
from app.services.calls import call_lines
from app.services.payments import payments, stripe_settings
from app.services.people import groups
from app.startup import ROOT, answers
from app.supervisor import Process, Supervisor
from app.transaction import transaction
from bench.house import application, url
from bench.row import Row, at_least, noted

EVENTS, ROUNDS, AT_ONCE = 400, 5, 16
WARM, TAKEN = 50, 100
CONTACTS = 20_000
RATIO = 0.3
SECRET = "whsec_bench_0123456789"

Maker = Callable[[int], tuple[str, bytes, dict[str, str]]]


def run() -> list[Row]:
    """Measure Stripe's events and calls in turns with the bare route; takes about a minute."""
    with application().app_context(), _bare() as bare, _sender() as sender:
        token = _prepare()
        db.session.remove()
        kinds: dict[str, tuple[str, Maker]] = {
            "bare": (bare, _plain),
            "stripe": (url(), _stripe),
            "calls": (url(), lambda number: _call(number, token)),
        }
        for address, maker in kinds.values():  # warm
            _send(sender, address, [maker(10**6 + number) for number in range(WARM)])
        rates: dict[str, list[float]] = {name: [] for name in kinds}
        for turn in range(ROUNDS):
            for name, (address, maker) in kinds.items():
                # Calls are shown for comparison: a fifth of them tells enough.
                count = EVENTS // 5 if name == "calls" else EVENTS
                made = [maker(turn * EVENTS + number) for number in range(count)]
                rates[name].append(_send(sender, address, made))
        waiting = db.session.execute(text("SELECT count(*) FROM stripe_events WHERE said IS NOT NULL")).scalar_one()
        assert waiting == ROUNDS * EVENTS + WARM, f"{waiting} events were kept"
        taken = _take_some()
        db.session.remove()
    found = {name: statistics.median(values) for name, values in rates.items()}
    return [
        at_least(
            "Signed payments of Stripe: as part of a bare one-row route's requests/s", _part(found, "stripe"), RATIO
        ),
        noted("… requests per second", found["stripe"]),
        noted("… requests per second of the bare route", found["bare"]),
        noted("… payments per second taken after it: contact matched, people told", taken),
        noted("Reports of calls, all of it before the answer: requests per second", found["calls"]),
    ]


def _take_some() -> float:
    """What the beat does about kept events: so many per second."""
    started = time.perf_counter()
    with transaction():
        assert payments.take_waiting(TAKEN) == TAKEN
    return TAKEN / (time.perf_counter() - started)


def _part(found: dict[str, float], name: str) -> float:
    return found[name] / found["bare"]


def _prepare() -> str:
    """Connect Stripe and a telephone line, and have clients to match; return the line's token."""
    with transaction():
        admin = db.session.scalars(db.select(User).where(User.roles.any(name=RoleName.ADMIN))).first()
        assert admin is not None
        stripe_settings.connect(admin, SECRET)
        group = groups.create(admin, {"name": "Bench"})
        line = call_lines.create(admin, {"name": "Bench", "group_id": group.id, "makes_leads": False})
        db.session.execute(
            text(
                "INSERT INTO contacts (name, sort_key, email, phone, phone_tail, responsible_id, created_at)"
                " SELECT 'Client ' || n, 'client ' || n, 'client' || n || '@example.org', '+431' || 5550000 + n,"
                " right('431' || 5550000 + n, 10), :owner, now() FROM generate_series(1, :n) n"
            ),
            {"n": CONTACTS, "owner": admin.id},
        )
        db.session.execute(text("CREATE TABLE bench_hooks (id bigint GENERATED ALWAYS AS IDENTITY, body bytea)"))
        return sealed.opened(line.token)


def _plain(number: int) -> tuple[str, bytes, dict[str, str]]:
    return "/hook", _stripe(number)[1], {}


def _stripe(number: int) -> tuple[str, bytes, dict[str, str]]:
    event = {
        "id": f"evt_{number}",
        "type": "payment_intent.succeeded",
        "created": 1_763_000_000 + number,
        "livemode": True,
        "data": {
            "object": {
                "id": f"pi_{number}",
                "amount": 4200 + number,
                "amount_received": 4200 + number,
                "currency": "eur",
                "customer": f"cus_{number}",
                "receipt_email": f"client{number % CONTACTS + 1}@example.org",
                "description": "Order 1142",
            }
        },
    }
    body, moment = json.dumps(event).encode(), int(time.time())
    signed = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return "/hooks/stripe", body, {"Stripe-Signature": f"t={moment},v1={signed}"}


def _call(number: int, token: str) -> tuple[str, bytes, dict[str, str]]:
    report = {
        "call_id": f"call-{number}",
        "direction": "outgoing",
        "phone": f"+431{5550000 + number % CONTACTS + 1}",
        "status": "ended",
        "duration": 90,
    }
    return f"/hooks/calls/{token}", json.dumps(report).encode(), {}


def _send(sender: subprocess.Popen[str], address: str, made: list[tuple[str, bytes, dict[str, str]]]) -> float:
    """Requests per second; every one of them must be taken."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    order = {"host": host, "port": port, "at_once": AT_ONCE, "requests": [_request(host, *one) for one in made]}
    assert sender.stdin is not None
    assert sender.stdout is not None
    sender.stdin.write(json.dumps(order) + "\n")
    sender.stdin.flush()
    answer = json.loads(sender.stdout.readline())
    assert answer["statuses"] == {"200": len(made)}, answer["statuses"]
    return len(made) / float(answer["seconds"])


def _request(host: str | None, path: str, body: bytes, headers: dict[str, str]) -> str:
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items())]
    return base64.b64encode("\r\n".join([*lines, "", ""]).encode() + body).decode()


@contextmanager
def _sender() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.hook_load"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def _bare() -> Iterator[str]:
    """The bare route, served like the product, on the same database. Yields its address."""
    port = free_port()
    argv = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-w", "1", "-b", f"127.0.0.1:{port}"]
    argv += ["--log-level", "error", "bench.hook_bare:app"]
    environ = {**os.environ, "BENCH_DSN": os.environ["DATABASE_URL"].replace("+psycopg", "", 1)}
    supervisor = Supervisor()
    process = Process("bare", argv, environ, folder=ROOT)
    process.ready = answers(f"http://127.0.0.1:{port}/ready")
    try:
        supervisor.start(process)
        yield f"http://127.0.0.1:{port}"
    finally:
        supervisor.stop()
