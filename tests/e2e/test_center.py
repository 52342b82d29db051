"""The center in a real browser: popups, badge, panel, page, and several tabs that agree."""

from __future__ import annotations

import re
from itertools import count

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.barriers import GRAVE, barriers
from tests.browsers import LIVE_MS, LiveServer, SignIn, live
from tests.waiting import eventually

ELSEWHERE = "/profile/"
# How far down the feed the rows are that are in the page.
REACHED = "() => Math.max(0, ...[...document.querySelectorAll('.fd-item')].map((one) => Number(one.ariaPosInSet)))"
_numbers = count(1)


def assign(live_server: LiveServer, text: str = "Call Basil Hedge back") -> str:
    """The manager gives the staff member a task; answers its text, which no other task has."""
    text = f"{text} no. {next(_numbers)}."
    staff_id = live_server.call("staff", "GET", "/me").json()["id"]
    answer = live_server.call(
        "manager", "POST", "/tasks/", text=text, due_at="2031-05-05T10:40:00+00:00", responsible_id=staff_id
    )
    assert answer.status_code == 201, answer.text
    return text


def row(page: Page, text: str) -> Locator:
    return page.locator(".fd-item").filter(has_text=text)


def popup(page: Page, text: str) -> Locator:
    return page.locator(".fd-popup").filter(has_text=text)


def badge(page: Page) -> int:
    shown = page.locator("#fd-bubble .fd-badge")
    return int(shown.inner_text()) if shown.is_visible() else 0


def expect_badge(page: Page, number: int) -> None:
    if number:
        expect(page.locator("#fd-bubble .fd-badge")).to_have_text(str(number))
        expect(page.get_by_role("button", name=f"Center, {number} unread")).to_be_visible()
    else:
        expect(page.locator("#fd-bubble .fd-badge")).to_be_hidden()


def expect_unread(item: Locator, unread: bool = True) -> None:
    if unread:
        expect(item).to_have_class(re.compile("is-unread"))
    else:
        expect(item).not_to_have_class(re.compile("is-unread"))


def another_tab(page: Page, live_server: LiveServer, path: str = "/center/") -> Page:
    tab = page.context.new_page()
    tab.goto(f"{live_server.url}{path}")
    return live(tab)


def open_panel(page: Page) -> None:
    page.locator("#fd-bubble").click()
    expect(page.get_by_role("dialog", name="Center")).to_be_visible()
    expect(page.locator("#fd-feed")).to_have_attribute("aria-busy", "false")


