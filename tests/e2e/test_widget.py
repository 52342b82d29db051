"""The chat widget in a real browser, on pages of other origins: what a shop's customer sees."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, expect

from tests.barriers import barriers
from tests.browsers import LiveServer, SignIn
from tests.shops import (
    FOREIGN_SITE,
    SAME_SITE,
    SLOW_MS,
    Shop,
    Visit,
    box,
    bubble,
    button,
    chat,
    expect_sent,
    open_chat,
    write,
)
from tests.waiting import eventually

MOST_BYTES = 60_000
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NO_WEBSOCKETS = """
window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.({}), 5); } send() {} close() {} };
"""
CHOOSE_TOO_BIG = """(picker) => {
  const {max_file_bytes: most} = JSON.parse(document.getElementById("boot").textContent);
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(most + 1)], "film.mov"));
  picker.files = files.files;
  picker.dispatchEvent(new Event("change"));
}"""


def test_a_customer_asks_the_team_answers_closes_and_is_scored(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url())
    frame = open_chat(page)
    expect(frame.get_by_role("heading", name="Wheels & Co")).to_be_visible()
    expect(bubble(page, "Hello! Ask us anything.")).to_be_visible()
    write(page, "Can I swap the saddle before Saturday?")
    expect(frame.get_by_text("Delivered")).to_be_visible()
    shop.answer("Of course, free of charge. <b>See</b> https://example.com/saddles.")
    answer = bubble(page, "Of course, free of charge. <b>See</b>")
    expect(answer).to_be_visible()
    expect(answer.get_by_role("link", name="https://example.com/saddles")).to_have_attribute("target", "_blank")
    expect(frame.get_by_role("heading", name="from Wheels & Co")).to_be_visible()
    number, _ = shop.talk()
    assert shop.live.call("staff", "POST", f"/talks/{number}/close").status_code == 202
    expect(frame.get_by_role("heading", name="How did we do?")).to_be_visible()
    expect(frame.get_by_text("Writing again opens a new conversation.")).to_be_hidden()
    frame.get_by_role("button", name="4 of 10").click()
    expect(frame.get_by_text("You gave 4 of 10.")).to_be_visible()
    expect(frame.get_by_text("Writing again opens a new conversation.")).to_be_visible()
    expect(frame.get_by_role("button", name="4 of 10")).to_have_count(0)
    assert shop.live.sql("SELECT score, state FROM talks WHERE number = %s", number) == [(4, "closed")]
    write(page, "One more question")
    expect_sent(page, "One more question")
    assert shop.talk()[0] > number
    expect(frame.get_by_text("You gave 4 of 10.")).to_have_count(0)


@pytest.mark.parametrize("host", [SAME_SITE, FOREIGN_SITE])
def test_the_next_page_has_the_history_the_draft_and_the_open_chat(shop: Shop, visit: Visit, host: str) -> None:
    page = visit(shop.url(host))
    open_chat(page)
    write(page, "Remember me")
    expect_sent(page, "Remember me")
    box(page).fill("half a sen")
    page.get_by_role("link", name="Other page").press("Enter")
    page.wait_for_url("**/other")
    expect(bubble(page, "Remember me")).to_be_visible()
    expect(box(page)).to_have_value("half a sen")
    expect(box(page)).not_to_be_focused()
    assert page.context.cookies() == []
    kept = page.evaluate("Object.keys(localStorage)")
    assert kept == [] if host == SAME_SITE else f"frontdesk-visitor:{shop.key}" in kept


def test_an_answer_to_a_closed_chat_is_counted_on_its_button_until_it_is_seen(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url())
    open_chat(page)
    write(page, "Anybody there?")
    expect_sent(page, "Anybody there?")
    box(page).press("Escape")
    expect(button(page)).to_be_focused()
    shop.answer("We are")
    expect(button(page, "Open chat, 1 new message")).to_be_visible()
    page.reload()
    button(page, "Open chat, 1 new message").click()
    expect(bubble(page, "We are")).to_be_visible()
    box(page).press("Escape")
    expect(button(page)).to_be_visible()
    read = (
        "SELECT v.read_seq >= c.last_seq - 1 FROM visitors v JOIN chats c ON c.id = v.chat_id JOIN widgets w"
        " ON w.id = v.widget_id WHERE w.key = %s"
    )
    eventually(lambda: shop.live.sql(read, shop.key) == [(True,)], what="the team to see that it was read")


def test_all_of_it_is_at_most_60_kb(shop: Shop, visit: Visit) -> None:
    page = visit("about:blank")
    sizes: dict[str, int] = {}

    def count(request: Request) -> None:
        if urlsplit(request.url).port != shop.port:
            size = request.sizes()
            sizes[request.url] = size["responseBodySize"] + size["responseHeadersSize"]

    page.on("requestfinished", count)
    page.goto(shop.url())
    open_chat(page)
    page.wait_for_load_state("networkidle")
    assert any(url.endswith("/widget/frame.js") for url in sizes)
    assert sum(sizes.values()) <= MOST_BYTES, sorted(sizes.items(), key=lambda one: -one[1])


def test_the_page_is_there_before_the_widget_is_asked_for(shop: Shop, visit: Visit) -> None:
    page = visit("about:blank")
    order: list[str] = []
    page.on("load", lambda: order.append("load"))
    page.on("request", lambda request: "/widget/frame?" in request.url and order.append("frame"))
    page.route("**/widget/loader.js", lambda route: (page.evaluate("document.title"), route.continue_()))
    page.goto(shop.url())
    expect(button(page)).to_be_visible()
    assert order == ["load", "frame"]


def test_where_websockets_are_refused_it_asks_again_and_again(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url(), script=NO_WEBSOCKETS)
    frame = open_chat(page, "polling")
    write(page, "By the other way")
    expect_sent(page, "By the other way")
    shop.answer("Got it")
    expect(bubble(page, "Got it")).to_be_visible(timeout=SLOW_MS)
    expect(frame.get_by_text("Seen")).to_be_visible(timeout=SLOW_MS)
    number, _ = shop.talk()
    shop.live.call("staff", "POST", f"/talks/{number}/close")
    frame.get_by_role("button", name="10 of 10").click(timeout=SLOW_MS)
    expect(frame.get_by_text("You gave 10 of 10.")).to_be_visible()


def test_what_is_written_without_a_connection_is_sent_once_when_it_is_back(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url(), script=NO_WEBSOCKETS)
    open_chat(page, "polling")
    write(page, "Before")
    expect_sent(page, "Before")
    page.context.set_offline(True)
    write(page, "During")
    expect(chat(page).get_by_text("No connection.")).to_be_visible(timeout=SLOW_MS)
    expect(bubble(page, "During").get_by_text("Waiting for the connection")).to_be_visible()
    page.context.set_offline(False)
    expect_sent(page, "During")
    expect(chat(page).get_by_text("No connection.")).to_be_hidden(timeout=SLOW_MS)
    _, chat_id = shop.talk()
    stored = shop.live.sql(
        "SELECT body FROM messages WHERE chat_id = %s AND author_kind = 'visitor' ORDER BY seq", chat_id
    )
    assert [body for (body,) in stored] == ["Before", "During"]


def test_a_page_that_the_widget_is_not_meant_for_gets_no_button(shop: Shop, visit: Visit) -> None:
    shop.set("allowed_origins", "https://somewhere.example")
    page = visit("about:blank")
    with page.expect_response(lambda response: "/widget/frame" in response.url) as refused:
        page.goto(shop.url())
    assert refused.value.status == 403
    expect(page.locator("frontdesk-widget button")).to_be_hidden()
    assert page.locator("frontdesk-widget iframe").evaluate("(frame) => getComputedStyle(frame).visibility") == "hidden"


def test_outside_working_hours_it_says_so_and_takes_an_address(shop: Shop, visit: Visit) -> None:
    another_day = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    shop.set("working_hours", f"{DAYS[another_day.weekday()]} 09:00-17:00")
    shop.set("offline_text", "We are back tomorrow at nine.")
    page = visit(shop.url())
    frame = open_chat(page)
    expect(frame.get_by_text("We are back tomorrow at nine.")).to_be_visible()
    write(page, "Do you repair cargo bikes?")
    email = frame.get_by_role("textbox", name="Email address")
    email.fill("nonsense")
    email.press("Enter")
    expect(frame.get_by_role("alert").filter(has_text="Enter an email address")).to_be_visible()
    expect(email).to_be_focused()
    email.fill("wren@example.com")
    frame.get_by_role("textbox", name="Your name").fill("Wren Tallis")
    frame.get_by_role("button", name="Save").click()
    expect(frame.get_by_text("to wren@example.com when you have left")).to_be_visible()
    expect(box(page)).to_be_focused()
    stored = shop.live.sql(
        "SELECT v.email, v.name FROM visitors v JOIN widgets w ON w.id = v.widget_id WHERE w.key = %s", shop.key
    )
    assert stored == [("wren@example.com", "Wren Tallis")]


def test_files_follow_the_first_words_and_one_too_big_is_refused_at_once(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url())
    frame = open_chat(page)
    picker = frame.locator("input[type=file]")
    small = {"name": "manual.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n" + b"x" * 3000}
    picker.evaluate(CHOOSE_TOO_BIG)
    expect(frame.get_by_text("Too big: at most")).to_be_visible()
    frame.get_by_role("button", name="Remove film.mov").click()
    picker.set_input_files([small])
    expect(frame.get_by_text("Goes with your first message")).to_be_visible()
    frame.get_by_role("button", name="Send").click()
    expect(frame.get_by_text("Write a few words with it.")).to_be_visible()
    write(page, "Here is the manual")
    expect_sent(page, "Here is the manual")
    link = frame.get_by_role("link", name="Download manual.pdf")
    expect(link).to_be_visible(timeout=SLOW_MS)
    with page.expect_download() as download:
        link.click()
    assert Path(download.value.path()).read_bytes() == small["buffer"]


def test_a_refused_message_stays_and_says_why(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url())
    frame = open_chat(page)
    box(page).fill("x" * 10_001)
    box(page).press("Enter")
    expect(frame.get_by_text("At most 10000 characters.")).to_be_visible()
    expect(box(page)).not_to_have_value("")


def test_the_keyboard_goes_round_and_out(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url())
    page.keyboard.press("Tab")
    expect(button(page)).to_be_visible()
    button(page).focus()
    page.keyboard.press("Enter")
    expect(box(page)).to_be_focused()
    for name in ("Attach a file", "Send", "Close chat"):
        page.keyboard.press("Tab")
        expect(chat(page).get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(chat(page).get_by_role("button", name="Send")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button(page)).to_be_focused()
    expect(button(page)).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wrong_for_a_screen_reader(shop: Shop, visit: Visit, scheme: str) -> None:
    shop.set("colour", "#f2c200")
    page = visit(shop.url(), color_scheme=scheme)
    open_chat(page)
    write(page, "A question")
    expect_sent(page, "A question")
    shop.answer("An answer")
    expect(bubble(page, "An answer")).to_be_visible()
    number, _ = shop.talk()
    shop.live.call("staff", "POST", f"/talks/{number}/close")
    expect(chat(page).get_by_role("button", name="9 of 10")).to_be_visible()
    frame = next(frame for frame in page.frames if "/widget/frame" in frame.url)
    assert barriers(frame, runOnly=["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]) == []
    expect(chat(page).get_by_role("log", name="Messages")).to_have_attribute("aria-live", "polite")


def test_on_a_phone_it_fills_the_screen(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url(), width=390, height=844, has_touch=True, is_mobile=True)
    button(page).tap()
    expect(box(page)).to_be_visible()
    frame = page.locator("frontdesk-widget iframe")
    expect(frame).to_have_css("opacity", "1")
    assert frame.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    expect(page.locator("frontdesk-widget button")).to_be_hidden()
    assert page.evaluate("document.documentElement.style.overflow") == "hidden"
    too_small = (
        chat(page)
        .locator("button:visible")
        .evaluate_all(
            "(all) => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"
        )
    )
    assert too_small == []
    chat(page).get_by_role("button", name="Close chat").tap()
    expect(button(page)).to_be_visible()
    assert page.evaluate("document.documentElement.style.overflow") == ""


def test_a_message_to_the_frame_from_elsewhere_changes_nothing(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url())
    expect(button(page)).to_be_visible()
    page.evaluate("window.postMessage({mark: 'frontdesk-widget', type: 'unread', count: 9, words: 'nine'}, '*')")
    page.evaluate("window.postMessage({mark: 'frontdesk-widget', type: 'keep', name: 'x', value: 'y'}, '*')")
    open_chat(page)
    assert page.evaluate("localStorage.getItem('x')") is None
    frame = next(frame for frame in page.frames if "/widget/frame" in frame.url)
    frame.evaluate("window.postMessage({mark: 'frontdesk-widget', type: 'close'}, '*')")
    write(page, "Still open")
    expect_sent(page, "Still open")


def test_a_widget_that_is_switched_off_says_so(shop: Shop, visit: Visit) -> None:
    page = visit(shop.url())
    open_chat(page)
    shop.live.sql("UPDATE widgets SET active = false WHERE key = %s", shop.key)
    write(page, "Hello?")
    expect(bubble(page, "Hello?").get_by_role("button", name="Try again")).to_be_visible()


def test_the_demo_shop_has_the_widget_on_it(shop: Shop, visit: Visit) -> None:
    page = visit(f"{shop.live.url}/demo/shop")
    expect(page.get_by_role("heading", level=1)).to_have_text("Bicycles that were made to be ridden in the rain")
    page.get_by_role("link", name="Workshop").click()
    expect(page.get_by_role("heading", name="Workshop")).to_be_in_viewport()
    open_chat(page)
    expect(box(page)).to_be_focused()


def test_the_admins_form_shows_the_chat_as_it_is_typed(sign_in: SignIn, live_server: LiveServer) -> None:
    ((widget_id,),) = live_server.sql("SELECT min(id) FROM widgets")
    page = sign_in("admin", f"/widgetview/edit/{widget_id}")
    preview = page.frame_locator("#widget-preview")
    expect(preview.get_by_text("Online now")).to_be_visible()
    page.get_by_label("Name").fill("Fahrradladen")
    page.get_by_label("Language").select_option("de")
    yesterday = DAYS[dt.datetime.now(dt.UTC).weekday() - 1]
    page.get_by_label("Working hours", exact=True).fill(f"{yesterday} 03:00-03:01")
    expect(preview.get_by_text("Zurzeit nicht da")).to_be_visible()
    expect(preview.get_by_role("heading", name="Fahrradladen")).to_be_visible()
    page.get_by_label("Working hours", exact=True).fill("whenever")
    expect(preview.get_by_text("Jetzt erreichbar")).to_be_visible()
