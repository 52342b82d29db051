"""What activity limits cost a list page, and how fast a deactivation reaches open sockets on two web processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from flask_jwt_extended import create_access_token
from sqlalchemy import Engine, text

from app.extensions import db
from app.models.people import User
from app.services.limits import limits
from app.services.people import people
from app.startup import ROOT
from app.transaction import transaction
from bench import house
from bench.row import Row, at_most, noted
from bench.statements import counted

SOCKETS, ROUNDS = 1000, 200


def run() -> list[Row]:
    """Count with limits on; then open the sockets, at two processes, and deactivate their person."""
    return [*_counting(), *_reaching()]


def _counting() -> list[Row]:
    app = house.application()
    with app.app_context():
        with transaction():
            for kind in ("cards", "items"):
                db.session.execute(
                    text(
                        "INSERT INTO limit_rules (scope, kind, span, amount, active, created_at)"
                        " VALUES ('everyone', :kind, 'hour', 1000000, true, now()) ON CONFLICT DO NOTHING"
                    ),
                    {"kind": kind},
                )
        engine = db.engine
        user = db.session.query(User).filter_by(username="staff").one()
        _ = [group.roles for group in user.groups], user.roles
        with counted(engine) as sent:
            limits.count_items(user, 25, "bench")
        statements = len(sent)
        _flush(engine, "off")
        times = []
        for _round in range(ROUNDS):
            started = time.perf_counter()
            limits.count_items(user, 25, "bench")
            times.append((time.perf_counter() - started) * 1000)
        _flush(engine, "on")
        db.session.execute(text("DELETE FROM limit_rules"))
        db.session.commit()
    best = statistics.quantiles(times, n=10)[0]
    return [
        at_most("Activity limits, a list page: statements more", statements, 1),
        at_most("… milliseconds more, without the disk's flush, best tenth", best, 1, "ms"),
        noted("… median", statistics.median(times), "ms"),
    ]


def _flush(engine: Engine, value: str) -> None:
    """Whether commits of this database wait for the disk; connections open anew for it."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = {value}'))
    engine.dispose()


def _reaching() -> list[Row]:
    app = house.application()
    with house.two_webs() as address, app.app_context():
        with transaction():
            user = User(username="sockets", first_name="Many", last_name="Tabs", email="tabs@example.com", active=True)
            user.password = "-"
            user.roles = list(db.session.query(User).filter_by(username="staff").one().roles)
            db.session.add(user)
        token = str(create_access_token(identity=str(user.id)))
        load = subprocess.Popen(
            [sys.executable, "-m", "bench.cut_load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert load.stdin is not None
        assert load.stdout is not None
        load.stdin.write(json.dumps({"url": address, "token": token, "sockets": SOCKETS}) + "\n")
        load.stdin.flush()
        assert load.stdout.readline().strip() == "open"
        admin = db.session.query(User).filter_by(username="admin").one()
        with transaction(admin.id):
            people.deactivate(admin, db.session.get_one(User, user.id), "bench")
        load.stdin.write(json.dumps({"at": time.time()}) + "\n")
        load.stdin.flush()
        took = json.loads(load.stdout.readline())
        load.wait(30)
    return [
        at_most("A deactivation reaches 1,000 open sockets on two web processes: the last one", took["last"], 1, "s"),
        noted("… the median one", took["median"], "s"),
    ]
