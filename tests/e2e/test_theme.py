"""Every page of every role, in both themes, on a desk and on a phone: usable by everybody, and nothing from outside.

The pages are read from the application's own routes, so that a new page is looked at without being named here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Error, Page, Request, Response

from tests.barriers import GRAVE, barriers
from tests.test_access_table import ROLES, TABLE

SIZES = {"desk": (1280, 800), "phone": (390, 844)}
# Admins see every page; what the others see of it differs in what is left out, not in how it looks.
THEMES = {"admin": {"desk": ("light", "dark"), "phone": ("light",)}}
THEMES_OF_OTHERS = {"phone": ("light",)}
# An admin's pages are looked at in so many tests, each of which fits well into the time a test may take.
PARTS_OF_ADMIN = 4

# Answers to programs, files, addresses that only lead elsewhere, what a mail shows inside a frame without scripts, and
# clients' pages, which test_widget looks at.
NO_PAGES = re.compile(
    r"^/(api|assets|demo|static|back|go|hooks|lang|login|logout|lookup|setup|swagger|socket\.io|test|widget|healthz|readyz|metrics"
    r"|favicon\.ico|manifest\.webmanifest|sw\.js|push-worker\.js)(/|$)|/(delete|action|download|preview|totals)(/|$)|^/$"
    r"|^/dashboard/(behind|numbers|file)|^/mailview/(body|file)"
)
RECORD = re.compile(r"<[^>]*\b(pk|mail_id)>")
EXTRA_PAGES = (
    "/leadview/list/?_flt_0_name=bike",
    "/taskview/list/?_flt_0_text=nothing-has-this",
    "/dashboard/behind/leads_new",
    "/no-such-page",
)

# By address, in this process of the run: the kinds of elements that axe-core has seen. What stands around the main part
# is the same on every page, and is kept by theme.
_seen: dict[str, set[str]] = {}

SignIn = Callable[..., Page]


def pages_of(app: Flask) -> list[str]:
    """Return the addresses of all pages; ``<pk>`` stands for the first record of the list."""
    rules = sorted(str(rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    return [*(rule for rule in rules if not NO_PAGES.search(rule)), *EXTRA_PAGES]


def with_record(page: Page, base: str, rule: str, known: dict[str, str | None]) -> str | None:
    """Put the first record of the screen's list into the address; None where there is no record to look at."""
    found = RECORD.search(rule)
    if found is None:
        return rule
    stem = rule.split("/")[1]
    if stem not in known:
        listed = page.request.get(f"{base}/{stem}/" if found.group(1) == "mail_id" else f"{base}/{stem}/list/").text()
        first = re.search(r'<main.*?<a [^>]*href="[^"]*/(?:show|outbox)/(\d+)', listed, re.DOTALL)
        known[stem] = first.group(1) if first else None
    record = known[stem]
    return None if record is None else RECORD.sub(record, rule)


def visit(page: Page, address: str) -> Response | None:
    """Open the address; None where it is a file to be saved rather than a page."""
    try:
        return page.goto(address)
    except Error as error:
        if "Download is starting" not in error.message:
            raise
        return None


