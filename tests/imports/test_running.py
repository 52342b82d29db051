"""The job of an import: cancelled, killed or taken twice, nothing is half done; one notice for many leads."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.models.crm import Contact, Lead
from app.models.people import User
from app.models.records import Tag, Transfer
from app.services import feed
from app.services.imports import import_run, imports
from app.startup import ROOT
from app.transaction import transaction
from tests import builders
from tests.imports.conftest import Import, chosen, upload
from tests.waiting import eventually

ROWS = "Name,Email,Tags,Company\n" + "".join(f"Pat {n},pat{n}@example.com,new,Company {n}\n" for n in range(40))


def started(app: Flask, client: FlaskClient, content: str = ROWS) -> int:
    """Upload and start; the job itself is the test's."""
    address = upload(client, "contacts", content).headers["Location"]
    form = {"duplicates": "skip", **chosen(client.get(address).get_data(as_text=True))}
    assert client.post(f"{address}/start", data=form).status_code == 302
    return int(address.rsplit("/", 1)[1])


def transfer(app: Flask, import_id: int) -> Transfer:
    with app.app_context():
        db.session.remove()
        found = db.session.get_one(Transfer, import_id)
        db.session.expunge(found)
        return found


def written(app: Flask) -> list[int]:
    with app.app_context():
        events = text("SELECT count(*) FROM events")
        return [db.session.query(model).count() for model in (Contact, Tag)] + [db.session.scalar(events) or 0]


def test_cancelled_in_the_middle_nothing_of_it_stays(
    app: Flask, client: FlaskClient, milo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "BATCH", 10)
    import_id = started(app, client)
    tell = import_run._tell_progress

    def press() -> None:
        progress = client.get(f"/imports/{import_id}/progress").get_json()
        assert progress == {"state": "running", "done": 10, "total": 40}
        assert client.post(f"/imports/{import_id}/cancel").status_code == 302

    def press_the_button(number: int, done: int) -> None:
        if done == 20:
            # A thread of its own, as another process would: the job's transaction must not be joined.
            with ThreadPoolExecutor(1) as person:
                person.submit(press).result()
        tell(number, done)

    monkeypatch.setattr(import_run, "_tell_progress", press_the_button)
    with app.app_context():
        import_run.run(import_id)
    assert transfer(app, import_id).state == "cancelled"
    assert written(app) == [0, 0, 0]
    with app.app_context():
        assert not imports.path_of(transfer(app, import_id)).exists()
    assert "Cancelled, nothing was imported" in client.get("/imports/").get_data(as_text=True)


def test_cancelled_before_its_turn_it_never_runs(app: Flask, client: FlaskClient, milo: int) -> None:
    import_id = started(app, client)
    client.post(f"/imports/{import_id}/cancel")
    with app.app_context():
        import_run.run(import_id)
    assert transfer(app, import_id).state == "cancelled"
    again = client.post(f"/imports/{import_id}/cancel")
    assert "over already" in client.get(again.headers["Location"]).get_data(as_text=True)


_WORKER = """
import sys, threading
from app import create_app
from app.services.imports import import_run
app = create_app({"TESTING": True})
import_run.BATCH = 10
tell = import_run._tell_progress
def hang(number, done):
    tell(number, done)
    if done == 20:
        print("here", flush=True)
        threading.Event().wait()
import_run._tell_progress = hang
with app.app_context():
    import_run.run(int(sys.argv[1]))
"""


def test_an_import_whose_worker_is_killed_leaves_nothing_and_is_started_again(
    app: Flask, client: FlaskClient, milo: int, environment: dict[str, str]
) -> None:
    import_id = started(app, client)
    environ = {**os.environ, **environment}
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(import_id)], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "here\n"
        _age(app, import_id)
        with app.app_context():
            import_run.sweep()
            # It is only slow: its lock says that somebody is at it, and nobody else begins.
            assert transfer(app, import_id).state == "running"
            import_run.run(import_id)
        assert written(app) == [0, 0, 0]
    finally:
        worker.kill()
        worker.wait()
        assert worker.stdout is not None
        worker.stdout.close()

    def given_back() -> bool:
        _age(app, import_id)
        with app.app_context():
            import_run.sweep()
        return transfer(app, import_id).state == "waiting"

    eventually(given_back, what="the dead worker's connection to be noticed")
    assert written(app) == [0, 0, 0]
    with app.app_context():
        import_run.run(import_id)
        # A job that comes twice finds nothing to do.
        import_run.run(import_id)
    done = transfer(app, import_id)
    assert (done.state, done.counts["new"]) == ("done", 40)
    assert written(app)[:2] == [40, 1]


