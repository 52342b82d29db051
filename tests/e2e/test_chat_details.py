"""A chat's details in real browsers: people, owners, archive and files; and what Find user finds."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browsers import LIVE_MS, LiveServer, SignIn, live
from tests.chat_windows import box, in_chat, message, new_group, row, say, write


def details(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Details")


def member(page: Page, name: str) -> Locator:
    return details(page).locator(".fd-person").filter(has=page.get_by_text(name, exact=True))


def name_of(live_server: LiveServer, username: str) -> str:
    return str(live_server.call(username, "GET", "/me").json()["name"])


def act_on(page: Page, name: str, action: str | re.Pattern[str]) -> None:
    member(page, name).get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


def send_files(page: Page, *files: tuple[str, str, bytes]) -> None:
    page.locator(".fd-composer input[type=file]").set_input_files(
        [{"name": name, "mimeType": kind, "buffer": content} for name, kind, content in files]
    )
    expect(page.locator(".fd-up")).to_have_count(len(files))
    expect(page.locator(".fd-up progress")).to_have_count(0)
    box(page).press("Enter")
    expect(page.locator(".is-pending")).to_have_count(0)


def test_an_owner_removes_somebody_and_hands_the_chat_over(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, name = new_group(live_server, "staff", "staff2")
    removed, heir = name_of(live_server, "staff"), name_of(live_server, "staff2")
    owner = in_chat(sign_in, "manager", chat_id)
    gone, other = in_chat(sign_in, "staff", chat_id), in_chat(sign_in, "staff2", chat_id)
    act_on(owner, removed, "Remove from this chat…")
    owner.get_by_role("button", name="Remove", exact=True).click()
    expect(member(owner, removed)).to_have_count(0)
    expect(gone.locator(".fd-chat")).to_have_count(0)
    expect(row(gone, name)).to_have_count(0)
    expect(member(other, removed)).to_have_count(0)
    expect(other.get_by_role("button", name="Rename")).to_have_count(0)
    act_on(owner, heir, "Make an owner")
    expect(member(owner, heir)).to_contain_text("Owner")
    expect(details(other).get_by_role("button", name="Rename")).to_be_visible()
    me = name_of(live_server, "manager")
    act_on(other, me, "Make a member")
    expect(details(owner).get_by_role("button", name="Rename")).to_have_count(0)
    expect(details(owner).get_by_role("button", name="Archive this chat")).to_have_count(0)


def test_an_archived_chat_is_read_only_found_again_and_brought_back(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, name = new_group(live_server, "staff")
    owner, other = in_chat(sign_in, "manager", chat_id), in_chat(sign_in, "staff", chat_id)
    write(owner, "the last word")
    details(owner).get_by_role("button", name="Archive this chat").click()
    owner.get_by_role("button", name="Archive", exact=True).click()
    for page in (owner, other):
        expect(page.locator(".fd-chat-closed")).to_contain_text("This chat is archived")
        expect(box(page)).to_have_count(0)
    expect(row(other, name)).to_have_count(0)
    other.keyboard.press("f")
    other.keyboard.type(name)
    expect(other.locator(".fd-hit").first).to_contain_text("Archived")
    other.keyboard.press("Enter")
    expect(message(other, "the last word")).to_be_visible()
    details(owner).get_by_role("button", name="Bring this chat back").click()
    owner.get_by_role("button", name="Bring back", exact=True).click()
    expect(box(owner)).to_be_visible()
    expect(box(other)).to_be_visible()
    expect(row(other, name)).to_be_visible()
    write(other, "here again")
    expect(message(owner, "here again")).to_be_visible()


def test_the_details_list_a_chats_files_and_lead_to_their_messages(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, _ = new_group(live_server, "staff")
    one, other = in_chat(sign_in, "manager", chat_id), in_chat(sign_in, "staff", chat_id)
    picture = BytesIO()
    Image.new("RGB", (64, 30), "teal").save(picture, "PNG")
    send_files(one, ("stand.png", "image/png", picture.getvalue()))
    send_files(one, *((f"list-{number}.txt", "text/plain", b"a;b") for number in range(5)))
    for number in range(40):
        live_server.call(
            "manager", "POST", f"/chats/{chat_id}/messages", client_id=f"after-{number}", body=f"line {number}."
        )
    files = details(other).get_by_role("region", name="Files")
    expect(files.locator("li")).to_have_count(4)
    files.get_by_role("button", name="See all").click()
    expect(files.locator("li")).to_have_count(6)
    files.get_by_role("button", name="stand.png", exact=True).click()
    expect(other.locator(".fd-file").filter(has_text="stand.png")).to_be_in_viewport(timeout=LIVE_MS)
    with other.expect_download() as download:
        files.get_by_role("link", name="Download list-4.txt").click()
    assert download.value.suggested_filename == "list-4.txt"
    # A file goes with its message.
    sent = live_server.call("manager", "GET", f"/chats/{chat_id}/files?limit=1").json()["files"][0]
    found = live_server.call("manager", "GET", f"/chats/{chat_id}/messages?after_seq={sent['seq'] - 1}&limit=1").json()
    assert live_server.call("manager", "DELETE", f"/chats/messages/{found['messages'][0]['id']}").status_code == 200
    expect(files.locator("li")).to_have_count(1)
    stranger = live_server.call("staff2", "GET", f"/chats/{chat_id}/files")
    assert stranger.status_code == 404


def test_a_muted_chat_pops_up_for_mentions_only(sign_in: SignIn, live_server: LiveServer) -> None:
    (muted, name), (loud, loud_name) = new_group(live_server, "staff"), new_group(live_server, "staff")
    page = in_chat(sign_in, "staff", muted)
    details(page).get_by_role("button", name="Mute", exact=True).click()
    page.get_by_role("menuitemcheckbox", name="Mute, but mentions come through").click()
    expect(row(page, name).locator(".fd-row-mark")).to_be_visible()
    page.goto(f"{live_server.url}/profile/")
    live(page)
    say(live_server, "manager", muted, "nothing to hurry about")
    say(live_server, "manager", loud, "this one is heard")
    popups = page.locator(".fd-popup")
    expect(popups.filter(has_text=loud_name)).to_be_visible(timeout=LIVE_MS)
    expect(popups.filter(has_text=name)).to_have_count(0)
    say(live_server, "manager", muted, "@staff please look")
    expect(popups.filter(has_text=name)).to_be_visible(timeout=LIVE_MS)


def test_a_groups_picture_is_cut_and_seen_by_everybody(sign_in: SignIn, live_server: LiveServer) -> None:
    chat_id, name = new_group(live_server, "staff")
    one, other = in_chat(sign_in, "manager", chat_id), in_chat(sign_in, "staff", chat_id)
    picture = BytesIO()
    Image.new("RGB", (900, 300), "teal").save(picture, "PNG")
    details(one).locator("input[type=file]").set_input_files(
        [{"name": "us.png", "mimeType": "image/png", "buffer": picture.getvalue()}]
    )
    for page in (one, other):
        expect(page.locator(".chat-head .fd-av-pic")).to_be_visible(timeout=LIVE_MS)
        expect(row(page, name).locator(".fd-av-pic")).to_be_visible()
    details(one).get_by_role("button", name="Remove picture").click()
    expect(other.locator(".chat-head .fd-av-pic")).to_have_count(0)


def test_find_user_finds_groups_with_their_size_and_clients(sign_in: SignIn, live_server: LiveServer) -> None:
    page = live(sign_in("manager", "/center/"))
    size = live_server.sql(
        "SELECT count(*) FROM ab_user_group ug JOIN ab_group g ON g.id = ug.group_id WHERE g.name = 'Sales Office'"
    )[0][0]
    page.keyboard.press("f")
    expect(page.get_by_label("Find user")).to_be_focused()
    page.keyboard.type("Sales Off")
    group = page.get_by_role("group", name="User groups").get_by_role("option").first
    expect(group).to_contain_text(f"{size} people")
    client: tuple[Any, ...] = live_server.sql(
        "SELECT k.name, t.chat_id FROM talks t JOIN contacts k ON k.id = t.contact_id ORDER BY t.number LIMIT 1"
    )[0]
    page.get_by_label("Find user").fill(client[0])
    found = page.get_by_role("group", name="Clients").get_by_role("option").first
    expect(found).to_contain_text(client[0])
    found.click()
    expect(page.locator(".chat-head h2, .fd-col-head h2").filter(has_text=client[0])).to_be_visible()