def test_a_task_from_the_manager_pops_up_and_raises_the_badge(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff", ELSEWHERE))
    before = badge(page)
    text = assign(live_server)
    expect(popup(page, text)).to_be_visible()
    expect_badge(page, before + 1)
    popup(page, text).get_by_role("button", name="Dismiss").click()
    expect(popup(page, text)).to_have_count(0)
    expect_badge(page, before + 1)
    open_panel(page)
    expect_unread(row(page, text))


def test_reading_in_one_tab_is_read_in_the_other_and_the_row_keeps_its_place(
    sign_in: SignIn, live_server: LiveServer
) -> None:
    one = live(sign_in("staff", ELSEWHERE))
    other = another_tab(one, live_server)
    text = assign(live_server)
    open_panel(one)
    before = badge(one)
    expect_unread(row(other, text))
    row(one, text).hover()
    row(one, text).get_by_role("button", name="Mark read").click()
    for page in (one, other):
        expect_unread(row(page, text), False)
        expect_badge(page, before - 1)
    expect(one.locator(".fd-item").first).to_contain_text(text)
    row(one, text).get_by_role("button", name="Mark unread").click()
    expect_unread(row(other, text))
    expect_badge(other, before)


def test_a_popup_goes_away_when_its_item_is_read_elsewhere(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff", ELSEWHERE))
    phone = live(sign_in("staff", "/center/", width=390, height=844))
    text = assign(live_server)
    expect(popup(page, text)).to_be_visible()
    row(phone, text).click()
    expect(phone.get_by_role("heading", name=text)).to_be_visible()
    expect(popup(page, text)).to_have_count(0)


def test_on_a_phone_back_closes_what_is_on_top(sign_in: SignIn, live_server: LiveServer) -> None:
    phone = live(sign_in("staff", ELSEWHERE, width=390, height=844))
    panel = phone.get_by_role("dialog", name="Center")
    open_panel(phone)
    panel.get_by_role("article").filter(has_text="Sales Office").get_by_role("link").first.click()
    expect(panel.get_by_role("log", name="Messages")).to_be_visible()
    phone.go_back()
    expect(panel.get_by_role("log", name="Messages")).to_have_count(0)
    expect(panel).to_be_visible()
    phone.go_back()
    expect(panel).to_have_count(0)
    text = assign(live_server)
    open_panel(phone)
    row(phone, text).click()
    expect(phone.get_by_role("heading", level=1, name=text)).to_be_visible()
    phone.go_back()
    expect(phone).to_have_url(f"{live_server.url}{ELSEWHERE}")
    expect(panel).to_have_count(0)


def test_at_most_three_popups_stand_and_the_rest_is_counted(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff", ELSEWHERE))
    texts = [assign(live_server) for _ in range(5)]
    expect(popup(page, texts[-1])).to_be_visible()
    page.locator(".fd-popups").hover()  # pointed at, they stay
    expect(page.locator(".fd-popup")).to_have_count(3)
    page.get_by_role("button", name="and 2 more").click()
    expect(page.get_by_role("dialog", name="Center")).to_be_visible()
    expect(page.locator(".fd-popup")).to_have_count(0)


def test_completing_from_the_feed_completes_the_task_in_every_tab(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff", ELSEWHERE))
    other = another_tab(page, live_server)
    text = assign(live_server)
    open_panel(page)
    row(page, text).get_by_role("button", name="Complete").click()
    asked = page.get_by_role("dialog", name="Complete this task?")
    expect(asked.get_by_text(text, exact=True)).to_be_visible()
    asked.get_by_label("Result").fill("They want it in red")
    asked.get_by_role("button", name="Complete").click()
    expect(row(page, text).get_by_text("Done")).to_be_visible()
    expect_unread(row(other, text), False)
    expect(row(other, text).get_by_role("button", name="Complete")).to_have_count(0)
    ((completed_at, result),) = live_server.sql("SELECT completed_at, result FROM tasks WHERE text = %s", text)
    assert completed_at is not None
    assert result == "They want it in red"
    manager = live(sign_in("manager", "/"))
    team = manager.get_by_role("tab", name="Team")
    expect(team).to_have_attribute("aria-selected", "true")
    expect(row(manager, text)).to_contain_text("Milo Spoke")
    manager.get_by_role("tab", name="All", exact=True).click()
    expect(team).to_have_attribute("aria-selected", "false")
    expect(manager).to_have_url(f"{live_server.url}/center/")


def test_a_popup_completes_too(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff", ELSEWHERE))
    text = assign(live_server)
    popup(page, text).get_by_role("button", name="Complete").click()
    page.get_by_role("dialog", name="Complete this task?").get_by_role("button", name="Complete").click()
    expect(popup(page, text)).to_have_count(0)
    expect(page.locator(".fd-toast").filter(has_text="Task completed")).to_be_visible()


def test_postponing_moves_the_due_date_and_reads_the_notice(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff"))
    text = assign(live_server)
    row(page, text).get_by_role("button", name="Postpone").click()
    page.get_by_role("menuitem", name="Pick a time").click()
    page.get_by_label("Due on").fill("2032-01-01T09:30")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator(".fd-toast").filter(has_text="Task postponed")).to_be_visible()
    expect_unread(row(page, text), False)
    ((due_at,),) = live_server.sql("SELECT due_at FROM tasks WHERE text = %s", text)
    assert due_at.year == 2032


def test_mark_all_read_is_one_call_and_can_be_undone(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff"))
    text = assign(live_server)
    expect_unread(row(page, text))
    before = badge(page)
    page.get_by_role("button", name="Mark all read").click()
    expect_badge(page, 0)
    expect_unread(row(page, text), False)
    page.get_by_role("button", name="Undo").click()
    expect_unread(row(page, text))
    expect_badge(page, before)


def test_archiving_and_a_reminder_take_a_row_away_and_undo_brings_it_back(
    sign_in: SignIn, live_server: LiveServer
) -> None:
    page = live(sign_in("staff"))
    text = assign(live_server)
    for name, choice in (("Archive", None), ("Remind me later", "Tomorrow 9:00")):
        row(page, text).hover()
        row(page, text).get_by_role("button", name=name).click()
        if choice:
            page.get_by_role("menuitem", name=choice).click()
        expect(row(page, text)).to_have_count(0)
        page.get_by_role("button", name="Undo").last.click()
        expect_unread(row(page, text))


def test_what_the_server_refuses_is_taken_back_with_a_sentence(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff"))
    text = assign(live_server)
    before = badge(page)
    refusal = {"error": {"code": "busy", "message": "The account is being moved."}}
    page.route("**/api/v1/center/read", lambda route: route.fulfill(status=503, json=refusal))
    row(page, text).hover()
    row(page, text).get_by_role("button", name="Mark read").click()
    expect(page.locator(".fd-toast").filter(has_text="The account is being moved.")).to_be_visible()
    expect_unread(row(page, text))
    expect_badge(page, before)


def test_a_page_catches_up_after_a_lost_connection(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff"))
    page.context.set_offline(True)
    text = assign(live_server)
    expect(page.locator("#fd-center-root")).not_to_have_attribute("data-connection", "live", timeout=60_000)
    page.context.set_offline(False)
    expect(row(page, text)).to_be_visible(timeout=LIVE_MS)
    live(page)


def test_without_websockets_the_center_asks_and_says_so(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in("staff", "")
    page.add_init_script("window.WebSocket = function () { throw new Error('refused by the network') }")
    page.goto(f"{live_server.url}/center/")
    text = assign(live_server)
    expect(page.get_by_text("Live updates are off, checking every 15 s")).to_be_visible(timeout=LIVE_MS)
    expect(row(page, text)).to_be_visible(timeout=2 * LIVE_MS)  # the next question comes within 15 s


def test_an_end_of_the_session_leads_to_the_login(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff2", ELSEWHERE))
    live_server.sql("UPDATE ab_user SET session_epoch = session_epoch + 1 WHERE username = 'staff2'")
    expect(page.get_by_role("alert").get_by_role("link", name="Sign in")).to_be_visible(timeout=LIVE_MS)
    page.wait_for_url("**/login/**", timeout=LIVE_MS)


def test_the_feed_is_worked_by_keys(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff", ELSEWHERE))
    first, second = assign(live_server), assign(live_server)
    page.keyboard.press("f")
    expect(page.get_by_label("Find user")).to_be_focused()
    page.keyboard.type(first)
    expect(row(page, second)).to_have_count(0)
    expect(row(page, first)).to_be_visible()
    for _ in range(2):  # the words, then the filter
        page.keyboard.press("Escape")
    expect(row(page, second)).to_be_visible()
    page.keyboard.press("j")
    expect(row(page, second)).to_be_focused()
    page.keyboard.press("j")
    expect(row(page, first)).to_be_focused()
    page.keyboard.press("r")
    expect_unread(row(page, first), False)
    expect(row(page, first)).to_be_focused()
    page.keyboard.press("e")
    expect(row(page, first)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Center")).to_have_count(0)
    expect(page.locator("#fd-bubble")).to_be_focused()


def test_a_kind_of_news_is_muted_from_its_item_and_unmuted_again(sign_in: SignIn, live_server: LiveServer) -> None:
    def cells() -> dict[str, object]:
        return dict(live_server.call("staff", "GET", "/me/preferences").json()["matrix"]["task_assigned"])

    page = live(sign_in("staff", "/center/"))
    before = cells()
    item = row(page, assign(live_server))
    item.hover()
    item.get_by_role("button", name="Mute this kind of news").click()
    page.get_by_role("menuitem", name=re.compile("^Mute “")).click()
    expect(page.get_by_text("it comes to your center only")).to_be_visible()
    assert set(cells().values()) == {False, "off"}
    page.get_by_role("button", name="Undo").click()
    eventually(lambda: cells() == before)


def test_a_long_feed_keeps_in_the_page_what_is_near_and_is_walked_by_keys(
    sign_in: SignIn, live_server: LiveServer
) -> None:
    rows = 500
    person = live_server.sql("SELECT id FROM ab_user WHERE username = 'staff2'")[0][0]
    live_server.sql(
        "WITH e AS (INSERT INTO events (tag, subject_type, subject_id, data, created_at)"
        " SELECT 'task:assigned', 'task', 1000000 + n, jsonb_build_object('text', 'Number ' || n || '.'), now()"
        " FROM generate_series(1, %s) n RETURNING id, subject_id)"
        " INSERT INTO feed_items (user_id, subject_key, subject_type, subject_id, tab, event_tag, event_id, rule, at,"
        " unread) SELECT %s, 'task:' || subject_id, 'task', subject_id, 'tasks', 'task:assigned', id, 'responsible',"
        " now() - interval '1 day' - (subject_id - 1000000) * interval '1 second', false FROM e",
        *(rows, person),
    )
    page = sign_in("staff2", "/center/")
    live(page)
    feed = page.locator("#fd-feed")
    last = page.locator(".fd-item").filter(has_text=f"Number {rows}.")
    while not last.count():
        reached = page.evaluate(REACHED)
        # Again and again, as a wheel does: rows that come while one scrolls make room below.
        page.wait_for_function(
            "reached => { const feed = document.getElementById('fd-feed'); feed.scrollTo(0, feed.scrollHeight);"
            f" return ({REACHED})() > reached }}",
            arg=reached,
        )
    feed.evaluate("feed => feed.scrollTo(0, feed.scrollHeight)")
    expect(last).to_be_in_viewport()
    assert int(last.get_attribute("aria-posinset") or 0) > rows
    expect(page.locator(".fd-item").filter(has_text=re.compile(r"Number 250\.$"))).to_have_count(0)
    assert page.locator(".fd-item").count() < 350
    # Without a jump, upwards as well.
    for _ in range(60):
        feed.evaluate("feed => feed.scrollBy(0, -700)")
        page.wait_for_function(
            "() => { const box = document.getElementById('fd-feed').getBoundingClientRect();"
            " const there = document.elementFromPoint(box.left + 100, box.top + 200);"
            " return Boolean(there?.closest('.fd-item, .fd-block')) }"
        )
        if feed.evaluate("feed => feed.scrollTop") == 0:
            break
    # Who stands on a row goes on from there, wherever the window has scrolled to.
    last_of_first = page.locator(".fd-item").filter(has_text="Number 70.")
    last_of_first.focus()
    feed.evaluate("feed => feed.scrollTo(0, feed.scrollHeight)")
    expect(last).to_be_in_viewport()
    for number in range(71, 130):
        page.keyboard.press("j")
        expect(page.locator(".fd-item:focus")).to_contain_text(f"Number {number}.")
    expect(page.locator(".fd-item:focus")).to_be_in_viewport()


def test_unread_first_is_switched_behind_find_user_and_remembered(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff"))
    assign(live_server)
    for checked in (False, True):
        page.get_by_label("Find user").click()
        page.get_by_label("Show unread first", exact=True).set_checked(checked)
        expect(page.locator(".fd-block").first).to_contain_text("Unread" if checked else "Newest first")
        page.wait_for_load_state("networkidle")
        page.reload()
        expect(page.locator(".fd-block").first).to_contain_text("Unread" if checked else "Newest first")


def test_an_open_item_tells_why_it_came_and_survives_a_reload(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff"))
    text = assign(live_server)
    row(page, text).click()
    why = page.get_by_role("region", name="Why did I get this?")
    expect(why).to_contain_text("You are responsible for this task")
    expect(why).to_contain_text("Email")
    expect_unread(row(page, text), False)
    page.reload()
    expect(page.get_by_role("heading", name=text)).to_be_visible()
    page.go_back()
    expect(why).to_have_count(0)


def test_a_task_text_is_shown_as_text(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("staff"))
    text = assign(live_server, "<img src=x onerror=document.title='broken'> & <b>bold</b>")
    expect(row(page, text)).to_be_visible()
    expect(popup(page, text)).to_be_visible()
    assert "broken" not in page.title()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_center_is_accessible(sign_in: SignIn, live_server: LiveServer, scheme: str, width: int) -> None:
    page = live(sign_in("staff", ELSEWHERE, width=width, height=844, color_scheme=scheme))
    text = assign(live_server)
    expect(popup(page, text)).to_be_visible()
    assert_accessible(page)
    open_panel(page)
    assert_accessible(page)
    page.goto(f"{live_server.url}/center/")
    row(page, text).click()
    expect(page.get_by_text("You are responsible for this task")).to_be_visible()
    assert_accessible(page)


def assert_accessible(page: Page) -> None:
    """Nothing serious or critical, once nothing moves any more."""
    page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))")
    assert barriers(page, *GRAVE) == []