def test_what_stops_every_worker_is_given_up(app: Flask, client: FlaskClient, milo: int) -> None:
    import_id = started(app, client)
    with app.app_context():
        for _ in range(import_run.ATTEMPTS_MAX):
            assert import_run._claim(import_id)
            _age(app, import_id)
            import_run.sweep()
    failed = transfer(app, import_id)
    assert (failed.state, failed.error) == ("failed", "It was stopped 3 times; nothing was imported.")
    with app.app_context():
        assert not imports.path_of(failed).exists()


def _age(app: Flask, import_id: int) -> None:
    with app.app_context(), transaction():
        db.session.execute(
            text("UPDATE transfers SET changed_at = clock_timestamp() - interval '1 min' WHERE id = :id"),
            {"id": import_id},
        )


def test_colleagues_get_one_notice_for_all_their_leads_and_webhooks_one_event(
    app: Flask, client: FlaskClient, bring: Import, milo: int
) -> None:
    with app.app_context():
        ines = builders.make_user("Staff", username="ines", email="ines@example.com").id
        builders.make_webhook()
    rows = "".join(f"Lead {n},ines\n" for n in range(30)) + "Mine,milo\n"
    bring("leads", f"Lead,Owner\n{rows}")
    with app.app_context():
        (item,) = feed.page(db.session(), ines).items
        assert (item["title"], item["unread"], item["count"]) == ("Milo Spoke imported 31 leads", True, 1)
        assert item["url"].startswith("/leadview/list/")
        assert feed.page(db.session(), milo).items == []
        told = text("SELECT count(*) FROM deliveries WHERE purpose = 'webhook'")
        assert db.session.scalar(told) == 1
        # The cards' timelines have each their own.
        assert db.session.scalar(text("SELECT count(*) FROM events WHERE tag = 'lead:created'")) == 31


def test_somebody_deactivated_meanwhile_imports_nothing(app: Flask, client: FlaskClient, milo: int) -> None:
    import_id = started(app, client)
    with app.app_context():
        with transaction():
            db.session.get_one(User, milo).active = False
        import_run.run(import_id)
    assert transfer(app, import_id).state == "failed"
    assert written(app) == [0, 0, 0]


def test_files_go_when_nobody_needs_them_any_more(
    app: Flask, client: FlaskClient, bring: Import, at: Callable[[Any], None]
) -> None:
    draft = int(upload(client, "contacts", ROWS).headers["Location"].rsplit("/", 1)[1])
    done = bring("contacts", "Name,Email\nFern,nonsense\nPip,pip@example.com\n")
    with app.app_context():
        uploaded, problems = imports.path_of(transfer(app, draft)), imports.problems_path(done)
        assert not imports.path_of(done).exists()
    assert uploaded.exists()
    assert problems.exists()
    now = clock.now()
    at(now + dt.timedelta(hours=25))
    with app.app_context():
        assert import_run.sweep() == 1
        assert not uploaded.exists()
        at(now + dt.timedelta(days=8))
        assert import_run.sweep() == 1
        assert not problems.exists()
    page = client.get(f"/imports/{done.id}").get_data(as_text=True)
    assert "1 row with problems" in page
    assert "Download" not in page
    at(now + dt.timedelta(days=91))
    with app.app_context():
        assert import_run.sweep() == 1
        assert db.session.query(Transfer).count() == 0


def test_memory_and_statements_of_an_import_do_not_grow_with_its_rows(
    app: Flask, bring: Import, statements: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_run, "BATCH", 50)

    def cost(rows: int, first: int) -> int:
        lines = "".join(f"Lead {n},c{n}@example.com,Company {n % 7},a tag\n" for n in range(first, first + rows))
        with statements() as sent:
            bring("leads", f"Lead,Email,Company,Tags\n{lines}", duplicates="update")
        return len(sent)

    cost(50, 0)
    assert cost(150, 1000) - cost(100, 2000) <= 14
    with app.app_context():
        assert db.session.query(Lead).count() == 300
