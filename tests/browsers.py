"""A running installation and a real browser in front of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.servers import FOLDER, number_of, own_environment, settings_of

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DEMO_PASSWORD = "frontdesk-demo"
LIVE_MS = 20_000


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A whole installation with the demo account, in test mode."""

    url: str
    database_url: str
    installation: Any
    _tokens: dict[str, str] = field(default_factory=dict)

    def token(self, username: str) -> str:
        """Sign a demo person in over REST and return the access token."""
        body = {"username": username, "password": DEMO_PASSWORD, "provider": "db", "refresh": True}
        answer = requests.post(f"{self.url}/api/v1/security/login", json=body, timeout=10)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def call(self, username: str, method: str, path: str, **body: Any) -> requests.Response:
        """Call REST as a demo person."""
        if username not in self._tokens:
            self._tokens[username] = self.token(username)
        answer = self._call(self._tokens[username], method, path, body)
        if answer.status_code == 401:  # the session ended meanwhile
            self._tokens[username] = self.token(username)
            answer = self._call(self._tokens[username], method, path, body)
        return answer

    def _call(self, token: str, method: str, path: str, body: dict[str, Any]) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, f"{self.url}/api/v1{path}", json=body or None, headers=headers, timeout=20)

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look into, or change, the installation's database."""
        with psycopg.connect(self.database_url.replace("+psycopg", "", 1), autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def live_server(worker_id: str) -> Iterator[LiveServer]:
    """Web, workers and beat as `make run` starts them, on the run's own PostgreSQL and Valkey; one for each process."""
    from app.embedded import free_port
    from app.startup import Installation

    name = f"live_{worker_id}"
    environment = own_environment(name, 40 + number_of(worker_id)) | {
        "PORT": str(free_port()),
        "FRONTDESK_DEMO": "1",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "warning",
    }
    settings = settings_of(environment)
    data = Path(os.environ[FOLDER]) / name
    installation = Installation(settings, {**os.environ, **environment}, durable=False)
    installation.folder.prepare()
    with installation:
        installation.start_servers()
        installation.prepare()
        installation.start_processes()
        yield LiveServer(installation.local_url, environment["DATABASE_URL"], installation)
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=CHROMIUM_ARGUMENTS
        )
        yield chromium
        chromium.close()


SignIn = Callable[..., Page]


def live(page: Page) -> Page:
    """Wait for the page's socket: what happens from now on comes by itself."""
    expect(page.locator("#fd-center-root")).to_have_attribute("data-connection", "live", timeout=LIVE_MS)
    return page


@pytest.fixture(scope="session")
def session_cookies() -> dict[str, Any]:
    """The cookies with which each demo person was signed in first, so that not every window has to sign in anew."""
    return {}


@pytest.fixture
def sign_in(browser: Browser, live_server: LiveServer, session_cookies: dict[str, Any]) -> Iterator[SignIn]:
    """``sign_in("staff")`` opens a window of that demo person; errors in any window's console fail the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_window(
        username: str, path: str = "/center/", width: int = 1280, height: int = 800, **options: Any
    ) -> Page:
        window = browser.new_context(viewport={"width": width, "height": height}, locale="en-US", **options)
        contexts.append(window)
        page = window.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        if username in session_cookies:
            window.add_cookies(session_cookies[username])
            page.goto(f"{live_server.url}{path or '/'}")
            if "/login" not in page.url:
                return page
        # Nobody was signed in yet, or a test has ended the session.
        page.goto(f"{live_server.url}/login/")
        page.locator(f"button[name=persona][value={username}]").click()
        page.wait_for_url(lambda url: "/login" not in url)
        session_cookies[username] = window.cookies()
        if path:
            page.goto(f"{live_server.url}{path}")
        return page

    yield open_window
    for window in contexts:
        window.close()
    assert not errors, errors
