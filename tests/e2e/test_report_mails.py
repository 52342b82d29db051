"""A report's mail as a mail program shows it: light and dark, wide and narrow, and legible without its pictures."""

from __future__ import annotations

from base64 import b64encode

import pytest
from flask import Flask, render_template
from flask_babel import Babel
from playwright.sync_api import Browser

from app.services.render import INLINER, Headline
from app.services.reports.report_charts import DARK, LIGHT, Chart, png
from app.services.reports.report_contents import Contents, Number, Part, Picture, Row, Table
from tests.barriers import barriers

ALT = "Messages in per day. This week: the highest is Thursday 19 November, 52."
NUMBERS = (
    Number("New leads", "38", "32", "6 more", "good", "Leads that came in."),
    Number("Sum of leads won (EUR)", "€1,214,280", "€1,212,000", "€2,280 more", "good", "Budgets."),
    Number("Median first reply", "1 h 14 min", "58 min", "16 min slower", "bad", "Half of the talks."),
    Number("Mean score", "8.4", "8.4", "as before", "", "Of 1 to 10."),
)
LONG_WORDS = (
    Number("Unbeantwortete Gespräche", "1.214.280\N{NO-BREAK SPACE}€", "100", "20,8 Punkte niedriger", "bad", ""),
)
PEOPLE = Table(
    "By member",
    ("Neue Leads", "Gewonnene Leads", "Erledigte Aufgaben", "Eingehende Nachrichten", "Erste Antwort (Median)"),
    tuple(Row(name, ("12", "3", "18", "31", "14 min")) for name in ("Milo Spoke", "Bartholomew Featherstonehaugh")),
    4,
)


def mail() -> str:
    """Render one with everything in it."""
    chart = Chart(("Mon", "Tue", "Wed", "Thu"), (12, 33, None, 52), (10, 23, 14, 34), lambda value: f"{value:g}")
    app = Flask("app")
    app.config.update(PUBLIC_URL="https://desk.example.com", APP_NAME="Frontdesk")
    Babel(app)
    contents = Contents(
        "Sales Office, week of 16 November",
        "Monday 16 to Sunday 22 November 2026, against the week before",
        "Sales Office",
        "New leads: 38",
        NUMBERS,
        (Picture("messages_in", "Messages in", "This week", "Week before", ALT),),
        PEOPLE,
        (Part("Leads", NUMBERS, None, None), Part("Kundenbewertungen", LONG_WORDS, None, None)),
    )
    with app.app_context():
        html = INLINER.inline(
            render_template(
                "email/report/body.html",
                headline=Headline(contents.title, contents.summary, "", "chart"),
                subject=contents.title,
                contents=contents,
                late="Monday 23 November, 08:00",
                missed=2,
                link="https://desk.example.com/scheduled/runs/1",
                settings_url="https://desk.example.com/profile/",
                unsubscribe_url="https://desk.example.com/report/stop/x",
                because="because Della Crank added you on 3 November 2026",
                when="on Mondays at 08:00 (Europe/Vienna)",
                answers_to="Della Crank",
                attached="PDF, CSV",
            )
        )
    for theme, colours in (("light", LIGHT), ("dark", DARK)):
        data = b64encode(png(chart, colours)).decode()
        html = html.replace(f"cid:messages_in-{theme}.png", f"data:image/png;base64,{data}")
    return html


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800])
def test_a_report_is_legible_and_fits(browser: Browser, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(mail())
    assert barriers(page, runOnly=["wcag2a", "wcag2aa"]) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    seen = page.locator("img").evaluate_all("images => images.map(one => getComputedStyle(one).display)")
    assert seen == (["block", "none"] if scheme == "light" else ["none", "block"]), "one chart, in the reader's colours"
    assert [url for url in asked if not url.startswith("data:")] == [], "a mail loads nothing"
    context.close()


def test_without_pictures_the_charts_are_told_in_words(browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 800, "height": 800})
    page = context.new_page()
    page.set_content(mail().replace("data:image/png;base64,", "data:image/png;base64,broken"))
    chart = page.locator("img.on-light")
    assert chart.get_attribute("alt") == ALT
    assert chart.evaluate("one => one.naturalWidth") == 0
    assert page.get_by_role("cell", name="Sum of leads won (EUR)").last.is_visible()
    assert page.get_by_role("img", name=ALT).count() == 1
    context.close()
