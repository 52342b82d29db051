"""The notification settings in a real browser: each change is saved at once, told, and can be undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browsers import LiveServer, SignIn
from tests.waiting import eventually

WHO = "staff2"
PAGE = "/profile/#notifications"
ASSIGNED = "Tasks: you have been assigned a new task"
# Counts what would be heard: no loudspeaker is needed to see that something was played.
SOUNDS = """
  window.played = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...given) { window.played += 1; return start.apply(this, given); };
"""


@pytest.fixture(autouse=True)
def as_before(live_server: LiveServer) -> Iterator[None]:
    """Nobody of the demo keeps what a test chose."""
    yield
    who = f"(SELECT id FROM ab_user WHERE username = '{WHO}')"
    for table in ("preference_cells", "user_settings"):
        live_server.sql(f"DELETE FROM {table} WHERE user_id = {who}")
    live_server.sql("DELETE FROM default_cells")


def preferences(live_server: LiveServer) -> dict[str, Any]:
    found: dict[str, Any] = live_server.call(WHO, "GET", "/me/preferences").json()
    return found


def cell(page: Page, channel: str) -> Locator:
    return page.get_by_role("checkbox", name=f"{ASSIGNED}: {channel}")


def mail(page: Page, value: str) -> Locator:
    return page.get_by_role("radiogroup", name=f"{ASSIGNED}: email").get_by_role("radio", name=value)


def told(page: Page, words: str) -> Locator:
    toast = page.locator(".fd-toast").filter(has_text=words)
    expect(toast).to_be_visible()
    return toast


def saved(live_server: LiveServer, channel: str, value: object) -> None:
    eventually(
        lambda: preferences(live_server)["matrix"]["task_assigned"][channel] == value, what=f"{channel} to be {value}"
    )


def test_a_cell_is_saved_at_once_told_and_undone(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, PAGE)
    cell(page, "Mobile").locator("xpath=..").click()
    toast = told(page, "Mobile off")
    saved(live_server, "mobile", False)
    toast.get_by_role("button", name="Undo").click()
    told(page, "As it was before")
    saved(live_server, "mobile", True)
    expect(cell(page, "Mobile")).to_be_checked()
    mail(page, "Digest").click()
    told(page, "part of the digest")
    saved(live_server, "email", "digest")
    page.reload()
    expect(mail(page, "Digest")).to_be_checked()


def test_one_control_sets_all_mails_and_undo_brings_each_back(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, PAGE)
    before = preferences(live_server)["matrix"]
    page.get_by_label("Set all email cells").locator("visible=true").select_option("digest")
    toast = told(page, "All: part of the digest")
    after = eventually(lambda: [p for p in [preferences(live_server)["matrix"]] if p != before])[0]
    # Reports have times of their own: on or off.
    assert {row["email"] for key, row in after.items() if "email" in row and key != "report"} == {"digest"}
    toast.get_by_role("button", name="Undo").click()
    eventually(lambda: preferences(live_server)["matrix"] == before, what="every cell as it was")


def test_the_master_switch(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, PAGE)
    switch = page.get_by_role("switch", name="Receive notifications")
    switch.locator("xpath=..").click()
    told(page, "Only the center, and what admins require")
    assert eventually(lambda: not preferences(live_server)["receive"])
    page.reload()
    expect(switch).not_to_be_checked()


def test_hours_of_the_digest_and_when_it_comes_next(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, PAGE)
    panel = page.get_by_role("region", name="Digest")
    next_one = panel.locator(".fd-panel-head span").inner_text()
    panel.get_by_label("Another hour").fill("16:45")
    panel.get_by_role("button", name="Hour").click()
    told(page, "Digest at 16:45 too")
    assert eventually(lambda: "16:45" in preferences(live_server)["digest"]["hours"])
    panel.get_by_role("button", name="Remove 08:30").click()
    expect(panel.locator(".fd-panel-head span")).to_contain_text("16:45")
    assert panel.locator(".fd-panel-head span").inner_text() != next_one
    panel.get_by_role("button", name="Remove 16:45").click()
    expect(panel.locator(".fd-panel-head span")).to_have_text("None planned")
    panel.get_by_role("button", name="Mo").click()
    assert eventually(lambda: 0 not in preferences(live_server)["digest"]["weekdays"])


def test_lead_times_are_a_set(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, PAGE)
    group = page.get_by_role("group", name="Minutes before the task")
    group.get_by_role("button", name="1 h").click()
    told(page, "Reminded 15, 60 minutes before")
    assert eventually(lambda: preferences(live_server)["lead_times"] == [15, 60])
    for name in ("15 min", "1 h"):
        group.get_by_role("button", name=name, exact=True).click()
        expect(group.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "false")
    assert eventually(lambda: preferences(live_server)["lead_times"] == [])


def test_quiet_hours_and_do_not_disturb(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, PAGE)
    panel = page.get_by_role("region", name="Quiet hours")
    panel.get_by_role("switch").locator("xpath=..").click()
    told(page, "Quiet hours on")
    panel.get_by_label("From").first.fill("22:15")
    panel.get_by_label("From").first.blur()
    assert eventually(lambda: preferences(live_server)["quiet_hours"][0]["from"] == "22:15")
    page.get_by_label("Do not disturb for").select_option("60")
    told(page, "Not disturbed until")
    assert eventually(lambda: preferences(live_server)["dnd_until"])
    page.get_by_role("button", name=re.compile("^Until .* End$")).click()
    assert eventually(lambda: preferences(live_server)["dnd_until"] is None)


def test_do_not_disturb_is_offered_again_when_it_is_over(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, path="/calendar-of-nothing")
    page.clock.install()
    page.goto(f"{live_server.url}{PAGE}")
    page.get_by_label("Do not disturb for").select_option("30")
    expect(page.get_by_role("button", name=re.compile("^Until .* End$"))).to_be_visible()
    page.clock.fast_forward("31:00")
    expect(page.get_by_label("Do not disturb for")).to_be_visible()


def test_a_required_cell_is_locked_and_says_by_whom(sign_in: SignIn, live_server: LiveServer) -> None:
    admin = live_server.call("admin", "GET", "/me").json()["id"]
    live_server.sql(
        'INSERT INTO default_cells (role, "row", channel, value, mandatory, changed_by_id)'
        " VALUES ('staff', 'task_assigned', 'email', 'now', true, %s)",
        admin,
    )
    page = sign_in(WHO, PAGE)
    row = page.get_by_role("row").filter(has_text=ASSIGNED)
    expect(row).to_contain_text("Required by Della Crank")
    for value in ("Off", "At once", "15 min", "Digest"):
        expect(mail(page, value)).to_be_disabled()
    expect(mail(page, "At once")).to_be_checked()
    page.get_by_label("Set all email cells").locator("visible=true").select_option("off")
    told(page, "All: no mail")
    saved(live_server, "email", "now")
    assert preferences(live_server)["matrix"]["task_before"]["email"] == "off"


def test_what_the_server_refuses_is_shown_as_it_was(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, PAGE)
    expect(cell(page, "Mobile")).to_be_checked()
    admin = live_server.call("admin", "GET", "/me").json()["id"]
    live_server.sql(
        'INSERT INTO default_cells (role, "row", channel, value, mandatory, changed_by_id)'
        " VALUES ('staff', 'task_assigned', 'mobile', 'on', true, %s)",
        admin,
    )
    cell(page, "Mobile").locator("xpath=..").click()
    told(page, "Not saved: Della Crank requires this")
    expect(cell(page, "Mobile")).to_be_checked()


@pytest.mark.parametrize("width", [390, 1280])
def test_all_of_it_works_by_keyboard_alone(sign_in: SignIn, live_server: LiveServer, width: int) -> None:
    page = sign_in(WHO, PAGE, width=width)
    cell(page, "Telegram").focus()
    page.keyboard.press("Space")
    told(page, "Telegram off")
    saved(live_server, "telegram", False)
    page.keyboard.press("Tab")
    expect(mail(page, "At once")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(mail(page, "15 min")).to_be_focused()
    saved(live_server, "email", "unread")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    saved(live_server, "email", "off")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement !== document.body"), "the focus goes on"


def test_on_a_phone_everything_can_be_reached_and_nothing_is_cut(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, PAGE, width=390, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    cell(page, "Browser").locator("xpath=..").tap()
    told(page, "Browser off")
    saved(live_server, "browser", False)
    page.get_by_label("Set all email cells").locator("visible=true").select_option("unread")
    saved(live_server, "email", "unread")
    for channel in ("Browser", "Mobile", "Telegram"):
        box = cell(page, channel).locator("xpath=..").bounding_box()
        assert box
        assert box["height"] >= 32, "large enough for a thumb"
        assert box["width"] >= 40


def test_two_tabs_agree(sign_in: SignIn, live_server: LiveServer) -> None:
    first = sign_in(WHO, PAGE)
    second = first.context.new_page()
    second.goto(f"{live_server.url}{PAGE}")
    expect(mail(second, "At once")).to_be_checked()
    mail(first, "Off").click()
    expect(mail(second, "Off")).to_be_checked()
    cell(second, "Mobile").locator("xpath=..").click()
    expect(cell(first, "Mobile")).not_to_be_checked()
    saved(live_server, "email", "off")
    saved(live_server, "mobile", False)


def test_the_sound_can_be_heard_before_it_is_switched_on(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, path="")
    page.context.add_init_script(SOUNDS)
    page.goto(f"{live_server.url}{PAGE}")
    page.get_by_role("button", name="Listen").click()
    assert page.evaluate("window.played") == 2
    switch = page.get_by_role("switch", name="Sound")
    switch.locator("xpath=..").click()
    assert page.evaluate("window.played") == 4, "switching it on plays it"
    switch.locator("xpath=..").click()
    assert page.evaluate("window.played") == 4
    page.reload()
    expect(switch).not_to_be_checked()


def test_a_test_notification_says_what_each_channel_did(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in(WHO, PAGE)
    page.get_by_role("button", name="Test notification").click()
    results = page.locator(".fd-set-answers").filter(has_text="Center:")
    expect(results).to_contain_text("Email:")
    expect(results).to_contain_text("Telegram:")


def test_why_something_did_not_come_is_answered_and_reached_from_an_item(
    sign_in: SignIn, live_server: LiveServer
) -> None:
    live_server.call(WHO, "PUT", "/me/preferences", matrix={"task_assigned": {"email": "off"}})
    person = live_server.call(WHO, "GET", "/me").json()["id"]
    due = "2031-05-05T10:40:00+00:00"
    live_server.call("manager", "POST", "/tasks/", text="Pump the tyres", due_at=due, responsible_id=person)
    page = sign_in(WHO, "/center/")
    page.locator(".fd-item").filter(has_text="Pump the tyres").first.click()
    page.get_by_role("link", name="Why did I not get something else?").click()
    panel = page.locator("#missed")
    expect(panel).to_have_attribute("open", "")
    panel.get_by_label("Kind of news").select_option("task_assigned")
    line = panel.get_by_role("listitem").filter(has_text="Pump the tyres").first
    expect(line).to_contain_text("Skipped: switched off in your settings")
    panel.get_by_label("Channel").select_option("center")
    expect(line).to_contain_text("In your center")
    panel.get_by_label("Kind of news").select_option("errors")
    expect(panel).to_contain_text("Nothing of this kind happened")
