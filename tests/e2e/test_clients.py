"""Clients in the center, in real browsers: a website's visitor on one side, the team on the other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.barriers import GRAVE, barriers
from tests.browsers import LiveServer, SignIn, live
from tests.shops import SLOW_MS, Shop, Visit, bubble, expect_sent, open_chat, write


def row(page: Page, text: str) -> Locator:
    """A row of the feed."""
    return page.locator("#fd-feed .fd-item").filter(has_text=text).first


def talk_menu(page: Page, entry: str) -> None:
    """Choose something in the menu behind the talk's number."""
    page.locator(".fd-talk-no").click()
    page.get_by_role("menuitem", name=re.compile(f"^{entry}")).click()


def answer_box(page: Page) -> Locator:
    return page.locator(".fd-chat .fd-composer textarea")


def test_a_client_writes_is_taken_answered_closed_scored_and_the_manager_hears_of_it(
    shop: Shop, visit: Visit, sign_in: SignIn
) -> None:
    milo, wren = live(sign_in("staff")), live(sign_in("staff2"))
    visitor = visit(shop.url())
    frame = open_chat(visitor)
    write(visitor, "Is the blue one still there?")
    expect_sent(visitor, "Is the blue one still there?")
    number, chat_id = shop.talk()
    # An unknown client: a contact and a lead that came in; the whole group is told, once.
    lead = shop.live.sql(
        "SELECT l.id, l.contact_id IS NOT NULL FROM leads l JOIN talks t ON t.lead_id = l.id WHERE t.number = %s",
        number,
    )
    assert lead[0][1]
    for page in (milo, wren):
        expect(row(page, "Is the blue one still there?")).to_be_visible(timeout=SLOW_MS)
    row(milo, "Is the blue one").click()
    expect(milo.locator(".fd-say").filter(has_text="Is the blue one")).to_be_visible(timeout=SLOW_MS)
    expect(milo.locator(".chat-head")).to_contain_text("Waiting", timeout=SLOW_MS)
    talk_menu(milo, "Take this talk")
    copy = row(wren, f"New lead: Visitor {visitor_of(shop, chat_id)}")
    expect(copy).to_contain_text("Taken by Milo Spoke,", timeout=SLOW_MS)

    # Who looks at the same chat sees who is answering.
    copy.click()
    expect(wren.locator(".fd-composer")).to_contain_text("Milo has this chat open, too", timeout=SLOW_MS)
    answer_box(milo).press_sequentially("Two of ")
    expect(wren.locator(".fd-composer")).to_contain_text("Milo is answering right now", timeout=SLOW_MS)
    answer_box(milo).press_sequentially("them are.")
    answer_box(milo).press("Enter")
    expect(bubble(visitor, "Two of them are.")).to_be_visible(timeout=SLOW_MS)
    expect(milo.locator(".fd-say--us").filter(has_text="Two of them are.")).to_contain_text("Seen", timeout=SLOW_MS)
    expect(milo.locator(".chat-head")).not_to_contain_text("Waiting", timeout=SLOW_MS)

    # What is written again and again is found by a slash.
    answer_box(milo).press_sequentially("/opening")
    milo.get_by_role("option", name="Opening hours").click()
    expect(answer_box(milo)).to_have_value(re.compile("^We are open Monday to Friday"))
    answer_box(milo).press("Enter")
    expect(bubble(visitor, "We are open Monday to Friday")).to_be_visible(timeout=SLOW_MS)

    # A note stays with the team.
    milo.get_by_role("button", name="Note", exact=True).click()
    answer_box(milo).fill("They haggled last time")
    answer_box(milo).press("Enter")
    expect(wren.locator(".fd-note").filter(has_text="They haggled last time")).to_be_visible(timeout=SLOW_MS)
    expect(frame.locator("body")).not_to_contain_text("haggled", timeout=SLOW_MS)
    # So does the next one, of somebody who writes faster than the chat is there.
    held: list[Route] = []
    milo.route(f"**/api/v1/chats/{chat_id}", lambda route: held.append(route))
    live(milo).goto(f"{shop.live.url}/center/?chat={chat_id}")
    answer_box(milo).fill("They haggle again")
    answer_box(milo).press("Enter")
    expect(wren.locator(".fd-note").filter(has_text="haggle again")).to_be_visible(timeout=SLOW_MS)
    for one in held:
        one.continue_()
    milo.unroute_all()
    expect(milo.get_by_role("button", name="Note", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(frame.locator("body")).not_to_contain_text("haggle", timeout=SLOW_MS)

    talk_menu(milo, "Close talk")
    expect(frame.get_by_role("heading", name="How did we do?")).to_be_visible(timeout=SLOW_MS)
    milo.locator(".fd-talk-no").click()
    expect(milo.get_by_role("menu")).to_contain_text("Closed · score pending", timeout=SLOW_MS)
    expect(milo.get_by_role("menuitem", name="Close talk")).to_have_count(0, timeout=SLOW_MS)
    milo.keyboard.press("Escape")

    manager = live(sign_in("manager"))
    frame.get_by_role("button", name="4 of 10").click()
    expect(frame.get_by_text("You gave 4 of 10.")).to_be_visible(timeout=SLOW_MS)
    notice = row(manager, "gave 4 of 10")
    expect(notice).to_contain_text(f"Talk {number}", timeout=SLOW_MS)
    expect(notice).to_contain_text("served by Milo Spoke", timeout=SLOW_MS)
    said = shop.live.sql("SELECT data FROM events WHERE tag = 'nps:low_score' AND subject_id = %s", number)[0][0]
    assert [line["text"] for line in said["transcript"]] == [
        "Is the blue one still there?",
        "Two of them are.",
        "We are open Monday to Friday from 9 to 6, and on Saturday until 2.",
    ]

    manager.goto(f"{shop.live.url}/scores/")
    low = manager.locator("#scores-low tr").filter(has=manager.get_by_role("link", name=str(number), exact=True))
    expect(low).to_contain_text("Milo Spoke", timeout=SLOW_MS)
    low.get_by_role("link", name=str(number), exact=True).click()
    expect(manager.locator(".fd-talk-no")).to_contain_text(str(number), timeout=SLOW_MS)
    expect(manager.locator(".fd-note").filter(has_text="haggled")).to_be_visible(timeout=SLOW_MS)


def test_a_talk_is_passed_on_and_asked_about_by_its_number(shop: Shop, visit: Visit, sign_in: SignIn) -> None:
    visitor = visit(shop.url())
    open_chat(visitor)
    write(visitor, "Do you build wheels for tandems?")
    expect_sent(visitor, "Do you build wheels for tandems?")
    number, chat_id = shop.talk()
    milo = live(sign_in("staff", f"/center/?chat={chat_id}"))
    talk_menu(milo, "Give to a colleague")
    milo.get_by_role("combobox", name="Colleague").fill("Wren")
    milo.get_by_role("option", name="Wren Saddle").click()
    milo.get_by_role("button", name="Pass on").click()
    expect(milo.locator(".fd-thread")).to_contain_text("Milo Spoke passed this talk on to Wren Saddle", timeout=SLOW_MS)
    expect(milo.locator(".fd-composer-mode")).to_contain_text("Wren Saddle has this talk", timeout=SLOW_MS)

    wren = live(sign_in("staff2"))
    row(wren, "Do you build wheels").click()
    # N: no answer is needed; the client no longer waits.
    expect(wren.locator(".chat-head")).to_contain_text("Waiting", timeout=SLOW_MS)
    expect(wren.get_by_role("button", name="Transfer")).to_be_visible(timeout=SLOW_MS)
    wren.locator(".fd-thread").click()
    wren.keyboard.press("n")
    expect(wren.locator(".chat-head")).not_to_contain_text("Waiting", timeout=SLOW_MS)
    talk_menu(wren, "Ask a colleague")
    wren.get_by_role("combobox", name="Colleague or free user").fill("Otto")
    wren.get_by_role("option", name="Otto Pedal").click()
    wren.get_by_label("Question").fill("Can you true them?")
    wren.get_by_role("dialog").get_by_role("button", name="Ask", exact=True).click()
    expect(wren.locator(".fd-note")).to_contain_text("Can you true them?", timeout=SLOW_MS)

    # A free user reads this one talk and answers by notes only.
    otto = live(sign_in("free", f"/center/?chat={chat_id}"))
    expect(otto.locator(".fd-say").filter(has_text="Do you build wheels")).to_be_visible(timeout=SLOW_MS)
    expect(otto.get_by_role("button", name="Answer", exact=True)).to_have_count(0, timeout=SLOW_MS)
    answer_box(otto).fill("Yes, on Friday")
    answer_box(otto).press("Enter")
    expect(wren.locator(".fd-note").filter(has_text="Yes, on Friday")).to_be_visible(timeout=SLOW_MS)
    otto.locator(".fd-talk-no").click()
    expect(otto.get_by_role("menuitem", name="Close")).to_have_count(0, timeout=SLOW_MS)
    assert shop.live.call("free", "POST", f"/talks/{number}/close").status_code == 403
    otto.keyboard.press("Escape")

    # Whoever asked lets them answer the client, and takes the question back: at once on their screen.
    wren.get_by_role("switch", name=re.compile("May answer the client")).click()
    otto.get_by_role("button", name="Answer", exact=True).click(timeout=SLOW_MS)
    answer_box(otto).fill("Bring it on Friday")
    answer_box(otto).press("Enter")
    expect(bubble(visitor, "Bring it on Friday")).to_be_visible(timeout=SLOW_MS)
    wren.get_by_role("button", name="Take the question to Otto Pedal back").click()
    wren.get_by_role("button", name="Take back", exact=True).click()
    expect(otto.get_by_text("is no longer open to you")).to_be_visible(timeout=SLOW_MS)

    # The filters of Clients follow without being asked again.
    wren.get_by_role("tab", name=re.compile("^Clients")).click()
    wren.get_by_role("button", name="Mine", exact=True).click()
    expect(row(wren, f"Visitor {visitor_of(shop, chat_id)}")).to_be_visible(timeout=SLOW_MS)
    talk_menu(wren, "Close without survey")
    expect(row(wren, f"Visitor {visitor_of(shop, chat_id)}")).to_have_count(0, timeout=SLOW_MS)
    assert shop.live.sql("SELECT state, survey_asked_at FROM talks WHERE number = %s", number) == [("closed", None)]


def visitor_of(shop: Shop, chat_id: int) -> int:
    return int(shop.live.sql("SELECT id FROM visitors WHERE chat_id = %s", chat_id)[0][0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_clients_chat_has_no_barriers_that_axe_knows(sign_in: SignIn, live_server: LiveServer, scheme: str) -> None:
    number, chat_id = live_server.sql(
        "SELECT number, chat_id FROM talks WHERE score IS NOT NULL ORDER BY number LIMIT 1"
    )[0]
    live_server.call(
        "staff", "POST", f"/chats/{chat_id}/messages", client_id=f"axe-{scheme}", body="Regular", note=True
    )
    page = live(sign_in("staff", f"/center/?chat={chat_id}", color_scheme=scheme, reduced_motion="reduce"))
    expect(page.locator(".fd-note").first).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_role("complementary", name="Details")).to_contain_text("Closed", timeout=SLOW_MS)
    assert barriers(page, *GRAVE) == []
    page.locator(".fd-talk-no").click()
    assert barriers(page, *GRAVE) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Saved answers").click()
    expect(page.get_by_role("option", name="Opening hours")).to_be_visible(timeout=SLOW_MS)
    assert barriers(page, *GRAVE) == []


def test_the_chat_with_the_client_stands_on_their_card(sign_in: SignIn, live_server: LiveServer) -> None:
    contact_id, number = live_server.sql(
        "SELECT contact_id, number FROM talks WHERE state = 'open' AND contact_id IS NOT NULL ORDER BY number LIMIT 1"
    )[0]
    page = live(sign_in("manager", f"/contactview/show/{contact_id}", width=390, height=844))
    thread = page.locator(".fd-card-chat .fd-thread")
    expect(thread.locator(".fd-say").first).to_be_visible(timeout=SLOW_MS)
    expect(page.locator("#chat .fd-talk-no")).to_contain_text(str(number))
    page.get_by_role("button", name="Internal").click()
    expect(page.locator("#chat .fd-say")).to_have_count(0)
    expect(page.locator("#chat .fd-talk-no")).to_have_count(0)
