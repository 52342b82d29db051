"""Reading and answering mails: who may, what a stranger's HTML may, how answers leave, and what comes back."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.channels import public_only
from app.errors import UserError
from app.extensions import db
from app.integrations import mail_parsing
from app.integrations.mailbox_connection import MailboxProblem, connected
from app.models.mailboxes import Mail, Mailbox
from app.models.people import User
from app.services.account import lost_addresses
from app.services.chats import chat_files
from app.services.mails import mail_answers, mail_intake, mailboxes
from app.transaction import transaction
from tests import builders
from tests.imap_servers import ImapServer, mail
from tests.mailboxes import SmtpServer
from tests.sources.mail_desk import Browser, bounce, comes_in, send_due
from tests.stored import items, snapshots, told


@pytest.fixture
def shop(context: Flask) -> Mailbox:
    nora = builders.make_user(username="nora", first_name="Nora", last_name="Reed")
    builders.make_user("Admin", username="della")
    builders.make_user(username="milo")
    return builders.make_mailbox(group=builders.make_group("Sales", members=[nora]))


def test_an_answer_leaves_by_the_mailboxs_server_in_its_thread(
    shop: Mailbox, browser: Browser, smtp: SmtpServer
) -> None:
    with transaction():
        box = db.session.get_one(Mailbox, shop.id)
        box.smtp_host, box.smtp_port, box.smtp_security, box.username = "127.0.0.1", smtp.port, "none", ""
    contact = builders.make_contact("Basil Hedge", email="basil@example.org")
    came = comes_in(shop, mail("Bicycles", "Do you?", Message_ID="<two@example.org>", References="<one@example.org>"))
    browser.login("nora")
    page = browser.get(f"/mailview/show/{came.id}")
    assert (page.status_code, "Do you?" in page.get_data(as_text=True)) == (200, True)
    form = {"body": "Yes,\nwe do.", "token": "once"}
    first = browser.post(f"/mailview/answer/{came.id}", data=form)
    again = browser.post(f"/mailview/answer/{came.id}", data=form)
    assert (first.status_code, first.location) == (302, again.location)
    send_due()
    (sent,) = smtp.wait_for(1)
    assert smtp.recipients == ["basil@example.org"]
    assert (sent["In-Reply-To"], sent["References"]) == ("<two@example.org>", "<one@example.org> <two@example.org>")
    assert (sent["Subject"], sent["Auto-Submitted"]) == ("Re: Bicycles", None)
    assert "Nora Reed" in sent["From"]
    assert "info@shop.example" in sent["From"]
    said = sent.get_content().replace("\r\n", "\n")
    assert said.startswith("Yes,\nwe do.\n\nBasil Hedge wrote on")
    assert "> Do you?" in said
    db.session.rollback()
    kept = db.session.scalars(select(Mail).where(Mail.direction == "outgoing")).one()
    assert (kept.send_state, kept.contact_id, kept.thread_id) == ("sent", contact.id, came.id)
    assert sent["Message-ID"] == kept.message_id
    card = browser.get(f"/contactview/show/{contact.id}").get_data(as_text=True)
    assert "Re: Bicycles" in card
    assert "answered by mail" in card
    # Its copy, read from the mailbox later, is the same mail; the client's next one joins the thread.
    assert comes_in(shop, mail("Thanks", In_Reply_To=str(kept.message_id)), uid=2).thread_id == came.id
    mail_intake.take(shop.id, "INBOX", 1, [mail_parsing.read(sent.as_bytes(), 3, kept.received_at)], 3)
    assert len(db.session.scalars(select(Mail.id)).all()) == 3


def test_a_refused_answer_stays_in_its_box_and_one_that_fails_is_shown_and_told(
    shop: Mailbox, browser: Browser, smtp: SmtpServer
) -> None:
    came = comes_in(shop, mail())
    browser.login("nora")
    browser.get(f"/mailview/show/{came.id}")
    refused = browser.post(f"/mailview/answer/{came.id}", data={"body": "  ", "token": "a"})
    assert "Write something first" in refused.get_data(as_text=True)
    browser.get("/mailview/list/")
    assert browser.get("/back").location.endswith(f"/mailview/show/{came.id}")
    assert db.session.scalar(text("SELECT count(*) FROM deliveries WHERE channel = 'mailbox'")) == 0
    smtp.refuse = "550 5.1.1 no such mailbox"
    browser.post(f"/mailview/answer/{came.id}", data={"body": "Hello", "token": "b"})
    send_due()
    page = browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)
    assert "Not delivered" in page
    assert "no such mailbox" in page
    assert told("error:mail_undelivered") == [("error:mail_undelivered", "nora", "concerned")]


def test_a_servers_own_trouble_is_tried_again(shop: Mailbox, browser: Browser, smtp: SmtpServer) -> None:
    came = comes_in(shop, mail())
    browser.login("nora")
    smtp.refuse = "451 4.3.0 try later"
    browser.post(f"/mailview/answer/{came.id}", data={"body": "Hello", "token": "b"})
    send_due()
    assert "It is tried again by itself" in browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)
    smtp.refuse = ""
    with transaction():
        db.session.execute(text("UPDATE deliveries SET not_before = created_at"))
    send_due()
    smtp.wait_for(1)
    assert "On its way" not in browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)
    assert told("error:mail_undelivered") == []


def test_two_clicks_in_the_same_moment_are_one_mail(
    shop: Mailbox, browser: Browser, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    came, known = comes_in(shop, mail()), mail_answers.known
    box = {"mailbox": str(shop.id), "to": "basil@example.org", "subject": "Hello", "body": "Hello", "token": "b"}
    browser.login("nora")
    for path in (f"/mailview/answer/{came.id}", "/mailview/write"):
        first = browser.post(path, data=box).location
        looks = []

        def too_early(key: str, looks: list[str] = looks) -> Mail | None:
            """The other click has not been committed when this one looks for it."""
            looks.append(key)
            return known(key) if looks[1:] else None

        monkeypatch.setattr(mail_answers, "known", too_early)
        assert browser.post(path, data=box).location == first is not None, path
        monkeypatch.undo()
    send_due()
    assert len(smtp.wait_for(2)) == 2


def test_who_answers_settles_it_for_the_colleagues(shop: Mailbox, browser: Browser, smtp: SmtpServer) -> None:
    came = comes_in(shop, mail())
    unread = text("SELECT unread FROM feed_items WHERE subject_type = 'mail'")
    assert db.session.scalars(unread).all() == [True]
    browser.login("nora")
    browser.post(f"/mailview/answer/{came.id}", data={"body": "Hello", "token": "b"})
    db.session.rollback()
    assert db.session.scalars(unread).all() == [False]


def test_mails_are_seen_by_their_people_and_on_their_clients_cards_only(shop: Mailbox, browser: Browser) -> None:
    builders.make_user("Free", username="otto")
    builders.make_user("Staff", username="finn")
    stranger = comes_in(shop, mail(sender="ivy@example.org"), uid=1)
    milo = db.session.scalars(select(User).where(User.username == "milo")).one()
    builders.make_contact(email="basil@example.org", responsible=milo)
    known = comes_in(shop, mail(), uid=2)
    own = builders.make_mailbox(owner=milo, shares=False)
    private = comes_in(own, mail(), uid=3)
    seen = {
        "nora": {stranger.id: 200, known.id: 200, private.id: 404},
        "milo": {stranger.id: 404, known.id: 200, private.id: 200},
        "finn": {stranger.id: 404, known.id: 404, private.id: 404},
        "della": {stranger.id: 200, known.id: 200, private.id: 404},
        "otto": {stranger.id: 403, known.id: 403, private.id: 403},
    }
    browser.login("nora")
    assert browser.get("/mailview/list/").status_code == 200
    amounts = set(db.session.scalars(text("SELECT amount FROM activity_counters")))
    assert amounts == {1}, "one of the mails that are listed names a client"
    builders.set_visibility("own")
    of_lead = builders.make_mail(shop, lead_id=builders.make_lead(responsible=milo).id)
    for username, status in {"nora": 200, "milo": 200, "finn": 404, "della": 200, "otto": 403}.items():
        seen[username][of_lead.id] = status
    for username, expected in seen.items():
        browser.login(username)
        for mail_id, status in expected.items():
            for page in ("show", "body"):
                assert browser.get(f"/mailview/{page}/{mail_id}").status_code == status, (username, page, mail_id)


def test_whoever_may_see_one_mail_of_a_thread_sees_no_more_of_it(shop: Mailbox, browser: Browser) -> None:
    milo = db.session.scalars(select(User).where(User.username == "milo")).one()
    builders.make_contact(email="basil@example.org", responsible=milo)
    comes_in(shop, mail("Offer", "Ivy's own words", sender="ivy@example.org", Message_ID="<one@example.org>"), uid=1)
    known = comes_in(shop, mail("Re: Offer", "Basil's words", In_Reply_To="<one@example.org>"), uid=2)
    for username, all_of_it in {"nora": True, "milo": False}.items():
        browser.login(username)
        page = browser.get(f"/mailview/show/{known.id}").get_data(as_text=True)
        assert ("Basil&#39;s words" in page, "Ivy&#39;s own words" in page) == (True, all_of_it), username


def test_who_reads_a_mail_settles_its_notice_for_nobody_else(shop: Mailbox, browser: Browser) -> None:
    with transaction():
        sales = db.session.get_one(Mailbox, shop.id).group
        sales.users.append(db.session.scalars(select(User).where(User.username == "milo")).one())
    came = comes_in(shop, mail())
    browser.login("nora")
    browser.get(f"/mailview/show/{came.id}")
    assert (items("nora")[0][2], items("milo")[0][2]) == (False, True)


def test_a_strangers_html_runs_and_loads_nothing(shop: Mailbox, browser: Browser) -> None:
    html = '<p>Hi <b>there</b></p><script>alert(1)</script><img src="https://evil.example/p.gif"><a href="https://x.example">x</a>'
    sent = mail()
    sent.add_alternative(html, subtype="html")
    sent.add_attachment(b"<script>1</script>", maintype="text", subtype="html", filename="page.html")
    sent.add_attachment(b"MZ" + b"\x00" * 50, maintype="application", subtype="pdf", filename="invoice.pdf.exe")
    came = comes_in(shop, sent)
    browser.login("nora")
    page = browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "<script>alert" not in page
    frame = browser.get(f"/mailview/body/{came.id}")
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "img-src data:" in policy
    shown = frame.get_data(as_text=True)
    assert "<b>there</b>" in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert not [bad for bad in ("<script", "src=", "evil.example") if bad in shown]
    rows = db.session.execute(text("SELECT id, name, stored_as FROM mail_files ORDER BY id")).all()
    assert [(row.name, row.stored_as is None) for row in rows] == [("page.html", False), ("invoice.pdf.exe", True)]
    file = browser.get(f"/mailview/file/{came.id}/{rows[0].id}")
    assert (file.status_code, file.mimetype) == (200, "application/octet-stream")
    assert "attachment" in file.headers["Content-Disposition"]
    assert browser.get(f"/mailview/file/{came.id}/{rows[1].id}").status_code == 404
    other = comes_in(shop, mail("Other"), uid=2)
    assert browser.get(f"/mailview/file/{other.id}/{rows[0].id}").status_code == 404


def sent_notice(smtp: SmtpServer, address: str = "rowan@example.net") -> tuple[EmailMessage, User]:
    """A mail of ours that its server has taken."""
    rowan = builders.make_user(username="rowan", email=address)
    with transaction():
        db.session.execute(
            text(
                "INSERT INTO deliveries (dedupe_key, purpose, channel, address, user_id, state, not_before, created_at)"
                " VALUES ('t', 'test', 'email', :address, :id, 'pending', now(), now())"
            ),
            {"address": rowan.email, "id": rowan.id},
        )
    send_due()
    return smtp.wait_for(1)[0], rowan


def test_a_bounce_of_ours_pauses_the_address_and_is_told(shop: Mailbox, smtp: SmtpServer) -> None:
    sent, rowan = sent_notice(smtp)
    report = bounce(sent["Message-ID"], "Rowan@example.net", proof=sent["X-Frontdesk-Proof"])
    came = comes_in(shop, report)
    assert (came.kind, told("mail:received")) == ("bounce", [])
    assert sorted(told("error:mail_undelivered")) == [
        ("error:mail_undelivered", "della", "admin"),
        ("error:mail_undelivered", "rowan", "concerned"),
    ]
    assert lost_addresses.paused_mail("rowan@example.net") is not None
    state = db.session.execute(text("SELECT state, error FROM deliveries WHERE dedupe_key = 't'")).one()
    assert (state.state, "No such user" in state.error) == ("failed", True)
    comes_in(shop, report.replace(b"<report-", b"<again-"), uid=2)
    assert len(told("error:mail_undelivered")) == 2


def test_a_bounce_names_a_domain_with_umlauts_as_it_is_written_in_mails(shop: Mailbox, smtp: SmtpServer) -> None:
    sent, rowan = sent_notice(smtp, "rowan@grün.example")
    comes_in(shop, bounce(sent["Message-ID"], "rowan@xn--grn-ioa.example", proof=sent["X-Frontdesk-Proof"]))
    assert lost_addresses.paused_mail("rowan@grün.example") is not None
    assert {who for _, who, _ in told("error:mail_undelivered")} == {"della", "rowan"}


def test_a_full_mailbox_is_told_and_not_paused(shop: Mailbox, smtp: SmtpServer) -> None:
    sent, rowan = sent_notice(smtp)
    comes_in(shop, bounce(sent["Message-ID"], str(rowan.email), status="5.2.2", proof=sent["X-Frontdesk-Proof"]))
    assert {who for _, who, _ in told("error:mail_undelivered")} == {"della", "rowan"}
    assert lost_addresses.paused_mail("rowan@example.net") is None


def test_a_made_up_bounce_pauses_nothing(shop: Mailbox, smtp: SmtpServer) -> None:
    sent, rowan = sent_notice(smtp)
    for uid, report in enumerate(
        (
            bounce(sent["Message-ID"], "somebody@example.org"),
            bounce("<delivery-999999@127.0.0.1>", "rowan@example.net"),
            bounce(sent["Message-ID"], "rowan@example.net", action="delayed", status="4.2.2"),
            bounce("<stranger@example.org>", "rowan@example.net"),
        ),
        1,
    ):
        comes_in(shop, report, uid)
    assert told("error:mail_undelivered") == []
    # Without the proof that it is about a mail which we sent, people are told, and nothing is switched off.
    comes_in(shop, bounce(sent["Message-ID"], "rowan@example.net", proof="0" * 32), 9)
    assert len(told("error:mail_undelivered")) == 2
    assert lost_addresses.paused_mail("rowan@example.net") is None


def test_the_bounce_of_an_answer_is_told_to_who_wrote_it(shop: Mailbox, browser: Browser, smtp: SmtpServer) -> None:
    came = comes_in(shop, mail())
    browser.login("nora")
    browser.post(f"/mailview/answer/{came.id}", data={"body": "Hello", "token": "b"})
    send_due()
    (sent,) = smtp.wait_for(1)
    comes_in(shop, bounce(sent["Message-ID"], "basil@example.org"), uid=2)
    assert told("error:mail_undelivered") == [("error:mail_undelivered", "nora", "concerned")]
    assert snapshots("error:mail_undelivered")[0]["answer"] is True
    assert "Not delivered" in browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)


def test_testing_a_connection_names_the_field_and_the_cure(browser: Browser, shop: Mailbox, imap: ImapServer) -> None:
    browser.login("della")

    def tested(**changes: object) -> str:
        with transaction():
            box = db.session.get_one(Mailbox, shop.id)
            for name, value in changes.items():
                setattr(box, name, value)
        return browser.post(f"/mailboxview/test/{shop.id}", follow=True).get_data(as_text=True)

    assert "It works" in tested(imap_port=imap.port)
    assert "Sent box cannot be opened" in tested(sent_folder="Sent box")
    assert "SMTP host for answers: " in tested(
        sent_folder=None, smtp_host="127.0.0.1", smtp_port=9, smtp_security="none"
    )
    assert "Nothing listens on" in tested(smtp_host=None, imap_port=9)
    assert "does not speak TLS" in tested(imap_port=imap.port, imap_security="tls")
    assert "password" in tested(imap_security="none", username="nobody").lower()


def test_people_connect_their_own_mailbox_on_public_hosts_only(
    browser: Browser, shop: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    milo = db.session.scalars(select(User).where(User.username == "milo")).one()
    good = {"address": "milo@example.org", "imap_host": "127.0.0.1", "imap_port": 993, "password": "secret"}
    monkeypatch.setattr(mailboxes, "allows_loopback", lambda: False)
    for wrong, field in (
        ({}, "imap_host"),
        ({"imap_host": "10.1.2.3"}, "imap_host"),
        ({"imap_host": "169.254.169.254"}, "imap_host"),
        ({"imap_host": "[::ffff:10.0.0.1]"}, "imap_host"),
        ({"imap_host": "93.184.216.34", "imap_port": 6379}, "imap_port"),
        ({"imap_host": "93.184.216.34", "smtp_host": "192.168.1.1"}, "smtp_host"),
        ({"imap_host": "https://imap.example.com"}, "imap_host"),
        ({"imap_host": "93.184.216.34", "group_id": shop.group_id}, "owner_id"),
        ({"imap_host": "93.184.216.34", "owner_id": milo.id + 1000}, "owner_id"),
        ({"imap_host": "93.184.216.34", "password": ""}, "password"),
        ({"imap_host": "93.184.216.34", "address": "nonsense"}, "address"),
    ):
        with pytest.raises(UserError) as refused, transaction():
            mailboxes.create(milo, good | wrong)
        assert refused.value.field == field, wrong
    with transaction():
        made = mailboxes.create(milo, good | {"imap_host": "93.184.216.34"})
    assert (made.owner_id, made.trusted, made.username) == (milo.id, False, "milo@example.org")
    assert "secret" not in made.password
    for field in ("imap_host", "smtp_host"):
        with pytest.raises(UserError) as moved, transaction():
            mailboxes.update(milo, made, {field: "93.184.216.35"})
        assert moved.value.field == "password", field
    # What an admin has connected may be used by all.
    with transaction():
        assert mailboxes.create(milo, good | {"imap_port": shop.imap_port}).trusted
    # … and nothing else beside it.
    for beside in ({"smtp_host": "10.0.0.5"}, {"smtp_host": "127.0.0.1"}):
        with pytest.raises(UserError), transaction():
            mailboxes.create(milo, good | {"imap_port": shop.imap_port} | beside)
    with transaction():
        assert not mailboxes.create(milo, good | {"imap_host": "93.184.216.34"}).trusted, "somebody else's is not known"
    monkeypatch.setattr(mailboxes, "OWN_MAX", 3)
    with pytest.raises(UserError) as many, transaction():
        mailboxes.create(milo, good | {"imap_host": "93.184.216.34"})
    assert many.value.code == "too_many"
    with pytest.raises(UserError), transaction():
        mailboxes.update(milo, db.session.get_one(Mailbox, shop.id), {"name": "Mine"})


@pytest.mark.parametrize("public_before", [False, True], ids=["known", "changed its mind"])
def test_a_host_that_turns_out_to_be_internal_is_told_nothing(
    app: Flask,
    shop: Mailbox,
    browser: Browser,
    smtp: SmtpServer,
    imap: ImapServer,
    monkeypatch: pytest.MonkeyPatch,
    public_before: bool,
) -> None:
    milo = db.session.scalars(select(User).where(User.username == "milo")).one()
    by = {"smtp_host": "127.0.0.1", "smtp_port": smtp.port, "smtp_security": "none", "username": ""}
    own = builders.make_mailbox(owner=milo, imap_port=imap.port, trusted=False, **by)
    came = comes_in(own, mail())
    browser.login("milo")
    browser.post(f"/mailview/answer/{came.id}", data={"body": "Hello", "token": "b"})
    with monkeypatch.context() as outside:
        outside.setitem(app.config, "FRONTDESK_TEST", False)
        if public_before:
            outside.setattr(public_only, "resolves_public", lambda *_: True)
        send_due()
        account = mailboxes.account_of(db.session.get_one(Mailbox, own.id))
        db.session.rollback()
        with pytest.raises(MailboxProblem) as refused, connected(account):
            pass
    assert refused.value.problem.field == "imap_host"
    assert "internal" in refused.value.problem.text
    assert smtp.mails == []
    assert "not on the public internet" in browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)


def test_a_mailbox_is_connected_by_the_form_and_its_password_never_shown(browser: Browser, shop: Mailbox) -> None:
    browser.login("milo")
    form = {
        "address": "milo@example.org",
        "imap_host": "127.0.0.1",
        "imap_port": "993",
        "imap_security": "tls",
        "smtp_port": "465",
        "smtp_security": "tls",
        "password": "very-secret-word",
        "first_days": "14",
        "shares": "y",
        "active": "y",
    }
    answer = browser.post("/mailboxview/add", data=form)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    made = db.session.scalars(select(Mailbox).where(Mailbox.address == "milo@example.org")).one()
    assert answer.location.endswith(f"/mailboxview/show/{made.id}")
    for page in ("show", "edit"):
        assert "very-secret-word" not in browser.get(f"/mailboxview/{page}/{made.id}").get_data(as_text=True)
    logged = db.session.scalars(text("SELECT new::text FROM audit_log WHERE table_name = 'mailboxes'")).all()
    assert logged
    assert all("very-secret-word" not in row and '"password": "(hidden)"' in row for row in logged[-1:])
    browser.post(f"/mailboxview/edit/{made.id}", data=form | {"password": "", "name": "Mine"})
    db.session.expire_all()
    kept = db.session.get_one(Mailbox, made.id)
    assert (kept.name, mailboxes.account_of(kept).password) == ("Mine", "very-secret-word")
    browser.post(f"/mailboxview/delete/{made.id}")
    assert db.session.scalars(select(Mailbox.id)).all() == [shop.id]


def test_with_a_mailbox_go_its_files_and_what_was_told_of_its_mails(shop: Mailbox, browser: Browser) -> None:
    other = builders.make_mailbox(group=shop.group, address="repairs@shop.example")
    shop_id, kept = shop.id, {}
    for uid, box in enumerate((shop, other), 1):
        sent = mail(Message_ID=f"<{uid}@example.org>")
        sent.add_attachment(b"words", maintype="text", subtype="plain", filename="words.txt")
        comes_in(box, sent, uid)
        kept[box.id] = db.session.scalars(text("SELECT stored_as FROM mail_files ORDER BY id DESC LIMIT 1")).one()
    assert len(items("nora")) == 2
    browser.login("milo")
    assert browser.post(f"/mailboxview/delete/{shop_id}").status_code in (302, 403, 404)
    assert len(items("nora")) == 2
    browser.login("della")
    browser.post(f"/mailboxview/delete/{shop_id}")
    assert len(items("nora")) == 1
    assert db.session.scalars(select(Mailbox.id)).all() == [other.id]
    assert [chat_files.path_of(kept[box_id]).exists() for box_id in (shop_id, other.id)] == [False, True]


def test_a_former_colleagues_own_mailbox_goes_with_their_data(shop: Mailbox) -> None:
    from app.services.people import own_data

    della = db.session.scalars(select(User).where(User.username == "della")).one()
    milo = db.session.scalars(select(User).where(User.username == "milo")).one()
    own = builders.make_mailbox(owner=milo, address="milo@shop.example")
    comes_in(own, mail("Private"), uid=7)
    comes_in(shop, mail("Shared"), uid=8)
    milo = db.session.scalars(select(User).where(User.username == "milo")).one()
    kept = own_data.of(milo)
    assert [one["address"] for one in kept["mailboxes"]] == ["milo@shop.example"]
    assert "password" not in kept["mailboxes"][0]
    assert [one["subject"] for one in kept["mails"]] == ["Private"]
    with transaction():
        milo.active = False
    with transaction():
        own_data.erase(della, milo)
    assert db.session.scalars(select(Mail.subject)).all() == ["Shared"]
    assert db.session.scalars(select(Mailbox.id)).all() == [shop.id]
