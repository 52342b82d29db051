"""What chatting costs, as ratios against a bare Flask-SocketIO handler on the same machine in the same run."""

from __future__ import annotations

import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import psycopg
from sqlalchemy import text

from app.embedded import free_port
from app.extensions import db
from app.services import feed, feed_counters
from app.services.chats import chat_pages, message_pages
from app.startup import ROOT, answers
from app.supervisor import Process, Supervisor
from app.transaction import transaction
from bench.chat_people import PEOPLE, client, dsn, group_chat, load, people, tell
from bench.chat_statement import SEND
from bench.house import application, url
from bench.row import Row, at_least, at_most, noted

SENDERS, SECONDS, ROUNDS = 20, 4, 3
IDLE = 5000
# Several write, so that no side waits for one message to be stored or heard while it could send the next.
FAN_OUT_SENDERS, FAN_OUT_MESSAGES = 4, 100
MANY, FEW, CHATS = 1_000_000, 10_000, 2_000


def run() -> list[Row]:
    """Measure everything; takes about five minutes. The house of the other measurements serves the product."""
    with application().app_context(), _bare() as bare:
        users, tokens = people()
        chats = _chats(users)
        db.session.rollback()  # nothing stays open while the clients are at it
        doors = {"ours": url().replace("http", "ws", 1), "bare": bare}
        rows = _sending(doors, users, tokens, chats)
        rows += _fan_out(doors, users, tokens, chats)
        rows += _idle(doors["ours"], users, tokens)
        rows += _big(users[0])
        db.session.remove()
    return rows


@contextmanager
def _bare() -> Iterator[str]:
    """The bare handler, served like the product, on the same database and Valkey. Yields its address."""
    port = free_port()
    argv = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-w", "1", "-b", f"127.0.0.1:{port}"]
    argv += ["--worker-connections", "5000", "--log-level", "error", "bench.chat_bare:app"]
    supervisor = Supervisor()
    process = Process("bare", argv, {**os.environ, "BENCH_DSN": dsn()}, folder=ROOT)
    process.ready = answers(f"http://127.0.0.1:{port}/ready")
    try:
        supervisor.start(process)
        yield f"ws://127.0.0.1:{port}"
    finally:
        supervisor.stop()


def _chats(people: list[int]) -> dict[str, list[int]]:
    """Twice the same chats: for the product and for the bare handler."""

    made: dict[str, list[int]] = {}
    for who in ("ours", "bare"):
        made[f"{who} many"] = [group_chat(people[number], [people[-1]]) for number in range(SENDERS)]
        made[f"{who} one"] = [group_chat(people[0], people[1:SENDERS])]
        made[f"{who} big"] = [group_chat(people[0], people[1:501])]
    return made


def _sending(doors: dict[str, str], people: list[int], tokens: list[str], chats: dict[str, list[int]]) -> list[Row]:
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(ROUNDS):
        for name, senders in (("many", SENDERS), ("one", SENDERS), ("alone", 1)):
            for who in ("bare", "ours"):
                rooms = chats[f"{who} {'many' if name == 'alone' else name}"]
                order = {
                    "do": "send",
                    "name": secrets.token_hex(6),
                    "seconds": SECONDS,
                    "url": doors[who],
                    "senders": [
                        {
                            "chat_id": rooms[sender % len(rooms)],
                            "auth": _auth(who, people[sender], tokens[sender], [rooms[sender % len(rooms)]]),
                        }
                        for sender in range(senders)
                    ],
                }
                found.setdefault(f"{who} {name}", []).append(load(order))
        found.setdefault("psycopg", []).append({"per_second": _loop(people[0], chats)})
    rate = {key: statistics.median(one["per_second"] for one in all_) for key, all_ in found.items()}
    median = {key: statistics.median(one.get("median", 0) for one in all_) for key, all_ in found.items()}
    return [
        at_least(f"chat: durable sends, {SENDERS} senders in 20 chats, of a bare handler's", _of("many", rate), 0.5),
        at_least(f"chat: durable sends, {SENDERS} senders in one chat, of a bare handler's", _of("one", rate), 0.5),
        at_most("chat: one sender's median acknowledgement, against a bare handler's", _of("alone", median), 2.0),
        *(noted(f"chat: {key}, sends per second", value) for key, value in rate.items()),
    ]


def _of(name: str, values: dict[str, float]) -> float:
    return values[f"ours {name}"] / values[f"bare {name}"]


