"""The dashboard under keys and pointer: charts that draw, a filter that stays in the address, numbers that lead on."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browsers import LiveServer
from tests.waiting import eventually

SignIn = Callable[..., Page]

_INK = """canvas => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return data.some((value, at) => at % 4 === 3 && value);
}"""


def test_numbers_have_charts_and_lead_to_their_records(sign_in: SignIn, live_server: LiveServer) -> None:
    # The numbers are counted once a minute, and what stands behind them is listed as it is: other tests leave talks.
    admin = sign_in("admin", path="/dashboard/")
    admin.get_by_role("button", name="Count all anew").click()
    expect(admin.get_by_text("All numbers are being counted anew").first).to_be_visible()
    eventually(lambda: live_server.sql("SELECT rebuild_day FROM activity_state") == [(None,)], 60, "the counting")
    page = sign_in("manager", path="/dashboard/?period=30")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dashboard")
    charts = page.locator("canvas[data-chart]")
    assert charts.count() >= 7
    page.wait_for_function(f"() => ({_INK})(document.querySelector('canvas[data-chart=talks]'))")
    page.get_by_text("Day by day").first.click()
    expect(page.get_by_role("region", name="Leads day by day")).to_be_visible()
    for number, title in (("leads_won", "Leads"), ("talks_opened", "Talks opened")):
        link = page.locator(f"[data-cell='t.{number}'] a")
        count = link.text_content()
        link.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.locator(".fd-count").first).to_have_text(str(count))
        if title == "Leads":
            expect(page.get_by_role("link", name="Remove filter Leads won")).to_be_visible()
            page.go_back()
    page.get_by_role("link", name="Dashboard").last.click()
    expect(page).to_have_url(re.compile(r"period=30"))


def test_the_filter_works_by_keys_and_stays_in_the_address(sign_in: SignIn) -> None:
    page = sign_in("admin", path="/dashboard/")
    page.locator("summary", has_text="Filter").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("From", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("summary", has_text="Filter")).to_be_focused()
    expect(page.get_by_label("From", exact=True)).to_be_hidden()
    page.keyboard.press("Enter")
    people = page.get_by_role("combobox", name="People")
    people.fill("milo")
    page.get_by_role("option", name="Milo Spoke").click()
    people.press("Tab")
    for name in ("Tasks", "Mails", "Deliveries"):
        page.get_by_role("checkbox", name=name).uncheck()
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"users=\d+.*sections=leads"))
    expect(page.locator(".fd-page-head")).to_contain_text("Milo Spoke")
    expect(page.locator("#dash-tasks")).to_have_count(0)


def test_an_open_dashboard_follows_what_happens(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in("staff", path="/calendar-of-nothing")
    page.clock.install()
    page.goto(f"{live_server.url}/dashboard/?period=7")
    number = page.locator("[data-cell='t.tasks_set'] [data-cell-value]")
    before = int(number.text_content() or "")
    # Of a day that is not counted anew every minute.
    live_server.sql(
        "INSERT INTO activity_days AS d (day, user_id, group_id, tasks_set)"
        " SELECT (now() AT TIME ZONE 'UTC')::date - 3, id, 0, 3 FROM ab_user WHERE username = 'staff'"
        " ON CONFLICT (day, user_id, group_id) DO UPDATE SET tasks_set = d.tasks_set + 3"
    )
    page.clock.run_for(61_000)
    expect(number).to_have_text(str(before + 3))
