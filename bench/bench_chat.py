"""What chatting costs, as ratios against a bare Flask-SocketIO handler on the same machine in the same run."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg

import config
from app.data_folder import fernet_key
from app.embedded import free_port
from app.startup import Installation, answers
from app.supervisor import Process, Supervisor
from bench.rows import Row

ROOT = Path(__file__).resolve().parent.parent
PEOPLE, SENDERS, SECONDS, ROUNDS = 520, 20, 4, 3
IDLE = 5000
FAN_OUT_MESSAGES = 200
MANY, FEW, CHATS = 1_000_000, 10_000, 2_000


def run() -> list[Row]:
    """Measure everything; takes about five minutes."""
    with _house() as (installation, environment):
        os.environ.update(environment)
        from app import create_app
        from app.extensions import db

        app = create_app()
        with app.app_context():
            people, tokens = _people()
            chats = _chats(people)
            db.session.rollback()  # nothing stays open while the clients are at it
            rows = _told(_sending(installation, environment, people, tokens, chats))
            rows += _told(_fan_out(installation, people, tokens, chats))
            rows += _told(_idle(installation, people, tokens))
            rows += _told(_big(people[0]))
            db.session.remove()
            db.engine.dispose()
    return rows


def _told(rows: list[Row]) -> list[Row]:
    """Say what is known already: the rest takes minutes."""
    for row in rows:
        print(row, file=sys.stderr, flush=True)
    return rows


@contextmanager
def _house() -> Iterator[tuple[Installation, dict[str, str]]]:
    """The product and the bare handler, with a PostgreSQL that waits for its disk, as outside of tests."""
    path = Path(tempfile.mkdtemp(prefix="frontdesk-bench-"))
    path.chmod(0o711)
    environment = {
        "FRONTDESK_DATA": str(path / "data"),
        "FRONTDESK_TEST": "1",
        "RATE_LIMITS": "off",
        "FRONTDESK_DEMO": "0",
        "PORT": str(free_port()),
        "SECRET_KEY": "only-for-measuring-" * 3,
        "ENCRYPTION_KEY": fernet_key(),
        "LOG_LEVEL": "error",
    }
    settings = config.load({**os.environ, **environment})
    bare = Supervisor()
    installation = Installation(settings, {**os.environ, **environment})
    try:
        installation.folder.prepare()
        installation.start_servers()
        installation.prepare()
        installation.start_processes()
        port = free_port()
        argv = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-w", "1", "-b", f"127.0.0.1:{port}"]
        argv += ["--worker-connections", "5000", "--log-level", "error", "bench.chat_bare:app"]
        dsn = installation.environ["DATABASE_URL"].replace("+psycopg", "", 1)
        process = Process("bare", argv, {**installation.environ, "BENCH_DSN": dsn}, folder=ROOT)
        process.ready = answers(f"http://127.0.0.1:{port}/ready")
        bare.start(process)
        yield installation, {**installation.environ, "BENCH_BARE": f"ws://127.0.0.1:{port}", "BENCH_DSN": dsn}
    finally:
        bare.stop()
        installation.supervisor.stop()
        shutil.rmtree(path, ignore_errors=True)


def _people() -> tuple[list[int], list[str]]:
    from flask_jwt_extended import create_access_token
    from sqlalchemy import text

    from app.extensions import db
    from app.transaction import transaction

    with transaction():
        made = db.session.execute(
            text(
                "INSERT INTO ab_user (first_name, last_name, username, email, password, active)"
                " SELECT 'Pat', 'P' || n, 'bench' || n, 'bench' || n || '@example.com', '-', true"
                " FROM generate_series(1, :n) n RETURNING id"
            ),
            {"n": PEOPLE},
        )
        people = [row.id for row in made]
        db.session.execute(
            text(
                "INSERT INTO ab_user_role (user_id, role_id) SELECT u.id, r.id FROM ab_user u, ab_role r"
                " WHERE u.username LIKE 'bench%' AND r.name = 'Staff'"
            )
        )
    return people, [create_access_token(identity=str(user_id)) for user_id in people]


def _chats(people: list[int]) -> dict[str, list[int]]:
    """Twice the same chats: for the product and for the bare handler."""
    from app.extensions import db
    from app.models.people import User
    from app.services import chats
    from app.transaction import transaction

    def make(owner: int, members: list[int]) -> int:
        with transaction():
            actor = db.session.get_one(User, owner)
            own, _ = chats.create(actor, {"kind": "group", "name": "Bench", "member_ids": members})
            return own.chat_id

    made: dict[str, list[int]] = {}
    for who in ("ours", "bare"):
        made[f"{who} many"] = [make(people[number], [people[-1]]) for number in range(SENDERS)]
        made[f"{who} one"] = [make(people[0], people[1:SENDERS])]
        made[f"{who} big"] = [make(people[0], people[1:501])]
    return made


def _sending(
    installation: Installation, environment: dict[str, str], people: list[int], tokens: list[str], chats: dict[str, Any]
) -> list[Row]:
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for name, senders in (("many", SENDERS), ("one", SENDERS), ("alone", 1)):
            for who in ("bare", "ours"):
                rooms = chats[f"{who} {'many' if name == 'alone' else name}"]
                order = {
                    "do": "send",
                    "name": secrets.token_hex(6),
                    "seconds": SECONDS,
                    "url": _url(installation, environment, who),
                    "senders": [
                        {
                            "chat_id": rooms[sender % len(rooms)],
                            "auth": _auth(who, people[sender], tokens[sender], [rooms[sender % len(rooms)]]),
                        }
                        for sender in range(senders)
                    ],
                }
                found.setdefault(f"{who} {name}", []).append(_load(order))
        found.setdefault("psycopg", []).append({"per_second": _loop(environment["BENCH_DSN"], people[0], chats)})
    rate = {key: statistics.median(one["per_second"] for one in all_) for key, all_ in found.items()}
    median = {key: statistics.median(one.get("median", 0) for one in all_) for key, all_ in found.items()}
    loop = f"psycopg alone {rate['psycopg']:.0f}/s"
    return [
        Row(
            f"sends per second, {SENDERS} senders in {'20 chats' if name == 'many' else 'one chat'}",
            f"{rate[f'ours {name}']:.0f}/s against {rate[f'bare {name}']:.0f}/s bare; {loop}",
            rate[f"ours {name}"] / rate[f"bare {name}"],
            ">=",
            0.5,
        )
        for name in ("many", "one")
    ] + [
        Row(
            "one sender's median time to the acknowledgement",
            f"{median['ours alone'] * 1000:.2f} ms against {median['bare alone'] * 1000:.2f} ms bare; {loop}",
            median["ours alone"] / median["bare alone"],
            "<=",
            2.0,
        )
    ]


def _fan_out(installation: Installation, people: list[int], tokens: list[str], chats: dict[str, Any]) -> list[Row]:
    found: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(ROUNDS):
        for who in ("bare", "ours"):
            (chat_id,) = chats[f"{who} big"]
            order = {
                "do": "fan_out",
                "name": secrets.token_hex(6),
                "url": _url(installation, os.environ, who),
                "chat_id": chat_id,
                "messages": FAN_OUT_MESSAGES,
                # The bare side stores nothing: it is what an emit to a room reaches.
                "event": "message.send" if who == "ours" else "shout",
                "sender": _auth(who, people[0], tokens[0], [chat_id]),
                "listeners": [_auth(who, people[n], tokens[n], [chat_id]) for n in range(1, 501)],
            }
            found[who].append(_load(order)["per_second"])
    ours, bare = statistics.median(found["ours"]), statistics.median(found["bare"])
    words = f"{ours:.0f} deliveries/s, each message stored, against {bare:.0f}/s of bare emits"
    return [Row("fan-out of one chat to 500 members", words, ours / bare, ">=", 0.5)]


def _idle(installation: Installation, people: list[int], tokens: list[str]) -> list[Row]:
    sockets = [_auth("ours", people[n % PEOPLE], tokens[n % PEOPLE], []) for n in range(IDLE - 10)]
    before = _web_bytes(installation)
    order = {"do": "idle", "url": _url(installation, os.environ, "ours"), "sockets": sockets}
    with _client() as client:
        _order(client, order)
        opened = json.loads(client.stdout.readline() or "{}").get("open", 0)  # type: ignore[union-attr]
        each = (_web_bytes(installation) - before) / max(1, opened) / 1024
        client.stdin.close()  # type: ignore[union-attr]
    return [Row(f"{opened:,} idle connections, each", f"{each:.0f} KB", each, "<=", 100.0)]


def _big(user_id: int) -> list[Row]:
    """Opening a chat and the feed: 10,000 messages in 20 chats, then a million in 2,000, 20 of them the person's."""
    from sqlalchemy import text

    from app.extensions import db
    from app.services import chat_pages, feed, message_pages
    from app.transaction import transaction

    def fill(messages: int, chats: int) -> int:
        values = {"chats": chats, "each": messages // chats, "user_id": user_id}
        # A connection of its own: a million rows take longer than any request may.
        with psycopg.connect(os.environ["BENCH_DSN"], autocommit=True) as connection:
            connection.execute("SET transaction_timeout = 0")
            made = connection.execute(
                "WITH made AS (INSERT INTO chats (kind, name, created_at, last_seq, last_message_at)"
                " SELECT 'group', 'Big ' || n, now(), %(each)s, now() - n * interval '1 minute'"
                " FROM generate_series(1, %(chats)s) n RETURNING id) SELECT min(id) FROM made",
                values,
            ).fetchone()
            assert made is not None
            values["first"] = made[0]
            connection.execute(
                "INSERT INTO chat_members (chat_id, user_id, joined_at, last_read_seq)"
                " SELECT %(first)s + n, %(user_id)s, now(), %(each)s - 5 FROM generate_series(0, 19) n",
                values,
            )
            connection.execute(
                "INSERT INTO messages (chat_id, seq, author_id, body, created_at)"
                " SELECT %(first)s + c, s, %(user_id)s + 1, 'Is the frame number ' || s || ' free on Saturday?', now()"
                " FROM generate_series(1, %(each)s) s, generate_series(0, %(chats)s - 1) c",
                values,
            )
            connection.execute("VACUUM ANALYZE")
        return int(values["first"])

    def leave() -> None:
        with transaction():
            db.session.execute(text("DELETE FROM chat_members WHERE user_id = :id"), {"id": user_id})

    def open_chat(chat_id: int) -> None:
        chat_pages.one(user_id, chat_id)
        message_pages.page(db.session(), chat_id)
        chat_pages.first_unread_seq(user_id, chat_id)
        db.session.rollback()

    def open_feed() -> None:
        feed.page(db.session(), user_id)
        feed.counters(db.session(), [user_id])
        db.session.rollback()

    times = []
    for messages, chats in ((FEW, 20), (MANY, CHATS)):
        leave()
        first = fill(messages, chats)
        times.append((_best(lambda first=first: open_chat(first)), _best(open_feed)))
    (chat_few, feed_few), (chat_many, feed_many) = times
    return [
        Row(
            f"opening {what} with {MANY:,} messages and {CHATS:,} chats",
            f"{many * 1000:.2f} ms against {few * 1000:.2f} ms with {FEW:,}",
            many / few,
            "<=",
            1.3,
        )
        for what, few, many in (("a chat", chat_few, chat_many), ("the feed", feed_few, feed_many))
    ]


def _best(action: Callable[[], None]) -> float:
    """The median of the faster half of many runs: what the work costs without what else the machine does."""
    times = []
    for _ in range(60):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(sorted(times)[:30])


def _loop(dsn: str, author: int, chats: dict[str, Any]) -> float:
    from bench.chat_statement import SEND

    done, ends = 0, time.perf_counter() + 2
    with psycopg.connect(dsn) as connection:
        values = {"chat": chats["bare one"][0], "author": author, "body": "Is the 56 free?"}
        while time.perf_counter() < ends:
            connection.execute(SEND, values | {"client_id": secrets.token_hex(8)})
            connection.commit()
            done += 1
    return done / 2


def _url(installation: Installation, environment: Any, who: str) -> str:
    return installation.local_url.replace("http", "ws", 1) if who == "ours" else str(environment["BENCH_BARE"])


def _auth(who: str, user_id: int, token: str, chats: list[int]) -> dict[str, Any]:
    return {"token": token} if who == "ours" else {"user_id": user_id, "chats": chats}


@contextmanager
def _client() -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "bench.chat_load"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as client:
        try:
            yield client
        finally:
            if client.poll() is None:
                client.kill()


def _order(client: subprocess.Popen[str], order: dict[str, Any]) -> None:
    assert client.stdin is not None
    client.stdin.write(json.dumps(order) + "\n")
    client.stdin.flush()


def _load(order: dict[str, Any]) -> dict[str, float]:
    with _client() as client:
        _order(client, order)
        assert client.stdout is not None
        answer: dict[str, float] = json.loads(client.stdout.readline())
    return answer


def _web_bytes(installation: Installation) -> int:
    """What the web processes hold; gunicorn's first process does not serve."""
    port = int(installation.settings["PORT"])
    serving = {one.pid for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == port and one.pid}
    return sum(psutil.Process(pid).memory_full_info().uss for pid in serving)


if __name__ == "__main__":
    run()
