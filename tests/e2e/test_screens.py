"""What the generated screens do under keys and pointer."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browsers import LiveServer

SignIn = Callable[..., Page]


def focused(page: Page) -> str:
    """Return id or text of what has the focus."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))


def test_the_theme_is_remembered_for_the_person(sign_in: SignIn) -> None:
    page = sign_in("staff", path="/taskview/list/", color_scheme="light")
    page.click("#me-button")
    with page.expect_response("**/appearance/theme") as answer:
        page.click("[data-theme-value=dark]")
    assert answer.value.status == 204
    elsewhere = sign_in("staff", path="/taskview/list/", color_scheme="light")
    assert elsewhere.evaluate("document.documentElement.dataset.theme") == "dark"
    with elsewhere.expect_response("**/appearance/theme"):
        elsewhere.click("[data-theme-toggle]")
    assert elsewhere.evaluate("document.documentElement.dataset.theme") == "light"
    elsewhere.click("#me-button")
    with elsewhere.expect_response("**/appearance/theme"):
        elsewhere.click("[data-theme-value=system]")
    assert elsewhere.evaluate("document.documentElement.dataset.theme") is None


def test_the_account_menu_works_by_keys(sign_in: SignIn) -> None:
    page = sign_in("staff", path="/taskview/list/")
    page.focus("#me-button")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Profile"
    page.keyboard.press("End")
    assert focused(page) == "Log out"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Profile"
    page.keyboard.press("Escape")
    assert focused(page) == "me-button"
    expect(page.locator("#me-menu")).to_be_hidden()


def test_new_offers_what_the_person_may_add(sign_in: SignIn) -> None:
    page = sign_in("staff", path="/taskview/list/")
    page.click("#new-button")
    expect(page.locator("#new-menu [role=menuitem]")).to_have_text(["Lead", "Contact", "Company", "Task"])
    assert sign_in("free", path="/profile/").locator("#new-button").count() == 0


def test_slash_goes_to_the_search_of_everything_and_enter_opens_what_is_found(sign_in: SignIn) -> None:
    page = sign_in("staff", path="/leadview/list/")
    page.keyboard.press("/")
    search = page.get_by_role("combobox", name="Search leads, contacts, chats and talk numbers")
    expect(search).to_be_focused()
    page.keyboard.type("a/b")
    expect(search).to_have_value("a/b")
    expect(page.locator("#fd-top-list")).to_contain_text("Nothing is called “a/b”.")
    search.fill("gus marble")
    contact = page.get_by_role("option", name="Gus Marble").filter(has_text="Marble Bakery").first
    expect(contact).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(page.locator("#fd-top-list")).to_be_hidden()
    search.fill("gus marble")
    expect(contact).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/contactview/show/*")


def test_the_question_mark_explains_the_keys(sign_in: SignIn) -> None:
    page = sign_in("staff", path="/leadview/list/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_contain_text("Search everything")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Keyboard")).to_be_focused()


def test_ticked_rows_bring_the_bar_without_moving_the_list(sign_in: SignIn) -> None:
    page = sign_in("manager", path="/taskview/list/")
    boxes = page.locator("[data-select=TaskView]")
    before = boxes.nth(2).bounding_box()
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("3 selected")
    assert boxes.nth(2).bounding_box() == before
    every = page.get_by_label("Select all")
    assert every.evaluate("box => box.indeterminate")
    page.keyboard.press("Escape")
    expect(page.locator(".fd-bulk")).to_be_hidden()
    every.click()
    expect(page.locator("[data-bulk-count]")).to_have_text(re.compile(rf"^{boxes.count()} selected$"))


def test_deleting_asks_first_and_keeps_the_record_on_no(sign_in: SignIn) -> None:
    page = sign_in("admin", path="/companyview/list/")
    name = page.locator("td a.main").first.inner_text()
    row = page.get_by_role("row").filter(has_text=name)
    row.hover()
    row.get_by_role("button", name=f"Delete {name}").click()
    dialog = page.get_by_role("dialog", name="Are you sure?")
    expect(dialog).to_contain_text(name)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.reload()
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_a_filter_is_added_as_a_chip_in_words_and_taken_away(sign_in: SignIn) -> None:
    page = sign_in("staff", path="/leadview/list/")
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Field").select_option(label="Stage")
    page.get_by_role("combobox", name="Value").fill("New")
    page.locator(".fd-combo-list [role=option]", has_text="New").first.click()
    page.get_by_role("button", name="Apply").click()
    chip = page.locator(".fd-chip--filter")
    expect(chip).to_contain_text("Stage is New")
    chip.get_by_role("link").click()
    expect(page.locator(".fd-chip--filter")).to_have_count(0)


def test_a_lookup_is_searched_and_chosen_by_keys(sign_in: SignIn, live_server: LiveServer) -> None:
    page = sign_in("manager", path="/taskview/add")
    field = page.get_by_role("combobox", name="Responsible")
    field.fill("Milo")
    expect(page.get_by_role("option", name=re.compile("Milo Spoke"))).to_be_visible()
    expect(page.locator("#responsible-list [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == "responsible-list-0"
    page.keyboard.press("Enter")
    expect(field).to_have_value("Milo Spoke")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.fill("nobody has this name")
    page.get_by_label("What to do").focus()
    expect(field).to_have_value("Milo Spoke")
    # The list closes where several can be chosen, too; Escape ends it, though the next one is being looked for.
    live_server.sql("INSERT INTO tags (name, sort_key) VALUES ('Workshop', 'workshop') ON CONFLICT DO NOTHING")
    page.goto(f"{live_server.url}/leadview/list/")
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Field").select_option(label="Tags")
    several = page.get_by_role("combobox", name="Value")
    several.fill("Worksh")
    expect(page.get_by_role("option", name="Workshop")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove Workshop")).to_be_visible()
    expect(several).to_have_attribute("aria-expanded", "false")
    held: list[Route] = []
    page.route("**/lookup/tags*", lambda route: held.append(route))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    page.unroute("**/lookup/tags*")  # which lets go what was held
    page.evaluate("fetch('/lookup/tags').then((answer) => answer.text())")
    expect(several).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("button", name="Apply")).to_be_visible()


def test_a_refused_form_keeps_the_text_and_names_the_field(sign_in: SignIn) -> None:
    page = sign_in("staff", path="/contactview/add")
    page.get_by_label("Email").fill("fern@example.com")
    page.get_by_role("button", name="Save").click()
    name = page.get_by_role("textbox", name="Name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Email")).to_have_value("fern@example.com")
    expect(page.get_by_role("alert")).to_contain_text("needs another look")


def test_an_empty_search_says_so_and_leads_back(sign_in: SignIn) -> None:
    page = sign_in("staff", path="/leadview/list/?_flt_0_name=nothing-has-this")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(page.locator("td a.main").first).to_be_visible()


def test_the_navigation_shows_where_one_is_however_far_down_that_stands(sign_in: SignIn) -> None:
    page = sign_in("admin", path="/outbox/", height=600)
    entry = page.get_by_role("navigation", name="Main").get_by_role("link", name="Outbox")
    expect(entry).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_navigation_is_a_drawer(sign_in: SignIn) -> None:
    page = sign_in("staff", path="/taskview/list/", width=390, height=844)
    nav = page.get_by_role("navigation", name="Main")
    expect(nav).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(nav).to_be_visible()
    expect(nav.get_by_role("link", name="Tasks")).to_be_focused()
    assert page.locator("#main").evaluate("main => main.inert")
    page.keyboard.press("Escape")
    expect(nav).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    nav.get_by_role("link", name="Leads").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Leads")
