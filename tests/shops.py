"""Websites that are not ours, with the chat widget on them, and browsers that visit them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Locator, Page, expect

from tests.browsers import LiveServer
from tests.http_servers import HttpServer
from tests.waiting import eventually

SLOW_MS = 20_000
# One is another origin of the same site, whose frames may store; the other one's site is foreign, and this Chromium
# forbids storage to it, as browsers do that block third-party cookies.
SAME_SITE, FOREIGN_SITE = "127.0.0.1", "localhost"
HOST_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>A shop</h1><p><a href="/other">Other page</a></p>
<script src="{home}/widget/loader.js" data-key="{key}" async></script></body></html>"""


@dataclass(frozen=True, slots=True)
class Shop:
    """A website that is not ours, with a widget of its own on every page."""

    port: int
    key: str
    live: LiveServer

    def url(self, host: str = FOREIGN_SITE, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def set(self, column: str, value: str | None) -> None:
        """Change a setting of the widget."""
        self.live.sql(f"UPDATE widgets SET {column} = %s WHERE key = %s", value, self.key)

    def talk(self) -> tuple[int, int]:
        """Number and chat of the newest talk that came in here."""
        found = eventually(lambda: self.live.sql(NEWEST_TALK, self.key), what="a talk")
        return found[0][0], found[0][1]

    def answer(self, body: str, username: str = "staff") -> None:
        """A colleague answers."""
        number, chat_id = self.talk()
        self.live.call(username, "POST", f"/talks/{number}/take")
        answer = self.live.call(
            username, "POST", f"/chats/{chat_id}/messages", client_id=secrets.token_hex(8), body=body
        )
        assert answer.status_code == 201, answer.text


NEWEST_TALK = """
SELECT t.number, t.chat_id FROM talks t JOIN visitors v ON v.chat_id = t.chat_id JOIN widgets w ON w.id = v.widget_id
WHERE w.key = %s ORDER BY t.number DESC LIMIT 1
"""


class Website(HttpServer):
    """Every page has the widget; its policy allows nothing else of ours."""

    def __init__(self, home: str, key: str) -> None:
        policy = f"default-src 'self'; script-src {home}; frame-src {home}"
        self._headers = {"Content-Type": "text/html", "Content-Security-Policy": policy}
        self._page = HOST_PAGE.format(home=home, key=key).encode()
        super().__init__()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        return 200, self._headers, self._page


@pytest.fixture
def shop(live_server: LiveServer) -> Iterator[Shop]:
    """A shop's website with a strict policy, and its widget."""
    key = f"test-{secrets.token_hex(6)}"
    website = Website(live_server.url, key)
    port = website.port
    live_server.sql(
        "INSERT INTO widgets (name, key, greeting, allowed_origins, group_id, created_at)"
        " SELECT 'Wheels & Co', %s, 'Hello! Ask us anything.', %s, min(id), now() FROM ab_group",
        key,
        f"http://localhost:{port}\nhttp://127.0.0.1:{port}",
    )
    yield Shop(port, key, live_server)
    live_server.sql("UPDATE widgets SET active = false WHERE key = %s", key)
    website.stop()


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """``visit(url)`` opens a page as a new customer; an error in its console fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(url: str, width: int = 1280, height: int = 800, script: str = "", **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US", **options)
        contexts.append(context)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: "Content Security" in message.text and errors.append(message.text))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors, errors


def button(page: Page, name: str = "Open chat") -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def chat(page: Page) -> FrameLocator:
    return page.frame_locator("frontdesk-widget iframe")


def box(page: Page) -> Locator:
    return chat(page).get_by_role("textbox", name="Message", exact=True)


def open_chat(page: Page, state: str = "live") -> FrameLocator:
    button(page).click()
    expect(chat(page).locator("html")).to_have_attribute("data-connection", state, timeout=SLOW_MS)
    return chat(page)


def write(page: Page, text: str) -> None:
    box(page).fill(text)
    box(page).press("Enter")


def bubble(page: Page, text: str) -> Locator:
    return chat(page).locator(".fd-say").filter(has_text=text)


def expect_sent(page: Page, text: str) -> None:
    expect(bubble(page, text)).to_have_count(1)
    expect(bubble(page, text).locator(".fd-say-meta")).not_to_contain_text("Sending")
    expect(bubble(page, text).locator(".fd-say-meta")).not_to_contain_text("Waiting", timeout=SLOW_MS)
