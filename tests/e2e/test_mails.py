"""Our mails as a mail program shows them; and a client's mail, from its arrival to the answer with a file."""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from flask import Flask, render_template
from flask_babel import Babel
from playwright.sync_api import Browser, expect

from app.services.outgoing import Group, Line
from app.services.render import INLINER, Headline, email_message
from tests.barriers import barriers
from tests.browsers import LiveServer, SignIn
from tests.imap_servers import PASSWORD, ImapServer, mail
from tests.mailboxes import SmtpServer
from tests.services.test_render import Numbered, Reader, snapshot
from tests.waiting import eventually

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
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
        assert barriers(page, runOnly=["wcag2a", "wcag2aa"]) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        assert page.locator("img").count() == 0
    assert asked == [], "a mail loads nothing"
    context.close()


def test_a_mail_arrives_is_shown_safely_and_answered_with_a_file(
    sign_in: SignIn, live_server: LiveServer, imap: ImapServer, tmp_path: Path
) -> None:
    smtp = SmtpServer(authenticator=lambda *_: AuthResult(success=True), auth_require_tls=False)
    smtp.start()
    try:
        page = sign_in("staff", "/mailboxview/add")
        for name, value in (
            ("address", "info@shop.example"),
            ("username", "info"),
            ("password", PASSWORD),
            ("imap_host", "127.0.0.1"),
            ("imap_port", str(imap.port)),
            ("smtp_host", "127.0.0.1"),
            ("smtp_port", str(smtp.port)),
        ):
            page.locator(f"#{name}").fill(value)
        page.locator("#imap_security").select_option("none")
        page.locator("#smtp_security").select_option("none")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Test connection").click()
        expect(page.get_by_text("It works: mails are read, and answers can be sent")).to_be_visible()
        page.goto(f"{live_server.url}/center/")
        # What is there before the listener's first look is history, and no news.
        eventually(lambda: live_server.sql("SELECT 1 FROM mail_folders WHERE name = 'INBOX'"), 60)
        _let_arrive(imap)
        notice = page.get_by_text("Basil Hedge: A cargo bicycle").first
        expect(notice).to_be_visible(timeout=60_000)
        notice.click()
        page.goto(f"{live_server.url}/mailview/list/")
        page.get_by_role("link", name="A cargo bicycle").first.click()
        frame = page.frame_locator("iframe.fd-mail-frame")
        expect(frame.get_by_text("Do you repair it?")).to_be_visible()
        assert frame.locator("img").evaluate_all("(all) => all.map((one) => one.naturalWidth)") == [1, 0]
        expect(page.get_by_text("Pictures from elsewhere are not loaded")).to_be_visible()
        page.get_by_label("Your answer").fill("Yes, with this offer.")
        offer = tmp_path / "offer.pdf"
        offer.write_bytes(b"%PDF-1.7\n" + b"x" * 200)
        page.get_by_label("Files", exact=True).set_input_files(offer)
        page.get_by_label("Copy to").fill("Otto <otto@example.org>; nobody")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("“nobody” is no address")).to_be_visible()
        page.get_by_label("Copy to").fill("Otto <otto@example.org>")
        page.get_by_label("Files", exact=True).set_input_files(offer)
        page.get_by_role("button", name="Send", exact=True).click()
        (sent,) = smtp.wait_for(1, 60)
        assert (sent["In-Reply-To"], sent["References"]) == ("<cargo@example.org>", "<cargo@example.org>")
        assert [part.get_filename() for part in sent.iter_attachments()] == ["offer.pdf"]
        assert (sent["Cc"], smtp.recipients[1:]) == ("otto@example.org", ["otto@example.org"])
        expect(page.get_by_text("copy to otto@example.org")).to_be_visible()
        expect(page.get_by_role("link", name="offer.pdf")).to_be_visible()
    finally:
        smtp.stop()
        live_server.sql("DELETE FROM mailboxes WHERE address = 'info@shop.example'")


def _let_arrive(imap: ImapServer) -> None:
    """A client's mail with a picture inside, one from elsewhere, and a script."""
    came = mail("A cargo bicycle", "Do you repair it?", Message_ID="<cargo@example.org>")
    html = '<p>Do you repair it?</p><img src="cid:wheel"><img src="http://127.0.0.1:9/pixel.png">'
    came.add_alternative(f"{html}<script>document.body.textContent = 'taken over'</script>", subtype="html")
    list(came.iter_parts())[-1].add_related(PIXEL, "image", "png", cid="<wheel>", filename="wheel.png")
    imap.put(came)
