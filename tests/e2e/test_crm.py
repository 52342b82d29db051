"""Tasks, cards and the board under keys and pointer."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browsers import LiveServer

SignIn = Callable[..., Page]


def test_a_task_is_completed_with_a_result_where_it_stands(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in("staff2", path="/taskview/day/")
    row = page.locator(".fd-myday-row").first
    text = row.locator(".main").inner_text()
    row.get_by_role("button", name=f"Complete {text}").click()
    dialog = page.get_by_role("dialog", name="Complete this task?")
    expect(dialog).to_contain_text(text)
    expect(dialog.get_by_label("Result")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    row.get_by_role("button", name=f"Complete {text}").click()
    dialog.get_by_label("Result").fill("Done and dusted")
    dialog.get_by_role("button", name="Complete").click()
    expect(page.get_by_role("status").filter(has_text="Completed")).to_be_visible()
    expect(page.locator(".fd-myday-row .main", has_text=text)).to_have_count(0)
    assert live_server.sql("SELECT result FROM tasks WHERE text = %s", text) == [("Done and dusted",)]


def test_a_lead_is_moved_by_keys_by_its_list_and_by_dragging(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in("manager", path="/leadview/board/")
    card = page.locator("[aria-label=New] [data-lead]").first
    lead = card.get_attribute("data-lead")
    here = page.locator(f"[data-lead='{lead}']")

    def stage() -> str:
        query = "SELECT s.name FROM leads l JOIN stages s ON s.id = l.stage_id WHERE l.id = %s"
        return str(live_server.sql(query, int(lead or 0))[0][0])

    before = page.locator("[aria-label=Talking] [data-count]").inner_text()
    here.locator(".main").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(f"[aria-label=Talking] [data-lead='{lead}']")).to_be_visible()
    expect(page.locator("[aria-label=Talking] [data-count]")).to_have_text(str(int(before) + 1))
    assert stage() == "Talking"
    assert page.evaluate("document.activeElement.closest('[data-lead]').dataset.lead") == lead
    here.get_by_role("combobox").select_option(label="Offer sent")
    expect(page.locator("[data-board-said]")).to_contain_text("is in Offer sent now")
    expect(page.locator("[data-board-said]")).to_have_text(re.compile("Offer sent"))
    here.drag_to(page.locator("section[aria-label=Talking] > header"))
    expect(page.locator("[data-board-said]")).to_contain_text("is in Talking now")
    assert stage() == "Talking"


def test_a_refused_move_comes_back(sign_in: SignIn) -> None:
    page = sign_in("manager", path="/leadview/board/")
    page.route("**/api/v1/leads/*", lambda route: route.fulfill(status=422, json={"error": {"message": "No way"}}))
    card = page.locator("[aria-label=New] [data-lead]").first
    lead = card.get_attribute("data-lead")
    card.locator(".main").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text("Not moved: No way").first).to_be_visible()
    expect(page.locator(f"[aria-label=New] [data-lead='{lead}']")).to_be_visible()


def test_selected_leads_are_deleted_and_brought_back(sign_in: SignIn) -> None:
    page = sign_in("manager", path="/leadview/list/?_flt_0_name=tandem")
    count = page.locator("td a.main").count()
    assert count
    page.get_by_label("Select all").click()
    page.locator("[data-bulk] button", has_text="Delete").click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("td a.main")).to_have_count(count)


def test_who_accepts_first_has_the_lead_and_others_are_told(sign_in: SignIn, live_server: LiveServer) -> None:
    made = live_server.call("admin", "POST", "/leads/", name="Recumbent bike", budget=900)
    assert made.status_code == 201
    milo, wren = sign_in("staff"), sign_in("staff2")
    for page in (milo, wren):
        expect(page.get_by_role("article").filter(has_text="Recumbent bike").first).to_be_visible()
    item = milo.get_by_role("article").filter(has_text="Recumbent bike").first
    item.get_by_role("button", name="Accept").click()
    expect(milo.get_by_text("Accepted: the lead is yours")).to_be_visible()
    copy = wren.get_by_role("article").filter(has_text="Recumbent bike").first
    expect(copy).to_contain_text("Milo Spoke")
    expect(copy.get_by_role("button", name="Accept")).to_have_count(0)
