"""An installation whose parts can be killed, stopped and emptied one by one; Valkey and mail server are its own."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
import pytest
import redis
import requests

from app.embedded import free_port
from app.startup import ROOT, Installation, answers
from app.supervisor import Process, spawn
from tests.browsers import DEMO_PASSWORD
from tests.mailboxes import HoldingSmtpServer
from tests.servers import own_environment, settings_of
from tests.waiting import eventually

COMMANDS = {
    "web": ["web"],
    "web2": ["web"],
    "worker": ["worker", "mail"],
    "slow": ["worker", "slow"],
    "beat": ["beat"],
}
KINDS = {"worker": "worker:mail", "slow": "worker:slow", "beat": "beat"}
_numbers = count(1)


class House:
    """The demo account, served by real processes. Parts are named web, worker (of mails), beat and valkey.

    A second web process, web2, and a worker of what takes longer, slow, are there once a test has started them. The
    former has an address of its own, so that a test may choose which of the two it talks to.
    """

    def __init__(self, name: str) -> None:
        self.mails = HoldingSmtpServer()
        # An address of no Redis makes the installation start its own.
        environment = own_environment(name, 0) | {
            "REDIS_URL": "",
            "PORT": str(free_port()),
            "FRONTDESK_DEMO": "1",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(self.mails.port),
            "MAIL_TIMEOUT_SECONDS": "20",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "error",
        }
        self.database_url = environment["DATABASE_URL"].replace("+psycopg", "", 1)
        self._installation = Installation(settings_of(environment), {**os.environ, **environment}, durable=False)
        self.url = self._installation.local_url
        self._second_port = free_port()
        self.second_url = f"http://127.0.0.1:{self._second_port}"
        self._parts: dict[str, Process] = {}
        self._tokens: dict[str, str] = {}

    def build(self) -> None:
        """Start the servers, load the demo, start the processes."""
        self.mails.start()
        self._installation.folder.prepare()
        self._installation.start_servers()
        self._parts["valkey"] = self._installation.supervisor.processes[0]
        self._installation.prepare()
        self.start("web", "worker", "beat")

    def leave(self) -> None:
        """End everything; nobody needs what is in it any more."""
        for name, part in self._parts.items():
            if part.alive:
                self.kill(name)
        self._installation.supervisor.stop()
        self.mails.stop()

    # -- its processes

    def start(self, *names: str) -> None:
        """Start parts that do not run, and wait until each is up."""
        for name in names:
            if name != "valkey":
                self._parts[name] = self._process(name)
            spawn(self._parts[name])
        for name in names:
            eventually(lambda name=name: self._is_up(name), 90, f"{name} to be up")

    def has(self, name: str) -> bool:
        """Tell whether a part runs."""
        return name in self._parts and self._parts[name].alive

    def kill(self, name: str) -> None:
        """End a part as kill -9 does, its children too."""
        popen = self._popen(name)
        os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()

    def freeze(self, name: str) -> None:
        """Make a part hang: it keeps its connections and answers nothing."""
        os.kill(self._popen(name).pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let a hanging part go on."""
        if name in self._parts and self._parts[name].alive:
            os.kill(self._popen(name).pid, signal.SIGCONT)

    def mend(self) -> None:
        """Bring back what a test took away, and end what only it needed."""
        self.mails.mend()
        if self.has("web2"):
            self.kill("web2")
        self._parts.pop("web2", None)
        self.thaw("valkey")
        self.start(*(name for name, part in self._parts.items() if not part.alive))
        self.set_clock(None)

    def settle(self) -> None:
        """Wait until what earlier tests set off has left the house."""
        waiting = "SELECT 1 FROM deliveries WHERE state = 'sending' OR state = 'pending' AND not_before <= now()"
        eventually(lambda: not self.sql(waiting), 30, "deliveries of earlier tests")

    # -- its doors

    def token(self, username: str) -> str:
        """Return an access token of a demo person; one per person, for as long as it is good."""
        if username not in self._tokens:
            self._tokens[username] = self.login(username).json()["access_token"]
        return self._tokens[username]

    def login(self, username: str) -> requests.Response:
        """Sign a demo person in by REST."""
        body = {"username": username, "password": DEMO_PASSWORD, "provider": "db", "refresh": True}
        answer = requests.post(f"{self.url}/api/v1/security/login", json=body, timeout=20)
        answer.raise_for_status()
        return answer

    def browser(self, username: str) -> requests.Session:
        """Sign a demo person in by the page; the session has the cookie."""
        session = requests.Session()
        page = session.get(f"{self.url}/login/", timeout=20).text
        token = page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]
        form = {"username": username, "password": DEMO_PASSWORD, "csrf_token": token}
        answer = session.post(f"{self.url}/login/", data=form, allow_redirects=False, timeout=20)
        assert answer.status_code == 302, answer.text
        return session

    def new_person(self, role: str = "Staff") -> str:
        """Make a person with the demo's password; return the user name."""
        username = f"pat{next(_numbers)}"
        body = {
            "username": username,
            "first_name": "Pat",
            "last_name": username.title(),
            "email": f"{username}@example.com",
            "password": DEMO_PASSWORD,
            "role_ids": [self.sql("SELECT id FROM ab_role WHERE name = %s", role)[0][0]],
        }
        answer = self.call("admin", "POST", "/users/", **body)
        assert answer.status_code == 201, answer.text
        return username

    def deactivate(self, username: str) -> float:
        """Let the admin deactivate a person. Return the moment when that was done, in seconds."""
        change = {"active": False, "deactivated_reason": "has left"}
        answer = self.call("admin", "PUT", f"/users/{self.id_of(username)}", **change)
        assert answer.status_code == 200, answer.text
        return time.monotonic()

    def call(self, username: str, method: str, path: str, /, **body: Any) -> requests.Response:
        """Call REST as a demo person."""
        headers = {"Authorization": f"Bearer {self.token(username)}"}
        return requests.request(method, f"{self.url}/api/v1{path}", json=body or None, headers=headers, timeout=20)

    def assign(self, text: str = "Call Basil Hedge", to: str = "staff") -> str:
        """The manager gives somebody a task, due in days. Return its text, which no other task has."""
        return self._assign(text, to, dt.timedelta(days=3))

    def assign_due(self, **duration: float) -> str:
        """The manager gives staff a task that is due so long from now, in real time. Return its text."""
        return self._assign("Call", "staff", dt.timedelta(**duration))

    def _assign(self, text: str, to: str, due_in: dt.timedelta) -> str:
        text = f"{text} {next(_numbers)}."
        due = (dt.datetime.now(dt.UTC) + due_in).isoformat()
        answer = self.call("manager", "POST", "/tasks/", text=text, due_at=due, responsible_id=self.id_of(to))
        assert answer.status_code == 201, answer.text
        return text

    def assign_without_answer(self, token: str, staff_id: int) -> str:
        """Send the request for a task and do not wait for what it answers. Return the task's text."""
        text = f"Call at once {next(_numbers)}."
        body = json.dumps({"text": text, "due_at": "2031-05-05T10:00:00+00:00", "responsible_id": staff_id}).encode()
        head = (
            "POST /api/v1/tasks/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self._installation.settings["PORT"]), timeout=20) as connection:
            connection.sendall(head.encode() + body)
        return text

    def wait_until_sent(self, item_id: str, username: str) -> dict[str, Any]:
        """Return an item's trace once its mail is marked as sent: that follows the sending."""

        def sent() -> dict[str, Any] | None:
            why: dict[str, Any] = self.call(username, "GET", f"/center/items/{item_id}/trace").json()
            return why if ("email", "sent") in [(one["channel"], one["state"]) for one in why["channels"]] else None

        found = eventually(sent, what="the mail to be marked as sent")
        assert found is not None
        return found

    def id_of(self, username: str) -> int:
        """Return a demo person's id."""
        return int(self.sql("SELECT id FROM ab_user WHERE username = %s", username)[0][0])

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look into, or change, the database."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def delivery(self, text: str) -> tuple[Any, ...] | None:
        """Return state, attempts and queued_until of the mail about the task of this text."""
        rows = self.sql(
            "SELECT d.state, d.attempts, d.queued_until, d.id FROM deliveries d"
            " JOIN notifications n ON n.id = d.notification_id JOIN events e ON e.id = n.event_id"
            " WHERE e.data ->> 'text' = %s AND d.channel = 'email'",
            text,
        )
        return rows[0] if rows else None

    def set_clock(self, moment: dt.datetime | None) -> None:
        """Move the clock of all processes; an aware moment, or None for real time."""
        body = {"now": moment.isoformat() if moment else None}
        requests.post(f"{self.url}/test/clock", json=body, timeout=20).raise_for_status()

    def pass_time(self, **duration: float) -> None:
        """Move the clock of all processes on, from real time."""
        self.set_clock(dt.datetime.now(dt.UTC) + dt.timedelta(**duration))

    @contextmanager
    def valkey(self) -> Iterator[redis.Redis]:
        """Open a client of the house's own Valkey."""
        client = redis.Redis.from_url(self._installation.environ["REDIS_URL"])
        yield client
        client.close()

    def _process(self, name: str) -> Process:
        environ = {**self._installation.environ, "FRONTDESK_PROCESS": COMMANDS[name][0], "FRONTDESK_PROCESS_NAME": name}
        if name == "web2":
            environ["PORT"] = str(self._second_port)
        process = Process(name, [sys.executable, str(ROOT / "run.py"), *COMMANDS[name]], environ, folder=ROOT)
        if COMMANDS[name] == ["web"]:
            process.ready = answers(f"{self.second_url if name == 'web2' else self.url}/healthz")
        return process

    def _is_up(self, name: str) -> bool:
        process = self._parts[name]
        assert process.alive, f"{name} ended"
        if process.ready is not None:
            return process.ready()
        return bool(self.sql("SELECT 1 FROM processes WHERE kind = %s AND pid = %s", KINDS[name], process.popen.pid))

    def _popen(self, name: str) -> Any:
        popen = self._parts[name].popen
        assert popen is not None, f"{name} was never started"
        return popen


@pytest.fixture(scope="session")
def whole_house(worker_id: str) -> Iterator[House]:
    """Built at its first use, once per process of the run."""
    house = House(f"house_{worker_id}")
    try:
        house.build()
        yield house
    finally:
        house.leave()


@pytest.fixture
def house(whole_house: House) -> Iterator[House]:
    """The house with everything in order, whatever the last test did to it."""
    whole_house.settle()
    yield whole_house
    whole_house.mend()
