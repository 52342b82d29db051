"""Mails to several people: who gets an answer, what may be typed, and one of them whose server says no."""

from __future__ import annotations

from email import message_from_bytes

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models.mailboxes import Mail, Mailbox
from app.services.account import lost_addresses
from app.services.mails import sent_copies
from tests.imap_servers import mail
from tests.mailboxes import SmtpServer
from tests.sources.mail_desk import Browser, bounce, comes_in, send_due
from tests.stored import snapshots

FORM = {"to": "basil@example.org", "subject": "Your bicycle", "body": "It is ready."}


@pytest.fixture
def browser(browser: Browser) -> Browser:
    browser.login("nora")
    return browser


def written() -> list[Mail]:
    db.session.rollback()
    return list(db.session.scalars(select(Mail).where(Mail.direction == "outgoing").order_by(Mail.id)))


def test_an_answer_offers_a_copy_to_everybody_else_who_got_the_mail(
    shop: Mailbox, browser: Browser, smtp: SmtpServer
) -> None:
    came = mail("Offer")
    del came["To"]
    came["To"] = "Info <INFO@shop.example>, Ivy Moss <ivy@example.org>"
    came["Cc"] = '"Oak, Otto" <otto@example.org>, ivy@example.org'
    first = comes_in(shop, came)
    page = browser.get(f"/mailview/show/{first.id}").get_data(as_text=True)
    assert 'name="cc"' in page
    assert 'value="ivy@example.org, otto@example.org"' in page
    browser.post(f"/mailview/answer/{first.id}", {"body": "Yes", "token": "a", "cc": "Otto <otto@example.org>"})
    send_due()
    (sent,) = smtp.wait_for(1)
    assert (sent["To"], sent["Cc"]) == ("basil@example.org", "otto@example.org")
    assert smtp.recipients == ["basil@example.org", "otto@example.org"]
    (made,) = written()
    (copy,) = sent_copies.due(shop.id)
    kept = message_from_bytes(copy.raw)
    assert (kept["To"], kept["Cc"], made.send_state) == ("basil@example.org", "otto@example.org", "sent")
    # One's own mail, answered, goes where that went.
    page = browser.get(f"/mailview/show/{made.id}").get_data(as_text=True)
    assert "copy to otto@example.org" in page


def test_whoever_got_the_mail_is_found_whatever_they_are_called(shop: Mailbox, browser: Browser) -> None:
    came = mail("Offer")
    copies = ['"[Team] Oak" <otto@example.org>', '"info@shop.example via Ivy" <ivy@example.org>']
    came["Cc"] = ", ".join([*copies, *(f"Pat <p{number}@example.org>" for number in range(12))])
    first = comes_in(shop, came)
    line = str(first.cc_line)
    assert " +" in line, "the line is cut"
    page = browser.get(f"/mailview/show/{first.id}").get_data(as_text=True)
    named = [f"p{number}@example.org" for number in range(12) if f"<p{number}@example.org>" in line]
    assert f'value="{", ".join(["otto@example.org", "ivy@example.org", *named])}"' in page


def test_an_address_that_only_mail_itself_calls_right_is_answered(
    shop: Mailbox, browser: Browser, smtp: SmtpServer
) -> None:
    first = comes_in(shop, mail("Offer", sender="o'brien@example.org"), uid=1)
    browser.post(f"/mailview/answer/{first.id}", {"body": "Yes", "token": "a"})
    form = FORM | {"mailbox": str(shop.id), "to": "o'hara@example.org", "token": "b"}
    browser.post("/mailview/write", form)
    send_due()
    assert {sent["To"] for sent in smtp.wait_for(2)} == {"o'brien@example.org", "o'hara@example.org"}
    # What is no address at all cannot be answered.
    strange = comes_in(shop, mail("Hello", sender="nobody"), uid=2)
    assert 'name="body"' not in browser.get(f"/mailview/show/{strange.id}").get_data(as_text=True)
    browser.post(f"/mailview/answer/{strange.id}", {"body": "Yes", "token": "c"})
    assert len(written()) == 2


def test_a_new_mail_goes_to_several_and_what_is_no_address_is_named(
    shop: Mailbox, browser: Browser, smtp: SmtpServer
) -> None:
    form = FORM | {"mailbox": str(shop.id), "token": "t"}
    many = ", ".join(f"a{number}@example.org" for number in range(20))
    for field, wrong, words in (
        ("to", "basil@example.org; nobody", "“nobody” is no address"),
        ("cc", "<>, ivy@example.org", "is no address"),
        ("cc", "ivy@example.org\r\nBcc: all@example.org", "is no address"),
        ("cc", many, "At most 20 people"),
        ("to", f"{many}, b@example.org", "At most 20 people"),
    ):
        said = browser.post("/mailview/write", form | {field: wrong}).get_data(as_text=True)
        assert words in said, (field, wrong)
        assert f'id="{field}-error"' in said
    assert written() == []
    several = {"to": '"Hedge, Basil" <basil@example.org>; Ivy@example.org', "cc": "ivy@EXAMPLE.org, otto@grün.example"}
    assert browser.post("/mailview/write", form | several).status_code == 302
    send_due()
    (sent,) = smtp.wait_for(1)
    assert (sent["To"], sent["Cc"]) == ("basil@example.org, Ivy@example.org", "otto@xn--grn-ioa.example")
    assert smtp.recipients == ["basil@example.org", "Ivy@example.org", "otto@xn--grn-ioa.example"]


def test_one_refused_receiver_keeps_it_from_all_and_is_named(shop: Mailbox, browser: Browser, smtp: SmtpServer) -> None:
    smtp.refuse, smtp.refuse_only = "550 5.1.1 no such mailbox", "ivy@example.org"
    browser.post("/mailview/write", FORM | {"mailbox": str(shop.id), "cc": "ivy@example.org"})
    send_due()
    (made,) = written()
    assert (made.send_state, smtp.mails) == ("failed", [])
    assert "ivy@example.org: The mail server answered 550" in str(made.send_error)
    (news,) = snapshots("error:mail_undelivered")
    assert "ivy@example.org" in news["reason"]
    # The same connection serves the next mail.
    browser.post("/mailview/write", FORM | {"mailbox": str(shop.id), "token": "next"})
    send_due()
    assert len(smtp.wait_for(1)) == 1


def test_a_copy_that_comes_back_is_told_with_its_address(shop: Mailbox, browser: Browser, smtp: SmtpServer) -> None:
    browser.post("/mailview/write", FORM | {"mailbox": str(shop.id), "cc": "ivy@example.org, otto@example.org"})
    send_due()
    (made,) = written()
    comes_in(shop, bounce(str(made.message_id), "vy@example.org"), uid=1)
    assert written()[0].send_state == "sent", "that is nobody who got it"
    comes_in(shop, bounce(str(made.message_id), "otto@example.org"), uid=2)
    (made,) = written()
    assert made.send_state == "failed"
    assert str(made.send_error).startswith("otto@example.org: 5.1.1")
    assert lost_addresses.paused_mail("otto@example.org") is None, "clients' addresses are no concern of ours"
