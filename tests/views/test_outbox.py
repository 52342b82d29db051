"""Without a mail server mails are kept, and admins read them at /outbox."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.channels import CHANNELS
from app.channels.base import InlineImage, Message
from app.extensions import db
from app.models.outbox import KeptMail
from app.services import outbox
from tests.builders import login, make_user

HTML = '<html><head></head><body><p onclick="x()">Hello <b>Milo</b></p><img src="cid:chart"></body></html>'


def keep(*delivery_ids: int, subject: str = "New task: Call Basil") -> None:
    """Send through the channel as a worker does."""
    with CHANNELS["email"].open() as sender:
        for delivery_id in delivery_ids:
            images = (InlineImage("chart", b"\x89PNG"),)
            sender.send("milo@example.com", Message(delivery_id, subject, "New", "Hello Milo\n", HTML, images=images))


def kept_ids() -> list[int]:
    return list(db.session.scalars(select(KeptMail.delivery_id).order_by(KeptMail.id)))


def test_a_repeated_delivery_is_kept_once(app: Flask) -> None:
    with app.app_context():
        keep(901)
        keep(901)
        assert kept_ids() == [901]


def test_only_the_newest_stay(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "KEPT_AT_MOST", 3)
    with app.app_context():
        keep(1, 2, 3, 4, 5)
        assert kept_ids() == [3, 4, 5]


def test_an_admin_reads_a_mail_as_a_page_as_text_and_as_it_would_be_sent(app: Flask) -> None:
    with app.app_context():
        admin = make_user("Admin")
        keep(7, subject="Call <b>Basil</b>")
        mail_id = db.session.scalar(select(KeptMail.id))
        client = login(app.test_client(), admin)
    listed = client.get("/outbox/").get_data(as_text=True)
    assert "Call &lt;b&gt;Basil&lt;/b&gt;" in listed
    assert "milo@example.com" in listed
    assert f'src="/outbox/{mail_id}/preview"' in client.get(f"/outbox/{mail_id}").get_data(as_text=True)
    assert client.get(f"/outbox/{10**20}").status_code == 404
    assert "Hello Milo" in client.get(f"/outbox/{mail_id}?part=text").get_data(as_text=True)
    assert "Message-ID: &lt;delivery-7@" in client.get(f"/outbox/{mail_id}?part=source").get_data(as_text=True)


def test_a_shown_mail_can_run_nothing_and_load_nothing(app: Flask) -> None:
    with app.app_context():
        admin = make_user("Admin")
        keep(7)
        mail_id = db.session.scalar(select(KeptMail.id))
        client = login(app.test_client(), admin)
    shown = client.get(f"/outbox/{mail_id}/preview")
    policy = shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert 'src="data:image/png;base64,iVBORw=="' in shown.get_data(as_text=True)
    assert '<base target="_blank">' in shown.get_data(as_text=True)


def test_the_list_has_pages_of_25_and_survives_any_page_number(app: Flask) -> None:
    with app.app_context():
        admin = make_user("Admin")
        keep(*range(1, 31))
        client = login(app.test_client(), admin)
    for asked, rows in (
        ("", 25),
        ("?page=2", 5),
        ("?page=99", 5),
        ("?page=0", 25),
        ("?page=x", 25),
        ("?page=9999999999", 25),
    ):
        page = client.get(f"/outbox/{asked}")
        assert page.status_code == 200
        assert page.get_data(as_text=True).count('class="main"') == rows, asked


def test_an_empty_outbox_says_why_mails_would_be_kept(app: Flask) -> None:
    with app.app_context():
        client = login(app.test_client(), make_user("Admin"))
        assert db.session.scalar(select(func.count()).select_from(KeptMail)) == 0
    assert "MAIL_SERVER" in client.get("/outbox/").get_data(as_text=True)


@pytest.mark.parametrize("role", ["Manager", "Staff", "Free"])
def test_others_than_admins_see_no_mail(app: Flask, role: str) -> None:
    with app.app_context():
        keep(7)
        mail_id = db.session.scalar(select(KeptMail.id))
        client = login(app.test_client(), make_user(role))
    for address in ("/outbox/", f"/outbox/{mail_id}", f"/outbox/{mail_id}/preview"):
        assert client.get(address).status_code == 403
