"""Scheduled reports in a real browser: from the tick in the settings to the set-up, its preview, and away again."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browsers import LiveServer, SignIn


def test_ticking_the_report_opens_its_set_up_which_shows_it_live(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in("staff", "/profile/#notifications")
    tick = page.get_by_role("checkbox", name="Scheduled report: email")
    expect(tick).not_to_be_checked()
    tick.click()
    page.wait_for_url(f"{live_server.url}/scheduled/own")
    mail = page.frame_locator("iframe")
    expect(mail.get_by_role("heading", name=re.compile("My numbers, week of"))).to_be_visible(timeout=90_000)
    expect(page.get_by_text(re.compile("^Next: Monday"))).to_be_visible()
    page.get_by_label("The month before").check()
    expect(page.get_by_label("Day of the month")).to_be_visible()
    expect(mail.get_by_role("heading", name=re.compile(r"My numbers, \w+ \d{4}"))).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_text("on day 1 of each month at 08:00")).to_be_visible()
    page.goto(f"{live_server.url}/profile/#notifications")
    expect(tick).to_be_checked()
    page.get_by_role("link", name="setup").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(re.compile("/profile/"))
    assert live_server.sql("SELECT count(*) FROM reports WHERE NOT shared") == [(0,)]
