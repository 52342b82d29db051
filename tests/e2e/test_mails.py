"""Our mails as a mail program shows them: light and dark, wide and narrow, legible and without pictures."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from flask import Flask, render_template
from flask_babel import Babel
from playwright.sync_api import Browser

from app.services.outgoing import Group, Line
from app.services.render import INLINER, Headline, email_message
from tests.services.test_render import Numbered, Reader, snapshot

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
LONG = "A task whose text goes on and on, with https://example.com/an/address/that/nothing/may/break/anywhere/at/all"


def mails() -> dict[str, str]:
    """One of each shape: a notice, one with a conversation, digest, brief, the plan's end, an error."""
    app = Flask("app")
    app.config.update(PUBLIC_URL="https://desk.example.com", APP_NAME="Frontdesk")
    Babel(app)
    stop = "https://desk.example.com/unsubscribe/x"
    talk = {"number": 1, "contact": "Basil", "score": 3, "transcript": [{"author": "", "text": LONG}] * 2}
    with app.app_context():
        notice = email_message("task:assigned", "responsible", snapshot(text=LONG), Reader(), Numbered(), now=NOW)
        score = email_message("nps:low_score", "responsible", talk, Reader(), Numbered(), unsubscribe_url=stop, now=NOW)
        link = "https://desk.example.com/go/1"
        lines = (Line("task:assigned", LONG, "from Rowan", link, "Yesterday 17:40", NOW, "n:1", "task:1"),) * 5
        context = {
            "headline": Headline("Your digest: 12 unread", "Still unread", "/center", "bell"),
            "subject": "Your digest",
            "groups": [Group("Tasks", 12, lines, "https://desk.example.com/center")],
            "link": "https://desk.example.com/center",
            "settings_url": "https://desk.example.com/profile/",
            "unsubscribe_url": stop,
            "window": "08:30",
            "late": True,
        }
        digest = INLINER.inline(render_template("email/digest/body.html", **context))
        brief = INLINER.inline(render_template("email/brief/body.html", **context))
        plan = {"plan": "Bicycle XL", "paid_until": "2026-11-23", "url": "/plan/"}
        fault = {"problem": "widget_without_group", "name": LONG, "url": "/widgetview/edit/1"}
        others = {
            "plan": email_message("billing:expiring", "admin_soon", plan, Reader(), Numbered(), now=NOW).html,
            "error": email_message("error:automation", "admin", fault, Reader(), Numbered(), now=NOW).html,
        }
    return {"notice": notice.html, "score": score.html, "digest": digest, "brief": brief, **others}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800])
def test_mails_are_legible_and_fit(browser: Browser, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name, html in mails().items():
        page.set_content(html)
        page.evaluate(AXE.read_text())
        rules = {"runOnly": ["wcag2a", "wcag2aa"]}
        problems = page.evaluate("(rules) => axe.run(document, rules)", rules)["violations"]
        assert problems == [], (name, [(one["id"], one["nodes"][0]["html"]) for one in problems])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        assert page.locator("img").count() == 0
    assert asked == [], "a mail loads nothing"
    context.close()
