"""Mails with files, mails that answer none, their copies in the mailbox, and the pictures inside what comes in."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from email import message_from_bytes
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.channels.mailbox import MailboxConnection
from app.extensions import db
from app.integrations import mailbox as imap_mailbox
from app.integrations import mailbox_sent
from app.integrations.mailbox_connection import connected
from app.models.mailboxes import Mail, Mailbox
from app.models.people import User
from app.services import delivery
from app.services.chats import chat_files
from app.services.mails import mail_files, mailboxes, sent_copies
from app.transaction import transaction
from tests import builders
from tests.imap_servers import ImapServer, mail
from tests.mailboxes import SmtpServer
from tests.sources.listening import listen
from tests.sources.mail_desk import Browser, comes_in, send_due
from tests.stored import snapshots

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 60
PDF = b"%PDF-1.7\n" + b"x" * 400


def send(browser: Browser, path: str, form: dict[str, object], **keywords: object) -> str:
    """Post a form with files; return where it leads, or the page that says no."""
    made = contextvars.Context().run(
        browser._client.post, path, data=form, content_type="multipart/form-data", **keywords
    )
    return made.location if made.status_code == 302 else made.get_data(as_text=True)


def stored() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(text("SELECT name FROM mail_files ORDER BY id")))


def test_files_go_with_an_answer_and_what_may_not_be_sent_is_refused(
    shop: Mailbox, browser: Browser, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = comes_in(shop, mail("Offer"))
    browser.login("nora")
    path = f"/mailview/answer/{came.id}"
    program = {"body": "My words", "files": (BytesIO(b"MZ\x90\x00" + b"\x00" * 80), "offer.pdf")}
    said = send(browser, path, program)
    assert "offer.pdf is of a kind that cannot be sent" in said
    assert "My words" in said
    assert "empty.txt is empty" in send(browser, path, {"body": "x", "files": (BytesIO(b""), "empty.txt")})
    many = {"body": "x", "files": [(BytesIO(b"a"), f"{number}.txt") for number in range(11)]}
    assert "At most 10 files" in send(browser, path, many)
    monkeypatch.setattr(mail_files, "MOST_BYTES", 100)
    assert "All files together" in send(browser, path, {"body": "x", "files": (BytesIO(PDF), "a.pdf")})
    monkeypatch.undo()
    assert (stored(), db.session.scalar(select(Mail.id).where(Mail.direction == "outgoing"))) == ([], None)
    files = [(BytesIO(PDF), "../offer.pdf"), (BytesIO("Grüße".encode()), "hello.txt")]
    send(browser, path, {"body": "Here it is", "token": "once", "files": files})
    again = [(BytesIO(PDF), "offer.pdf")]
    send(browser, path, {"body": "Here it is", "token": "once", "files": again})
    send_due()
    (sent,) = smtp.wait_for(1)
    got = [(part.get_filename(), part.get_content_type()) for part in sent.iter_attachments()]
    assert got == [("offer.pdf", "application/pdf"), ("hello.txt", "text/plain")]
    assert [part.get_content() for part in sent.iter_attachments()] == [PDF, "Grüße"]
    assert stored() == ["offer.pdf", "hello.txt"]
    page = browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)
    assert "offer.pdf" in page


def test_a_mail_is_written_on_a_card_and_the_answer_to_it_joins_it(
    shop: Mailbox, browser: Browser, smtp: SmtpServer
) -> None:
    company = builders.make_company("Hedge Ltd")
    contact = builders.make_contact("Basil Hedge", email="basil@example.org", company=company)
    lead = builders.make_lead(contact_id=contact.id)
    browser.login("nora")
    for card in (f"contact/{contact.id}", f"lead/{lead.id}", f"company/{company.id}"):
        kind, _, number = card.partition("/")
        assert f"/mailview/write?{kind}={number}" in browser.get(f"/{kind}view/show/{number}").get_data(as_text=True)
        page = browser.get(f"/mailview/write?{kind}={number}").get_data(as_text=True)
        assert ("basil@example.org" in page, "info@shop.example" in page) == (True, True)
    path = f"/mailview/write?lead={lead.id}"
    form = {"mailbox": str(shop.id), "to": "basil@example.org", "subject": "Your bicycle", "body": "It is ready."}
    for field, wrong, words in (
        ("to", "nobody", "is no address like"),
        ("to", "", "Whom is it for?"),
        ("subject", " ", "This field is needed"),
        ("body", "\n", "Write something first"),
        ("mailbox", "999", "Choose a mailbox"),
        ("subject", "x" * 301, "At most 300"),
    ):
        said = send(browser, path, {**form, field: wrong})
        assert words in said, (field, wrong)
        assert form["body"] in said or field == "body"
    where = send(browser, path, form | {"token": "t", "files": (BytesIO(PDF), "bill.pdf")})
    assert send(browser, path, form | {"token": "t"}) == where
    send_due()
    (sent,) = smtp.wait_for(1)
    assert (sent["Subject"], sent["In-Reply-To"], sent["Auto-Submitted"]) == ("Your bicycle", None, None)
    made = db.session.scalars(select(Mail)).one()
    assert (made.contact_id, made.lead_id, made.thread_id, made.send_state) == (contact.id, lead.id, made.id, "sent")
    assert comes_in(shop, mail("Re: Your bicycle", In_Reply_To=str(made.message_id))).thread_id == made.id
    timeline = browser.get(f"/leadview/show/{lead.id}").get_data(as_text=True)
    assert "wrote a mail: Your bicycle" in timeline
    assert "/mailview/write" in browser.get("/mailview/list/").get_data(as_text=True)
    # Another's mailbox is not written from, and who has none is led to connecting one.
    browser.login("milo")
    assert "No mailbox to write from" in browser.get("/mailview/write").get_data(as_text=True)
    assert "No mailbox to write from" in send(browser, "/mailview/write", form)


def test_a_mail_is_written_on_an_own_lead_whose_client_is_a_colleagues(
    shop: Mailbox, browser: Browser, smtp: SmtpServer
) -> None:
    nora, milo = (db.session.scalars(select(User).where(User.username == name)).one() for name in ("nora", "milo"))
    contact = builders.make_contact("Basil Hedge", email="basil@example.org", responsible=milo)
    lead = builders.make_lead(contact_id=contact.id, responsible=nora)
    newer = builders.make_lead(contact_id=contact.id, responsible=milo)
    builders.set_visibility("own")
    browser.login("nora")
    path = f"/mailview/write?lead={lead.id}"
    page = browser.get(path)
    assert (page.status_code, "basil@example.org" in page.get_data(as_text=True)) == (200, False)
    form = {"mailbox": str(shop.id), "to": "basil@example.org", "subject": "Your bicycle", "body": "It is ready."}
    send(browser, path, form)
    made = db.session.scalars(select(Mail)).one()
    assert (made.contact_id, made.lead_id) == (contact.id, lead.id)
    assert browser.get(f"/mailview/write?lead={newer.id}").status_code == 404
    assert browser.get(f"/mailview/write?contact={contact.id}").status_code == 404


def test_a_company_suggests_only_whom_one_may_see_and_a_mailbox_at_rest_writes_nothing(
    shop: Mailbox, browser: Browser
) -> None:
    nora, milo = (db.session.scalars(select(User).where(User.username == name)).one() for name in ("nora", "milo"))
    company = builders.make_company("Hedge Ltd", responsible=nora)
    builders.make_contact("Ivy", email="ivy@example.org", company=company, responsible=nora)
    builders.make_contact("Basil", email="basil@example.org", company=company, responsible=milo)
    builders.set_visibility("own")
    browser.login("nora")
    path = f"/mailview/write?company={company.id}"
    page = browser.get(path).get_data(as_text=True)
    assert ("ivy@example.org" in page, "basil@example.org" in page) == (True, False)
    with transaction():
        db.session.get_one(Mailbox, shop.id).active = False
    form = {"mailbox": str(shop.id), "to": "ivy@example.org", "subject": "Your bicycle", "body": "It is ready."}
    assert "No mailbox to write from" in send(browser, path, form)
    assert db.session.scalars(select(Mail)).all() == []


def test_each_mail_leaves_by_its_own_mailboxs_server_and_a_dead_one_holds_up_no_other(
    shop: Mailbox, browser: Browser, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, tried = SmtpServer(), []
    second.start()
    connect = MailboxConnection.configure_host
    monkeypatch.setattr(
        MailboxConnection, "configure_host", lambda self: (tried.append(self._server.port), connect(self))[1]
    )
    by = {"group": shop.group, "smtp_host": "127.0.0.1", "smtp_security": "none", "username": ""}
    dead, other = (builders.make_mailbox(**by, smtp_port=port) for port in (9, second.port))
    browser.login("nora")
    for number, box in enumerate((dead, dead, shop, other, shop)):
        form = {"mailbox": str(box.id), "to": "basil@example.org", "subject": f"Mail {number}", "body": "Hello"}
        send(browser, "/mailview/write", form)
    db.session.rollback()
    ids = list(db.session.scalars(text("SELECT id FROM deliveries WHERE channel = 'mailbox' ORDER BY id")))
    db.session.rollback()
    delivery.deliver("mailbox", ids)
    second.stop()
    assert [[one["Subject"] for one in server.mails] for server in (smtp, second)] == [["Mail 2", "Mail 4"], ["Mail 3"]]
    assert tried == [9, smtp.port, second.port]
    rows = db.session.execute(select(Mail.send_state, Mail.send_error).order_by(Mail.id)).all()
    assert [row.send_state for row in rows] == ["waiting", "waiting", "sent", "sent", "sent"]
    assert ["refused" in str(row.send_error) for row in rows] == [True, True, False, False, False]


def test_a_mail_whose_file_is_gone_is_not_sent_without_it(shop: Mailbox, browser: Browser, smtp: SmtpServer) -> None:
    browser.login("nora")
    form = {"mailbox": str(shop.id), "to": "basil@example.org", "subject": "The bill", "body": "See the file"}
    send(browser, "/mailview/write", form | {"files": (BytesIO(PDF), "bill.pdf")})
    db.session.rollback()
    chat_files.path_of(db.session.scalars(text("SELECT stored_as FROM mail_files")).one()).unlink()
    send_due()
    assert smtp.mails == []
    assert [one["subject"] for one in snapshots("error:mail_undelivered")] == ["The bill"]


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        ("info@grün.example", "Nora Reed · Shop <info@xn--grn-ioa.example>"),
        ("grüße@shop.example", "Nora Reed · Shop <grüße@shop.example>"),
    ],
)
def test_a_mailbox_with_letters_beyond_ascii_is_written_from(
    shop: Mailbox, browser: Browser, smtp: SmtpServer, address: str, sender: str
) -> None:
    smtp.stop()
    smtp._options = {"enable_SMTPUTF8": True}
    smtp.start()
    with transaction():
        db.session.get_one(Mailbox, shop.id).address = address
    browser.login("nora")
    form = {"mailbox": str(shop.id), "to": "basil@example.org", "subject": "Your bicycle", "body": "It is ready."}
    send(browser, "/mailview/write", form)
    send_due()
    (sent,) = smtp.wait_for(1)
    assert sent["From"] == sender
    (copy,) = sent_copies.due(shop.id)
    assert sender.partition("<")[2].encode() in copy.raw


def in_folder(imap: ImapServer, folder: str) -> list[bytes]:
    client = imap.client()
    if client.select(folder, readonly=True)[0] != "OK":
        return []
    numbers = client.search(None, "ALL")[1][0].split()
    found = [client.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1] for number in numbers]
    client.logout()
    return found


def test_what_was_sent_lies_in_the_mailboxs_own_folder_once(
    app: Flask, shop: Mailbox, browser: Browser, smtp: SmtpServer, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    imap.put(mail("Old"), folder="Sent")
    with transaction():
        db.session.get_one(Mailbox, shop.id).imap_port = imap.port
    came = comes_in(shop, mail("Offer"))
    browser.login("nora")
    send(browser, f"/mailview/answer/{came.id}", {"body": "Yes", "files": (BytesIO(PDF), "a.pdf")})

    def put() -> int:
        db.session.rollback()
        account = mailboxes.account_of(db.session.get_one(Mailbox, shop.id))
        account = replace(account, username="info")
        db.session.rollback()
        with connected(account) as client:
            return mailbox_sent.put_due(client, account)

    assert put() == 0  # it has not left yet
    send_due()
    (sent,) = smtp.wait_for(1)
    assert sent_copies.waiting([shop.id]) == {shop.id}
    note = sent_copies.note
    monkeypatch.setattr(sent_copies, "note", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        put()  # killed between putting it and noting that
    monkeypatch.setattr(sent_copies, "note", note)
    assert put() == 1
    assert put() == 0
    copies = [message_from_bytes(raw) for raw in in_folder(imap, "Sent")]
    assert [copy["Subject"] for copy in copies] == ["Old", "Re: Offer"]
    assert imap.unread("Sent") == 1, "what one has written oneself is read"
    assert (copies[1]["Message-ID"], copies[1]["In-Reply-To"]) == (sent["Message-ID"], sent["In-Reply-To"])
    assert [part.get_filename() for part in copies[1].walk() if part.get_filename()] == ["a.pdf"]
    with transaction():
        db.session.get_one(Mailbox, shop.id).copies_sent = False
    send(browser, f"/mailview/answer/{came.id}", {"body": "Once more"})
    send_due()
    assert (put(), len(in_folder(imap, "Sent"))) == (0, 2)
    with transaction():
        db.session.get_one(Mailbox, shop.id).copies_sent = True
    send(browser, f"/mailview/answer/{came.id}", {"body": "And again"})
    send_due()
    with transaction():
        db.session.get_one(Mailbox, shop.id).username = "info"
    listen(app, lambda: len(in_folder(imap, "Sent")) == 3)


def test_pictures_of_the_mail_itself_are_shown_and_others_blocked_with_a_notice(
    shop: Mailbox, browser: Browser
) -> None:
    sent = mail("Holiday")
    sent.add_alternative(
        '<p>Look <img src="cid:one@x" alt="Us"> <img src="cid:two@x"> <img src="https://evil.example/pixel.png"></p>',
        subtype="html",
    )
    html = list(sent.iter_parts())[-1]
    html.add_related(PNG, "image", "png", cid="<one@x>", filename="us.png")
    html.add_related(b"<svg onload=alert(1)></svg>", "image", "svg+xml", cid="<two@x>", filename="two.svg")
    sent.add_attachment(PNG, maintype="image", subtype="png", filename="beside.png")
    came = comes_in(shop, sent)
    browser.login("nora")
    frame = browser.get(f"/mailview/body/{came.id}").get_data(as_text=True)
    assert frame.count("data:image/png;base64,") == 1
    assert "evil.example" not in frame
    assert "svg" not in frame
    page = browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)
    assert "Pictures from elsewhere are not loaded" in page
    assert ("us.png" in page, "two.svg" in page, "beside.png" in page) == (False, True, True)
    plain = comes_in(shop, mail("Words only"), uid=2)
    assert "Pictures from elsewhere" not in browser.get(f"/mailview/show/{plain.id}").get_data(as_text=True)


def test_a_copy_that_cannot_be_put_is_said_and_reading_goes_on(
    shop: Mailbox, browser: Browser, smtp: SmtpServer, imap: ImapServer
) -> None:
    with transaction():
        box = db.session.get_one(Mailbox, shop.id)
        box.imap_port, box.sent_folder = imap.port, "Not there"
    came = comes_in(shop, mail("Offer"))
    browser.login("nora")
    send(browser, f"/mailview/answer/{came.id}", {"body": "Yes"})
    send_due()
    smtp.wait_for(1)
    with transaction():
        db.session.get_one(Mailbox, shop.id).username = "info"
    account = mailboxes.account_of(db.session.get_one(Mailbox, shop.id))
    db.session.rollback()
    with connected(account) as client:
        assert mailbox_sent.put_due(client, account) == 0
        assert imap_mailbox.read_folder(client, account, "INBOX") == 0
    page = browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)
    assert "could not be copied" in page


def test_programs_list_search_and_read_the_mails_that_their_person_may_see(
    app: Flask, shop: Mailbox, browser: Browser, statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    contact = builders.make_contact("Basil Hedge", email="basil@example.org")
    clients = comes_in(shop, mail("A tandem", "How much?"), uid=1)
    strangers = comes_in(shop, mail("A lamp", sender="ivy@example.org"), uid=2)
    assert clients.contact_id == contact.id
    one, two = clients.id, strangers.id

    def found(path: str = "") -> list[int]:
        answer = browser.get(f"/api/v1/mails/{path}").get_json()
        assert answer["count"] == len(answer["result"])
        return [row["id"] for row in answer["result"]]

    browser.login("nora")
    assert found() == [two, one]
    assert found("?q=(filters:!((col:subject,opr:ct,value:tandem)))") == [one]
    assert found(f"?q=(filters:!((col:contact_id,opr:eq,value:{contact.id})))") == [one]
    read = browser.get(f"/api/v1/mails/{one}").get_json()["result"]
    assert (read["subject"], read["body"], read["from_address"]) == ("A tandem", "How much?", "basil@example.org")
    with statements() as sent:
        rows = browser.get("/api/v1/mails/").get_json()["result"]
    assert "body" not in rows[0]
    assert all(row["to"] for row in rows)
    assert len([one for one in sent if "FROM mails" in one]) == 2, "what is found, and its page; nothing for each row"
    browser.login("milo")
    assert found() == [one]  # of the client that milo may open; the stranger's is the mailbox's own
    assert browser.get(f"/api/v1/mails/{two}").status_code == 404
    with app.app_context():
        assert db.session.scalar(text("SELECT 1 FROM activity_counters LIMIT 1")) is not None
