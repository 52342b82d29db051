"""Chats in people's windows: how browser tests open them, write in them and find what they show."""

from __future__ import annotations

import re
import uuid
from itertools import count
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browsers import LiveServer, SignIn, live

numbers = count(1)


def user_id(live_server: LiveServer, username: str) -> int:
    return int(live_server.sql("SELECT id FROM ab_user WHERE username = %s", username)[0][0])


def new_group(live_server: LiveServer, *usernames: str, owner: str = "manager") -> tuple[int, str]:
    """A group chat of its own for one test: its id and its name, which no other chat has."""
    name = f"Workshop {next(numbers)}"
    ids = [user_id(live_server, one) for one in usernames]
    answer = live_server.call(owner, "POST", "/chats/", kind="group", name=name, member_ids=ids)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], name


def say(live_server: LiveServer, username: str, chat_id: int, *bodies: str) -> list[dict[str, Any]]:
    messages = []
    for body in bodies:
        answer = live_server.call(
            username, "POST", f"/chats/{chat_id}/messages", client_id=uuid.uuid4().hex, body=body, confirm_all=True
        )
        assert answer.status_code == 201, answer.text
        messages.append(answer.json()["message"])
    return messages


def in_chat(sign_in: SignIn, username: str, chat_id: int, more: str = "", **options: Any) -> Page:
    """A person's window with the chat open and live."""
    page = live(sign_in(username, f"/center/?chat={chat_id}{more}", **options))
    expect(box(page)).to_be_visible()
    expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false")
    return page


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name=re.compile("^(Message to|Edit your)"))


def write(page: Page, text: str) -> None:
    box(page).fill(text)
    box(page).press("Enter")
    expect(box(page)).to_have_value("")


def message(page: Page, text: str) -> Locator:
    return page.locator("article.fd-msg").filter(has_text=text)


def row(page: Page, name: str) -> Locator:
    """The chat's row in the feed; notices may name the chat as well."""
    title = page.locator(".fd-item-link", has_text=re.compile(f"^{re.escape(name)}$"))
    return page.locator(".fd-item[id^=fd-item-c-]").filter(has=title)


def look_away(page: Page, away: bool = True) -> None:
    """The window loses the focus, or gets it back; headless windows all believe that they have it."""
    page.evaluate(
        "away => { document.hasFocus = () => !away; window.dispatchEvent(new Event(away ? 'blur' : 'focus')) }", away
    )