def _fan_out(doors: dict[str, str], people: list[int], tokens: list[str], chats: dict[str, list[int]]) -> list[Row]:
    found: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(ROUNDS):
        for who in ("bare", "ours"):
            (chat_id,) = chats[f"{who} big"]
            order = {
                "do": "fan_out",
                "name": secrets.token_hex(6),
                "url": doors[who],
                "chat_id": chat_id,
                "messages": FAN_OUT_MESSAGES,
                # The bare side stores nothing: it is what an emit to a room reaches.
                "event": "message.send" if who == "ours" else "shout",
                "senders": [_auth(who, people[0], tokens[0], [])] * FAN_OUT_SENDERS,
                "listeners": [_auth(who, people[n], tokens[n], [chat_id]) for n in range(1, 501)],
            }
            found[who].append(load(order)["per_second"])
    ours, bare = statistics.median(found["ours"]), statistics.median(found["bare"])
    return [
        at_least("chat: stored messages to 500 members, deliveries of a bare emit's", ours / bare, 0.5),
        noted("chat: deliveries of stored messages to 500 members", ours, "/s"),
    ]


def _idle(door: str, people: list[int], tokens: list[str]) -> list[Row]:
    sockets = [_auth("ours", people[n % PEOPLE], tokens[n % PEOPLE], []) for n in range(IDLE - 10)]
    before = _web_bytes()
    order = {"do": "idle", "url": door, "sockets": sockets}
    with client() as process:
        tell(process, order)
        opened = json.loads(process.stdout.readline() or "{}").get("open", 0)  # type: ignore[union-attr]
        each = (_web_bytes() - before) / max(1, opened) / 1024
        process.stdin.close()  # type: ignore[union-attr]
    return [at_most(f"chat: {opened:,} idle connections, each", each, 100, "KB")]


def _big(user_id: int) -> list[Row]:
    """Opening a chat and the feed: 10,000 messages in 20 chats, then a million in 2,000, 20 of them the person's."""

    def fill(messages: int, chats: int) -> int:
        values = {"chats": chats, "each": messages // chats, "user_id": user_id}
        # A connection of its own: a million rows take longer than any request may.
        with psycopg.connect(dsn(), autocommit=True) as connection:
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
        feed_counters.counters(db.session(), [user_id])
        db.session.rollback()

    times = []
    for messages, chats in ((FEW, 20), (MANY, CHATS)):
        leave()
        first = fill(messages, chats)
        times.append((_best(lambda first=first: open_chat(first)), _best(open_feed)))
    with psycopg.connect(dsn(), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO chat_members (chat_id, user_id, joined_at, last_read_seq)"
            " SELECT id, %(user_id)s, now(), last_seq - 5 FROM chats WHERE id >= %(first)s ON CONFLICT DO NOTHING",
            {"user_id": user_id, "first": first},
        )
        connection.execute("VACUUM ANALYZE chat_members")
    everywhere = _best(open_feed)
    (chat_few, feed_few), (chat_many, feed_many) = times
    more = f"with {MANY:,} messages, of the time with {FEW:,}"
    return [
        at_most(f"chat: opening one {more}", chat_many / chat_few, 1.3),
        at_most(f"chat: opening the feed {more}", feed_many / feed_few, 1.3),
        noted("chat: opening one", chat_many * 1000, "ms"),
        noted("chat: opening the feed", feed_many * 1000, "ms"),
        noted(
            f"chat: opening the feed as a member of all {CHATS:,} chats, each with unread messages",
            everywhere * 1000,
            "ms",
        ),
    ]


def _best(action: Callable[[], None]) -> float:
    """The median of the faster half of many runs: what the work costs without what else the machine does."""
    times = []
    for _ in range(60):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(sorted(times)[:30])


def _loop(author: int, chats: dict[str, list[int]]) -> float:
    done, ends = 0, time.perf_counter() + 2
    with psycopg.connect(dsn()) as connection:
        values = {"chat": chats["bare one"][0], "author": author, "body": "Is the 56 free?"}
        while time.perf_counter() < ends:
            connection.execute(SEND, values | {"client_id": secrets.token_hex(8)})
            connection.commit()
            done += 1
    return done / 2


def _auth(who: str, user_id: int, token: str, chats: list[int]) -> dict[str, Any]:
    return {"token": token} if who == "ours" else {"user_id": user_id, "chats": chats}


def _web_bytes() -> int:
    """What the web processes hold; gunicorn's first process does not serve."""
    port = int(url().rpartition(":")[2])
    serving = {one.pid for one in psutil.net_connections("tcp") if one.laddr and one.laddr.port == port and one.pid}
    return sum(psutil.Process(pid).memory_full_info().uss for pid in serving)
