"""Whose number calls and whose address writes, among a million contacts against ten thousand: by an index, so the same.

BENCH_CONTACTS says how many the million are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from app import clock
from app.extensions import db
from app.services.calls import caller
from app.services.mails import mail_people
from app.services.mails.mail_incoming import IncomingMail
from bench.bulk import without_indexes
from bench.house import application
from bench.row import Row, at_most, noted

FEW, MANY = 10_000, int(os.environ.get("BENCH_CONTACTS", "1000000"))
ROUNDS, ASKED = 10, 200
# A prime: asked for all over the table.
_STEP = 7_919
_CONTACTS = """
INSERT INTO contacts (name, sort_key, email, phone, phone_tail, created_at)
SELECT 'Match ' || i, 'match ' || i, 'Match.' || i || '@bench.example', '+43 ' || i, '7' || lpad(i::text, 9, '0'), now()
FROM generate_series(%(first)s::bigint, %(last)s) i
"""


def run() -> list[Row]:
    """Ask among few, then among many; nobody is left behind."""
    with application().app_context():
        try:
            few = _among(1, FEW)
            many = _among(FEW + 1, MANY)
        finally:
            db.session.remove()
            with without_indexes(["contacts"]) as connection:
                connection.execute("DELETE FROM contacts WHERE email LIKE 'Match.%@bench.example'")
    rows: list[Row] = []
    for name, before, after in zip(("a number", "an address"), few, many, strict=True):
        rows += [
            at_most(f"Matching {name} among {MANY:,} contacts, of {FEW:,}'s time", after / before, 1.5),
            noted("… milliseconds", after * 1000, "ms"),
        ]
    return rows


def _among(first: int, last: int) -> tuple[float, float]:
    with without_indexes(["contacts"]) as connection:
        connection.execute(_CONTACTS, {"first": first, "last": last})
    asked = [1 + number * _STEP % last for number in range(ASKED)]
    return _best(_number, asked), _best(_address, asked)


def _best(ask: Callable[[int], str], asked: list[int]) -> float:
    """Seconds for one, in the best round: other programs can only add to it."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for number in asked:
            assert ask(number) == f"Match {number}"
        seconds.append((time.perf_counter() - started) / len(asked))
        db.session.rollback()  # a transaction may last 20 seconds
    return min(seconds)


def _number(number: int) -> str:
    found = caller.by_tails([f"7{number:09d}"])
    return found.name if found is not None else ""


def _address(number: int) -> str:
    mail = IncomingMail(1, "", clock.now(), from_address=f"match.{number}@bench.example")
    return mail_people.people_of([(1, mail)], {1: False})[1].name
