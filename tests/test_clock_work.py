"""A day of the beat: everything that only time sets off happens, for everybody to see, and not before its time."""

from __future__ import annotations

import contextvars
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from app.jobs import beat
from app.jobs.periodic import PERIODIC_JOBS
from app.models.people import User
from app.services.talks import talk_settings
from app.transaction import transaction
from tests import builders, chatting, news, visiting
from tests.bad_moments.queued import work_off
from tests.clients.colleagues import Colleague
from tests.visiting import Client, newest_talk

MORNING = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)
TEAM = {"wren": "Staff", "mara": "Manager", "ada": "Admin"}


@pytest.fixture
def team(context: Flask, at: Callable[[Any], None]) -> dict[str, User]:
    """It is nine in the morning of a Monday."""
    at(MORNING)
    builders.make_pipeline()
    return {name: builders.make_user(role, username=name) for name, role in TEAM.items()}


@pytest.fixture
def pass_time(app: Flask, at: Callable[[Any], None]) -> Callable[..., None]:
    """``pass_time(minutes=6)``: it is so long after nine; the beat looks once, and workers do what it queued."""

    def beat_at(**duration: float) -> None:
        at(MORNING + dt.timedelta(**duration))
        db.session.rollback()
        with app.app_context():
            beat.tick(app, {job.name: 0.0 for job in PERIODIC_JOBS})
        for queue in ("mail", "push", "slow"):
            work_off(queue)
        db.session.expire_all()

    return beat_at


def scalar(statement: str) -> Any:
    db.session.rollback()
    return db.session.execute(text(statement)).scalar()


def delete_on_the_page(app: Flask, lead_id: int) -> None:
    browser = builders.login(app.test_client(), "mara")
    assert browser.post(f"/leadview/delete/{lead_id}").status_code == 302


def test_what_only_time_sets_off_happens(
    app: Flask, team: dict[str, User], pass_time: Callable[..., None], at: Callable[[Any], None]
) -> None:
    wren, mara = Colleague(app, "wren"), Colleague(app, "mara")
    group = builders.make_group("Sales", members=[team["wren"]], manager_id=team["mara"].id)
    widget = visiting.make_widget(group).key
    with transaction():
        talk_settings.save(team["ada"], {"auto_close_hours": 2, "nps_timeout_hours": 1})
    news.choose(team["wren"], digest={"hours": ["18:00"], "weekdays": list(range(7))})
    news.mails_off(team["wren"], {"task_assigned": "digest"})

    def unread(colleague: Colleague) -> list[str]:
        return [item["event"] for item in colleague.feed() if item["unread"]]

    # A client whom nobody answers, one who was answered, and one who was asked for a score.
    Client(app, widget).write("Is anybody there?")
    for close in (False, True):
        chat_id = Client(app, widget).write("Hello")["message"]["chat_id"]
        wren.answer(chat_id, "Good morning")
        if close:
            wren.call("POST", f"/talks/{newest_talk().number}/close")
    news.assign(team["wren"], team["mara"], "Call Basil", due_at=MORNING + dt.timedelta(minutes=45))
    lunch = chatting.direct(team["mara"], team["wren"])
    chatting.say(team["mara"], lunch, "Lunch?")
    picture = {"file": (io.BytesIO(b"Bread"), "list.txt")}
    headers = builders.bearer(app.test_client(), "wren")
    assert app.test_client().post(f"/api/v1/chats/{lunch}/files", data=picture, headers=headers).status_code == 201
    items = {item["event"]: item["id"] for item in wren.feed() if item["unread"]}
    put_away = [items["task:assigned"], f"c:{lunch}"]
    later = (MORNING + dt.timedelta(minutes=10)).isoformat()
    assert wren.call("POST", "/center/remind", items=put_away, at=later).status_code == 200
    ringing = builders.make_call(status="ringing", started_at=MORNING + dt.timedelta(minutes=1)).id

    pass_time(minutes=4)
    assert "talk:unanswered" not in unread(wren)
    assert not set(put_away) & {item["id"] for item in wren.feed()}
    pass_time(minutes=7)
    assert "talk:unanswered" in unread(wren)
    assert scalar(f"SELECT status FROM calls WHERE id = {ringing}") == "unknown"
    pass_time(minutes=11)
    assert set(put_away) <= {item["id"] for item in wren.feed() if item["unread"]}
    pass_time(minutes=31)
    assert "task:due_soon" in unread(wren)
    assert scalar("SELECT count(*) FROM talks WHERE state = 'closing'") == 1
    pass_time(minutes=46)
    assert "task:expired" in unread(mara)
    pass_time(minutes=70)
    assert scalar("SELECT count(*) FROM talks WHERE state = 'closing'") == 0
    pass_time(minutes=125)
    assert scalar("SELECT count(*) FROM talks WHERE state = 'open'") == 1, "nobody has answered that one"

    at(MORNING + dt.timedelta(hours=3))
    slip = builders.make_lead("A slip of the pen", responsible=team["mara"]).id
    # Not in the test's own context: requests would share one `g`.
    contextvars.Context().run(delete_on_the_page, app, slip)
    pass_time(hours=3.9)
    assert scalar("SELECT count(*) FROM deleted_records") == 1
    pass_time(hours=4.1)
    assert scalar("SELECT count(*) FROM deleted_records") == 0

    pass_time(hours=8.9)
    assert news.kept_mails(team["wren"].email) == []
    pass_time(hours=9.1)
    assert [mail.subject.split(":")[0] for mail in news.kept_mails(team["wren"].email)] == ["Your digest"]
    assert scalar("SELECT count(*) FROM chat_files") == 1
    pass_time(hours=25)
    assert scalar("SELECT count(*) FROM chat_files") == 0
