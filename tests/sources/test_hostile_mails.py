"""More than two hundred hostile mails: each is kept as far as it can be, none has an effect or stops the listener."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.integrations import mail_parsing
from app.models.crm import Contact, Lead
from app.models.mailboxes import Mail, MailboxState, MailFile
from app.services.mails import mail_intake
from bench.imap_house import serving
from tests import builders
from tests.imap_servers import mail
from tests.sources.hostile_mails import hostile
from tests.sources.listening import listen
from tests.stored import snapshots, told

AT = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)
# What may be left of a stranger's HTML holds none of these.
_DANGEROUS = re.compile(
    r"<\s*(script|style|iframe|object|embed|form|input|svg|math|meta|base|link|video|audio)\b"
    r"|<img(?![^<>]*\ssrc=\"cid:)[^<>]*\ssrc="
    r"|<[^>]*\son\w+\s*=|<[^>]*(javascript|vbscript|data):|<[^>]*url\s*\(",
    re.IGNORECASE,
)


def test_no_hostile_mail_takes_long_or_keeps_anything_that_runs(context: Flask) -> None:
    slow, number = [], 0
    for number, (name, raw) in enumerate(hostile(), 1):
        started = time.process_time()
        mail = mail_parsing.read(raw, number, AT)
        if time.process_time() - started > 6:
            slow.append(name)
        assert not _DANGEROUS.search(mail.html or ""), name
        assert len(mail.subject) <= 300, name
        assert len(mail.from_address) <= 254, name
        assert len(mail.body) <= 200_000, name
        assert len(mail.files) <= 50, name
        assert not re.search(r"[\x00-\x08\ud800-\udfff]", mail.subject + mail.body + (mail.html or "")), name
    assert number > 200
    assert slow == []


def test_all_hostile_mails_are_stored_without_an_effect(context: Flask) -> None:
    nora = builders.make_user(username="nora")
    box = builders.make_mailbox(owner=nora, makes_leads=True)
    mail_intake.place_of(box.id, "INBOX", 1, 100_000, 14)
    mails = [mail_parsing.read(raw, number, AT) for number, (_, raw) in enumerate(hostile(), 1)]
    for start in range(0, len(mails), 50):
        batch = mails[start : start + 50]
        mail_intake.take(box.id, "INBOX", 1, batch, batch[-1].uid)
    kept = len(db.session.scalars(select(Mail.id)).all())
    assert kept == len({mail.fingerprint for mail in mails}) > 200
    assert told() == []
    assert db.session.scalars(select(Lead.id)).all() == db.session.scalars(select(Contact.id)).all() == []
    names = db.session.scalars(select(MailFile.name)).all()
    assert names
    assert not [name for name in names if "/" in name or "\x00" in name or len(name) > 150]
    programs = db.session.execute(select(MailFile.stored_as, MailFile.type).where(MailFile.name == "cat.png")).all()
    assert programs == [(None, "")]


@pytest.mark.parametrize("how", ["plain", "html", "both"])
def test_what_a_decent_mail_says_comes_through(how: str) -> None:
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Zoë <zoe@example.org>", "info@shop.example", "Größe 58 für Ñandú"
    if how != "html":
        mail.set_content("Schöne Grüße\n\n-- \nZoë")
    if how == "html":
        mail.set_content("<p>Sch&ouml;ne <b>Grüße</b></p><p>Zoë</p>", subtype="html")
    if how == "both":
        mail.add_alternative("<p>Schöne <b>Grüße</b></p>", subtype="html")
    mail.add_attachment(b"%PDF-1.4 x", maintype="application", subtype="pdf", filename="Angebot für Zoë.pdf")
    read = mail_parsing.read(mail.as_bytes(), 1, AT)
    assert (read.subject, read.from_name, read.problem) == ("Größe 58 für Ñandú", "Zoë", None)
    assert "Schöne Grüße" in read.body
    assert (read.html is not None) == (how != "plain")
    assert [(file.name, file.content) for file in read.files] == [("Angebot für Zoë.pdf", b"%PDF-1.4 x")]


def test_all_of_them_in_one_mailbox_stop_neither_the_listener_nor_the_mail_behind_them(
    app: Flask, context: Flask
) -> None:
    nora = builders.make_user(username="nora")
    hostiles = [raw for _, raw in hostile()]
    with serving([]) as server:
        box = builders.make_mailbox(owner=nora, imap_port=server.port)
        listen(app, lambda: worked(box.id))
        server.kept += hostiles
        server.kept.append(mail("Still here?").as_bytes())
        listen(app, lambda: "Still here?" in [one["subject"] for one in snapshots("mail:received")], seconds=120)
    fingerprints = {mail_parsing.read(raw, 1, AT).fingerprint for raw in server.kept}
    assert len(db.session.scalars(select(Mail.id)).all()) == len(fingerprints) > 200
    assert worked(box.id)


def worked(mailbox_id: int) -> bool:
    db.session.rollback()
    state = db.session.get_one(MailboxState, mailbox_id)
    return state.last_ok_at is not None and state.failures == 0
