"""Team chat in two real browsers against each other."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.barriers import barriers
from tests.browsers import LIVE_MS, LiveServer, SignIn, live
from tests.chat_windows import (
    box,
    in_chat,
    look_away,
    message,
    new_group,
    numbers,
    row,
    say,
    user_id,
    write,
)


def test_a_message_reaches_the_other_and_says_that_it_was_seen(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, name = new_group(live_server, "staff", "staff2")
    one = in_chat(sign_in, "manager", chat_id)
    other = live(sign_in("staff", "/center/"))
    one.evaluate("delete Crypto.prototype.randomUUID")  # as where the page came without HTTPS
    write(one, "Is the 56 ready?\nAsk <b>Otto</b> or https://example.com/a?b=1.")
    expect(one.locator(".is-pending")).to_have_count(0)
    expect(one.locator(".fd-seen")).to_contain_text("Sent")
    expect(row(other, name)).to_have_class(re.compile("is-unread"))
    expect(row(other, name).locator(".fd-badge")).to_contain_text("1")
    row(other, name).click()
    expect(message(other, "Ask <b>Otto</b>")).to_be_visible()
    expect(message(other, "Ask").get_by_role("link")).to_have_attribute("href", "https://example.com/a?b=1")
    expect(one.locator(".fd-seen")).to_contain_text("Seen by 1")
    expect(row(other, name)).not_to_have_class(re.compile("is-unread"))
    one.locator(".fd-seen button").click()
    expect(one.get_by_role("dialog")).to_contain_text("Seen by 1")


def test_typing_and_presence_are_seen_by_the_other(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, _ = new_group(live_server, "staff")
    one, other = in_chat(sign_in, "manager", chat_id), in_chat(sign_in, "staff", chat_id)
    box(other).press_sequentially("I am")
    expect(one.locator(".fd-typing-line")).to_contain_text("is typing")
    expect(one.locator(".chat-head .sub")).to_contain_text("2 active", timeout=LIVE_MS)
    box(other).press("Enter")
    expect(message(one, "I am")).to_be_visible()
    expect(one.locator(".fd-typing-line")).to_have_text("")


def test_a_message_is_changed_deleted_and_leaves_its_trace(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, _ = new_group(live_server, "staff")
    one, other = in_chat(sign_in, "manager", chat_id), in_chat(sign_in, "staff", chat_id)
    write(one, "first words")
    expect(one.locator(".is-pending")).to_have_count(0)
    box(one).press("ArrowUp")
    expect(box(one)).to_have_value("first words")
    box(one).fill("better words")
    box(one).press("Enter")
    expect(message(other, "better words")).to_contain_text("(edited)")
    message(other, "better words").get_by_role("button", name="(edited)").click()
    expect(other.get_by_role("dialog")).to_contain_text("first words")
    other.keyboard.press("Escape")
    message(one, "better words").hover()
    message(one, "better words").get_by_role("button", name=re.compile("^More")).click()
    one.get_by_role("menuitem", name="Delete").click()
    one.get_by_role("button", name="Delete", exact=True).click()
    expect(message(other, "This message was deleted")).to_be_visible()
    expect(message(other, "better words")).to_have_count(0)


def test_reactions_and_replies_are_live(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, _ = new_group(live_server, "staff")
    say(live_server, "manager", chat_id, "Who trues the wheel?")
    one, other = in_chat(sign_in, "manager", chat_id), in_chat(sign_in, "staff", chat_id)
    message(other, "Who trues").hover()
    message(other, "Who trues").get_by_role("button", name="React", exact=True).click()
    other.get_by_label("Find an emoji").fill("thumbs up")
    other.keyboard.press("Enter")
    reaction = message(one, "Who trues").locator(".fd-react").first
    expect(reaction).to_contain_text("1")
    reaction.click()
    expect(message(other, "Who trues").locator(".fd-react").first).to_contain_text("2")
    message(other, "Who trues").hover()
    message(other, "Who trues").get_by_role("button", name="Reply", exact=True).click()
    box(other).press_sequentially("I do")
    box(other).press("Enter")
    expect(message(one, "I do").locator(".fd-quote")).to_contain_text("Who trues the wheel?")


def test_a_mention_is_completed_marked_and_counted(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, name = new_group(live_server, "staff", "staff2")
    one = in_chat(sign_in, "manager", chat_id)
    other = live(sign_in("staff", "/center/"))
    box(one).press_sequentially("Hello @sta")
    expect(one.locator(".fd-complete [role=option]").first).to_be_visible()
    box(one).press("Escape")
    box(one).press_sequentially("ff")
    one.locator(".fd-complete [role=option]").filter(has_text=re.compile("@staff$")).click()
    expect(box(one)).to_have_value("Hello @staff ")
    box(one).press_sequentially("please look")
    box(one).press("Enter")
    expect(row(other, name).locator(".is-mention")).to_be_visible()
    row(other, name).click()
    name_of_other = live_server.call("staff", "GET", "/me").json()["name"]
    expect(other.locator(".fd-msg.is-mention .fd-at.is-me")).to_have_text(f"@{name_of_other}")


def test_drafts_survive_a_reload_and_show_in_the_feed(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, name = new_group(live_server, "staff")
    say(live_server, "staff", chat_id, "Hello")
    other_chat, other_name = new_group(live_server, "staff")
    say(live_server, "staff", other_chat, "Hello")
    page = in_chat(sign_in, "manager", chat_id)
    box(page).fill("half a thought")
    row(page, other_name).click()
    expect(row(page, name)).to_contain_text("Draft: half a thought")
    expect(box(page)).to_have_value("")
    page.reload()
    live(page)
    row(page, name).click()
    expect(box(page)).to_have_value("half a thought")


def test_what_is_written_offline_goes_out_once_when_the_connection_is_back(
    sign_in: SignIn, live_server: LiveServer
) -> None:
    chat_id, _ = new_group(live_server, "staff")
    one, other = in_chat(sign_in, "manager", chat_id), in_chat(sign_in, "staff", chat_id)
    one.context.set_offline(True)
    for text in ("one offline", "two offline"):
        write(one, text)
    expect(message(one, "two offline").locator(".fd-state")).to_be_visible()
    say(live_server, "staff", chat_id, "meanwhile 1", "meanwhile 2")
    one.context.set_offline(False)
    expect(one.locator(".is-pending")).to_have_count(0, timeout=LIVE_MS)
    for page in (one, other):
        expect(page.locator("article.fd-msg .fd-msg-text")).to_have_text(
            ["meanwhile 1", "meanwhile 2", "one offline", "two offline"], timeout=LIVE_MS
        )


def test_a_refused_message_can_be_changed_and_sent(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, _ = new_group(live_server, "staff")
    page = sign_in("manager", "/profile/")
    # a draft that answers a message which no longer exists
    page.evaluate(
        "([name, draft]) => localStorage.setItem(name, JSON.stringify(draft))",
        [
            f"fd-draft:{user_id(live_server, 'manager')}:{chat_id}",
            {
                "body": "too late",
                "files": [],
                "reply_to": {"id": 10**8, "seq": 1, "author": {"name": "?"}, "body": "?"},
            },
        ],
    )
    page.goto(f"{live_server.url}/center/?chat={chat_id}")
    live(page)
    expect(box(page)).to_have_value("too late")
    box(page).press("Enter")
    failed = page.locator(".is-pending")
    expect(failed).to_contain_text("Not sent")
    failed.get_by_role("button", name="Edit").click()
    expect(box(page)).to_have_value("too late")
    box(page).press("Escape")
    box(page).press("Enter")
    expect(page.locator(".is-pending")).to_have_count(0)
    expect(message(page, "too late")).to_have_count(1)


def test_unread_messages_begin_at_a_line_and_are_read_only_where_somebody_looks(
    sign_in: SignIn, live_server: LiveServer
) -> None:
    chat_id, name = new_group(live_server, "staff")
    say(live_server, "manager", chat_id, *(f"old {number}" for number in range(1, 31)))
    page = in_chat(sign_in, "staff", chat_id)
    expect(page.locator("[data-divider]")).to_be_attached()
    page.get_by_role("button", name=re.compile("newest message")).click()
    expect(message(page, "old 30")).to_be_in_viewport()
    expect(row(page, name)).not_to_have_class(re.compile("is-unread"))
    look_away(page)
    say(live_server, "manager", chat_id, "new one")
    expect(page.locator("[data-divider]")).to_have_text("1 new")
    expect(row(page, name)).to_have_class(re.compile("is-unread"))
    look_away(page, away=False)
    expect(row(page, name)).not_to_have_class(re.compile("is-unread"))


def test_a_chat_marked_unread_is_read_by_opening_it_again(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, name = new_group(live_server, "staff")
    say(live_server, "manager", chat_id, "look again later")
    page = in_chat(sign_in, "staff", chat_id)
    expect(row(page, name)).not_to_have_class(re.compile("is-unread"))
    page.locator(".chat-head").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Mark unread").click()
    expect(page.locator(".fd-chat")).to_have_count(0)
    expect(row(page, name)).to_have_class(re.compile("is-unread"))
    row(page, name).click()
    expect(message(page, "look again later")).to_be_visible()
    expect(row(page, name)).not_to_have_class(re.compile("is-unread"))


def test_who_reads_above_is_told_of_new_messages_and_keeps_the_place(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, _ = new_group(live_server, "staff")
    say(live_server, "staff", chat_id, *(f"line {number}." for number in range(1, 41)))
    page = in_chat(sign_in, "staff", chat_id)
    page.get_by_role("log").hover()
    page.mouse.wheel(0, -1200)
    expect(page.get_by_role("button", name="Go to the newest message")).to_be_visible()
    first = page.evaluate(VISIBLE)
    say(live_server, "manager", chat_id, "from below")
    button = page.get_by_role("button", name="1 new, go to the newest message")
    expect(button).to_be_visible()
    assert page.evaluate(VISIBLE) == first
    button.click()
    expect(message(page, "from below")).to_be_in_viewport()
    expect(button).to_have_count(0)


VISIBLE = """() => { const box = document.querySelector('[role=log]').getBoundingClientRect();
  const row = [...document.querySelectorAll('article[data-seq]')].find((one) => one.getBoundingClientRect().bottom > box.top + 1);
  return [row.dataset.seq, Math.round(row.getBoundingClientRect().top)] }"""  # noqa: E501


def test_a_long_chat_loads_by_scrolling_without_a_hole_and_stays_small(
    sign_in: SignIn, live_server: LiveServer
) -> None:
    chat_id, _ = new_group(live_server, "staff")
    live_server.sql(
        "INSERT INTO messages (chat_id, seq, author_id, author_kind, client_id, body, created_at, changed_at)"
        " SELECT %s, c.last_seq + n, %s, 'user', 'm' || n, 'number ' || n || '.', clock_timestamp(), clock_timestamp()"
        " FROM generate_series(1, 900) n, chats c WHERE c.id = %s",
        *(chat_id, user_id(live_server, "staff"), chat_id),
    )
    live_server.sql("UPDATE chats SET last_seq = last_seq + 900 WHERE id = %s", chat_id)
    live_server.sql("UPDATE chat_members SET last_read_seq = 10000 WHERE chat_id = %s", chat_id)
    page = in_chat(sign_in, "manager", chat_id)
    expect(message(page, "number 900.")).to_be_in_viewport()
    page.get_by_role("log").hover()
    seen: set[int] = set()
    while True:
        shown = [int(one) for one in page.evaluate(SEQS)]
        assert shown == list(range(shown[0], shown[-1] + 1))
        assert len(shown) <= 350
        seen.update(shown)
        if shown[0] <= 2:
            break
        before = page.evaluate(PLACE)
        page.mouse.wheel(0, -2000)
        page.wait_for_function(f"(before) => ({PLACE})() !== before", arg=before)
    assert len(seen) >= 900
    # What was loaded is no news to a screen reader; what comes in now is.
    log, said = page.get_by_role("log"), page.locator("[data-heard]")
    expect(log).to_have_attribute("aria-live", "off")
    expect(said).to_have_attribute("aria-live", "polite")
    expect(said).to_have_text("")
    say(live_server, "staff", chat_id, "just now")
    expect(said).to_have_text(re.compile(r"^\s*Milo Spoke: just now\s*$"))
    page.get_by_role("button", name="Go to the newest message").click()
    expect(message(page, "number 900.")).to_be_in_viewport()


PLACE = """() => { const log = document.querySelector("[role=log]");
  return `${log.scrollTop} ${log.querySelector("[data-seq]").dataset.seq}`; }"""
SEQS = "() => [...document.querySelectorAll('[role=log] [data-seq]')].map((one) => one.dataset.seq)"


def test_a_link_leads_to_its_message_and_the_search_jumps(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, _ = new_group(live_server, "staff")
    sent = say(live_server, "staff", chat_id, "the derailleur hanger", *(f"other {number}" for number in range(70)))
    page = in_chat(sign_in, "manager", chat_id, f"&seq={sent[0]['seq']}")
    expect(message(page, "derailleur")).to_be_in_viewport()
    page.get_by_role("button", name="Go to the newest message").or_(
        page.get_by_role("button", name=re.compile("new, go to"))
    ).click()
    expect(message(page, "other 69")).to_be_in_viewport()
    page.get_by_role("button", name="Search in this chat").click()
    expect(page.get_by_role("combobox", name="Search in this chat")).to_be_focused()
    page.keyboard.type("derailleur")
    expect(page.locator(".fd-hit mark")).to_have_text("derailleur")
    page.keyboard.press("Enter")
    expect(message(page, "derailleur")).to_be_in_viewport()


def test_a_picture_is_sent_shown_and_can_be_downloaded(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, _ = new_group(live_server, "staff")
    one, other = in_chat(sign_in, "manager", chat_id), in_chat(sign_in, "staff", chat_id)
    file = BytesIO()
    Image.new("RGB", (640, 300), "teal").save(file, "PNG")
    one.locator(".fd-composer input[type=file]").set_input_files(
        [{"name": "stand.png", "mimeType": "image/png", "buffer": file.getvalue()}]
    )
    expect(one.locator(".fd-up")).to_contain_text("stand.png")
    expect(one.locator(".fd-up progress")).to_have_count(0)
    box(one).press("Enter")
    expect(other.locator(".fd-file")).to_contain_text("stand.png")
    expect(other.locator(".fd-file-pic img")).to_be_visible(timeout=LIVE_MS)
    with other.expect_download() as download:
        other.locator(".fd-thread").get_by_role("link", name="Download stand.png").click()
    assert Path(download.value.path()).read_bytes() == file.getvalue()


def test_find_user_opens_the_chat_by_keys_alone(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("manager", "/center/"))
    name = live_server.call("staff2", "GET", "/me").json()["name"]
    page.keyboard.press("f")
    page.keyboard.type(name.split()[0])
    expect(page.locator(".fd-hit.is-hover")).to_contain_text(name)
    page.keyboard.press("Enter")
    expect(page.locator(".chat-head h2")).to_have_text(name)
    expect(box(page)).to_be_focused()
    page.keyboard.type("found you")
    page.keyboard.press("Enter")
    expect(message(page, "found you").last).to_be_visible()


def test_a_group_is_started_renamed_filled_and_left(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("manager", "/center/"))
    name = f"Fleet {next(numbers)}"
    people = [live_server.call(one, "GET", "/me").json()["name"] for one in ("staff", "staff2")]
    page.get_by_role("button", name="New chat").click()
    picker = page.get_by_role("combobox", name="People or a user group")
    picker.press_sequentially(people[0].split()[0])
    expect(page.locator(".fd-pick-list .is-hover")).to_contain_text(people[0])
    picker.press("Enter")
    page.get_by_label(re.compile("Name of the group")).fill(name)
    page.get_by_role("button", name="Start group chat").click()
    expect(page.locator(".chat-head h2")).to_have_text(name)
    other = live(sign_in("staff", "/center/"))
    details = page.get_by_role("complementary", name="Details")
    details.get_by_role("button", name="Rename").click()
    page.get_by_label("Name of the chat").fill(f"{name} b")
    page.keyboard.press("Enter")
    expect(page.locator(".chat-head h2")).to_have_text(f"{name} b")
    details.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("combobox", name="People to add").press_sequentially(people[1].split()[0])
    expect(page.locator(".fd-pick-list .is-hover")).to_contain_text(people[1])
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    expect(details).to_contain_text(people[1])
    write(page, "welcome")
    row(other, f"{name} b").click()
    other.get_by_role("button", name="Leave this chat").click()
    other.get_by_role("button", name="Leave", exact=True).click()
    expect(other.locator(".fd-chat")).to_have_count(0)
    expect(row(other, name)).to_have_count(0)
    expect(details.locator(".fd-person").filter(has_text=people[0])).to_have_count(0)


def test_a_linked_group_follows_its_user_group(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("admin", "/center/"))
    page.get_by_role("button", name="New chat").click()
    page.get_by_role("combobox", name="People or a user group").press_sequentially("Sales Off")
    expect(page.locator(".fd-pick-list .is-hover")).to_contain_text("User group")
    page.keyboard.press("Enter")
    expect(page.get_by_label(re.compile("^Linked"))).to_be_checked()
    page.get_by_role("button", name="Start group chat").click()
    expect(page.get_by_role("complementary", name="Details")).to_contain_text("Follows the user group Sales Office")


def test_everybody_is_asked_about_first_and_the_text_stays(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, _ = new_group(live_server, "staff")
    live_server.sql(
        "INSERT INTO ab_user (first_name, last_name, username, email, active)"
        " SELECT 'Many', 'N' || n, 'many' || n, 'many' || n || '@example.com', true FROM generate_series(1, 16) n"
        " ON CONFLICT DO NOTHING"
    )
    live_server.sql(
        "INSERT INTO chat_members (chat_id, user_id, role, joined_at)"
        " SELECT %s, id, 'member', clock_timestamp() FROM ab_user WHERE username LIKE 'many%%'",
        chat_id,
    )
    page = in_chat(sign_in, "manager", chat_id)
    box(page).fill("@all lunch is here")
    box(page).press("Enter")
    expect(page.locator(".fd-composer-top.is-warn")).to_contain_text("Tell all 18 members")
    page.locator(".fd-composer").get_by_role("button", name="Cancel").click()
    expect(box(page)).to_have_value("@all lunch is here")
    page.locator(".fd-composer").get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("button", name="Send to all").click()
    expect(message(page, "lunch is here")).to_be_visible()
    expect(page.locator(".is-pending")).to_have_count(0)


def test_a_chat_opens_in_the_panel_over_any_page(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, name = new_group(live_server, "staff")
    page = live(sign_in("staff", "/profile/"))
    say(live_server, "manager", chat_id, "pop")
    popup = page.locator(".fd-popup").filter(has_text=name).last
    popup.get_by_role("button", name="Open").click()
    expect(message(page, "pop")).to_be_visible()
    write(page, "from the panel")
    expect(message(page, "from the panel")).to_be_visible()
    box(page).press("Escape")
    expect(page.locator(".fd-chat")).to_have_count(0)
    expect(page.get_by_role("dialog", name="Center")).to_be_visible()


def test_on_a_phone_feed_chat_and_details_are_pages(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, name = new_group(live_server, "staff")
    say(live_server, "staff", chat_id, "hello phone")
    page = live(sign_in("manager", "/center/", width=390, height=844, has_touch=True, is_mobile=True))
    row(page, name).tap()
    expect(message(page, "hello phone")).to_be_visible()
    expect(page.locator("#fd-feed")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    write(page, "answer")
    page.get_by_role("button", name="Details", exact=True).tap()
    expect(page.get_by_role("complementary", name="Details")).to_be_visible()
    page.get_by_role("button", name="Back to the chat").tap()
    page.get_by_role("button", name="Back to the feed").tap()
    expect(page.locator("#fd-feed")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_chat_has_no_barriers_that_axe_knows(
    sign_in: SignIn, live_server: LiveServer, scheme: str, width: int
) -> None:
    chat_id, _ = new_group(live_server, "staff", "free")
    say(live_server, "staff", chat_id, "Hello @manager, see https://example.com", "and more")
    page = in_chat(sign_in, "manager", chat_id, width=width, color_scheme=scheme, reduced_motion="reduce")
    write(page, "an answer")
    message(page, "and more").hover()
    assert barriers(page) == []