def grave_violations(page: Page, theme: str) -> list[str]:
    """Let axe-core look at the page in this theme; only colours differ in the dark one."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    # Frames are documents of their own; those that run no scripts would never answer.
    # Selectors, and style sheets read anew, are a third of axe-core's time; nothing here asks for them.
    options: dict[str, Any] = {"iframes": False, "selectors": False, "preload": False}
    if theme == "dark":
        options["runOnly"] = ["color-contrast"]
    return [f"{theme}: {one}" for one in barriers(page, *GRAVE, **options)]


def inspect(page: Page, address: str, themes: dict[str, tuple[str, ...]]) -> list[str]:
    """Look at the shown page in both sizes, with axe-core in the themes that are named for each.

    What shows nothing but what axe-core has seen at this address, in another size or on another role's page, it does
    not see again.
    """
    found = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in themes.get(size, ()):
            if is_new(page, address, theme):
                found += [f"{size}, {violation}" for violation in grave_violations(page, theme)]
        found += [f"{size}: {defect}" for defect in defects(page, address)]
    return found


def is_new(page: Page, address: str, theme: str) -> bool:
    """Tell whether the page shows anything that axe-core has not seen in this theme; from now on it has.

    Colours are of kinds of elements, wherever they stand; all else may be right at one address and wrong at another.
    """
    main, around = pieces_of(page)
    known = _seen.setdefault(theme if theme == "dark" else address.partition("?")[0], set())
    known_around = _seen.setdefault(f"around, {theme}", set())
    if main <= known and around <= known_around:
        return False
    known |= main
    known_around |= around
    return True


def pieces_of(page: Page) -> tuple[set[str], set[str]]:
    """Return the kinds of elements that the page shows, in its main part and around it.

    A kind is name and classes, those of the parent, and what tells assistive programs about the element.
    """
    main, around = page.evaluate(
        """() => {
          const kinds = [new Set(), new Set()];
          for (const one of document.body.querySelectorAll("*")) {
            if (!one.checkVisibility({visibilityProperty: true})) continue;
            const parent = one.parentElement;
            kinds[one.closest("main") ? 0 : 1].add([
              one.localName, one.className.baseVal ?? one.className,
              parent.localName, parent.className.baseVal ?? parent.className,
              ...["role", "type", "aria-hidden", "aria-label", "alt", "tabindex"].map((name) => one.hasAttribute(name)),
            ].join(" "));
          }
          return kinds.map((kind) => [...kind]);
        }"""
    )
    return set(main), set(around)


def defects(page: Page, address: str) -> list[str]:
    """What is wrong with the shown page, beyond what axe-core sees."""
    facts: dict[str, Any] = page.evaluate(
        """() => ({
          lang: document.documentElement.lang, title: document.title, heads: document.querySelectorAll('h1').length,
          mains: document.querySelectorAll('main').length, wide: document.documentElement.scrollWidth - innerWidth,
          inline: document.querySelectorAll('[onclick],[onsubmit],[onchange]').length,
          bare: [...document.querySelectorAll("main select:not([multiple])")].filter((one) => one.checkVisibility()
            && getComputedStyle(one).appearance !== "none").map((one) => one.name || one.id),
          stuck: [...document.querySelectorAll("main *")].filter((one) => one.scrollWidth > one.clientWidth
            && ["auto", "scroll"].includes(getComputedStyle(one).overflowX) && one.tabIndex < 0
            && !one.querySelector("a[href], button, input, select, textarea, [tabindex='0']")).length,
        })"""
    )
    found = []
    if not facts["lang"]:
        found.append("no language")
    if " · " not in facts["title"] or facts["title"].startswith((" ·", "None")):
        found.append(f"title {facts['title']!r}")
    if facts["mains"] != 1:
        found.append(f"{facts['mains']} main landmarks")
    if facts["heads"] != 1 and not address.startswith("/center"):
        found.append(f"{facts['heads']} first headings")
    if facts["wide"] > 0:
        found.append(f"{facts['wide']} px wider than the window")
    if facts["stuck"]:
        found.append("something that keys cannot scroll")
    if facts["bare"]:
        found.append(f"choices as the browser draws them: {', '.join(facts['bare'])}")
    if facts["inline"]:
        found.append("inline handlers")
    return found


class Watch:
    """Notes what a window complains about, and every request that leaves the installation."""

    def __init__(self, page: Page, base: str) -> None:
        self.base = base
        self.found: list[str] = []
        page.on("pageerror", lambda error: self.found.append(f"error {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        # The browser's own note about a refused page (403, 404) is no defect of the page.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.found.append(f"console {message.text}")

    def _request(self, request: Request) -> None:
        socket_base = self.base.replace("http", "ws", 1)
        if not request.url.startswith((self.base, socket_base, "data:", "blob:")):
            self.found.append(f"outside {request.url}")

    def take(self) -> list[str]:
        """Return what was noted since the last call."""
        taken, self.found = self.found, []
        return taken


@pytest.mark.parametrize(
    ("role", "part"), [*(("admin", part) for part in range(PARTS_OF_ADMIN)), ("manager", 0), ("staff", 0), ("free", 0)]
)
def test_every_page_of_a_role_can_be_used_by_everybody(
    role: str, part: int, session_app: Flask, sign_in: SignIn, live_server: Any
) -> None:
    page = sign_in(role, path="")
    watch = Watch(page, live_server.url)
    known: dict[str, str | None] = {}
    found: list[str] = []
    # All refusals look the same: one is looked at.
    refused = [row.rule for row in TABLE if row.method == "GET" and row.statuses[ROLES.index(role)] == 403][1:]
    pages = [rule for rule in pages_of(session_app) if rule not in refused]
    for rule in pages[part :: PARTS_OF_ADMIN if role == "admin" else 1]:
        address = with_record(page, live_server.url, rule, known)
        if address is None:
            continue
        watch.take()
        answer = visit(page, live_server.url + address)
        if answer is None:
            continue  # a file, not a page
        if answer.status >= 500 or "text/html" not in answer.headers.get("content-type", ""):
            found.append(f"{address}: answers {answer.status} {answer.headers.get('content-type')}")
            continue
        try:
            complaints = inspect(page, address, THEMES.get(role, THEMES_OF_OTHERS))
        except Error as error:
            complaints = [f"cannot be looked at: {error.message.splitlines()[0]}"]
        found += [f"{address}: {complaint}" for complaint in complaints + watch.take()]
    assert not found, "\n".join(found)


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", ["/login/", "/no-such-page"])
def test_a_stranger_sees_pages_that_everybody_can_use(path: str, stranger: Page, live_server: Any) -> None:
    watch = Watch(stranger, live_server.url)
    stranger.goto(live_server.url + path)
    assert not inspect(stranger, path, THEMES["admin"]) + watch.take()
