"""Mailboxes, read from a real IMAP server: nothing twice, nothing missed, and who is told."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from flask import Flask
from sqlalchemy import select, text

from app import clock
from app.channels.mime import mail_host
from app.extensions import db
from app.integrations import mailbox as imap_mailbox
from app.integrations.mailbox_connection import connected
from app.integrations.mailbox_watch import MailboxWatch
from app.models.crm import Contact, Lead
from app.models.mailboxes import Mail, Mailbox, MailboxState
from app.models.people import User
from app.services.chats import chat_files
from app.services.mails import mail_intake, mail_news, mailbox_health, mailbox_leases, mailboxes
from app.services.mails.mail_incoming import IncomingMail
from app.services.mails.mailbox_health import Problem
from app.transaction import transaction
from tests import builders
from tests.imap_servers import ImapServer, mail
from tests.sources.listening import listen, read
from tests.stored import count, items, snapshots, told
from tests.waiting import eventually


@pytest.fixture
def shop(context: Flask, imap: ImapServer) -> Mailbox:
    """A mailbox that Sales share; its first reading found nothing."""
    nora = builders.make_user(username="nora")
    builders.make_user("Admin", username="della")
    box = builders.make_mailbox(group=builders.make_group("Sales", members=[nora]), imap_port=imap.port)
    read(box)
    return box


def subjects() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Mail.subject).order_by(Mail.id)))


def test_a_mail_arrives_once_and_its_people_are_told(shop: Mailbox, imap: ImapServer) -> None:
    contact = builders.make_contact("Basil Hedge", email="Basil@Example.org")
    lead = builders.make_lead(contact_id=contact.id)
    imap.put(mail("Old bicycles", "Do you repair them?\n\n> before"))
    assert read(shop) == 1
    assert read(shop) == 0
    assert imap.unread() == 1, "nobody has read it in the mailbox"
    assert told() == [("mail:received", "nora", "group")]
    (said,) = snapshots("mail:received")
    assert (said["name"], said["subject"], said["text"]) == ("Basil Hedge", "Old bicycles", "Do you repair them?")
    kept = db.session.scalars(select(Mail)).one()
    assert (kept.contact_id, kept.lead_id, kept.kind, kept.direction) == (contact.id, lead.id, "person", "incoming")
    assert count(Lead) == 1


def test_what_was_there_before_is_kept_as_history_and_told_to_nobody(context: Flask, imap: ImapServer) -> None:
    nora = builders.make_user(username="nora")
    contact = builders.make_contact(email="basil@example.org")
    now = dt.datetime.now(dt.UTC)
    imap.put(mail("Last year"), at=now - dt.timedelta(days=300))
    imap.put(mail("Yesterday"), at=now - dt.timedelta(days=1))
    box = builders.make_mailbox(owner=nora, imap_port=imap.port, first_days=14, makes_leads=True)
    assert read(box) == 1
    assert subjects() == ["Yesterday"]
    assert db.session.scalars(select(Mail.contact_id)).one() == contact.id
    only_new = builders.make_mailbox(owner=nora, imap_port=imap.port, first_days=0)
    assert read(only_new) == 0
    imap.put(mail("Today"))
    assert read(box) == read(only_new) == 1
    assert [one["subject"] for one in snapshots("mail:received")] == ["Today", "Today"]


def test_a_mail_from_a_server_whose_clock_runs_ahead_does_not_stay_on_top(shop: Mailbox, imap: ImapServer) -> None:
    imap.put(mail("From next year"), at=dt.datetime.now(dt.UTC) + dt.timedelta(days=400))
    assert read(shop) == 1
    assert db.session.scalars(select(Mail.received_at)).one() < clock.now() + dt.timedelta(days=1, minutes=1)


def test_after_days_offline_everything_is_there_once(shop: Mailbox, imap: ImapServer, at) -> None:
    imap.put(mail("Before"))
    read(shop)
    imap.put(*[mail(f"Away {number}") for number in range(7)])
    at(clock.now() + dt.timedelta(days=5))
    assert read(shop) == 7
    assert subjects() == ["Before", *[f"Away {number}" for number in range(7)]]
    assert len(told("mail:received")) == 8


def test_a_new_numbering_loses_and_doubles_nothing(shop: Mailbox, imap: ImapServer) -> None:
    first = [mail(f"Mail {number}") for number in range(3)]
    imap.put(*first)
    read(shop)
    uidvalidity, started = db.session.execute(text("SELECT uidvalidity, started_at FROM mail_folders")).one()
    db.session.rollback()
    imap.stop()
    imap.start()
    # In the same second in which we looked first: servers note whole seconds.
    imap.put(mail("Meanwhile"), at=started.replace(microsecond=0))
    imap.put(*first)
    assert read(shop) == 1
    assert read(shop) == 0
    assert sorted(subjects()) == ["Mail 0", "Mail 1", "Mail 2", "Meanwhile"]
    assert [one["subject"] for one in snapshots("mail:received")][-1] == "Meanwhile"
    assert len(told("mail:received")) == 4
    numbered = db.session.scalars(select(Mail.uidvalidity).distinct()).all()
    assert len(numbered) == 1
    assert numbered[0] != uidvalidity


def test_killed_between_fetching_and_storing_the_next_one_reads_it_again(
    shop: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_mailbox, "BATCH_MAILS", 2)
    imap.put(*[mail(f"Mail {number}") for number in range(5)])
    take, batches = mail_intake.take, []

    def dies(*arguments: object) -> int:
        batches.append(arguments)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return take(*arguments)

    monkeypatch.setattr(mail_intake, "take", dies)
    with pytest.raises(KeyboardInterrupt):
        read(shop)
    assert len(subjects()) == 2
    monkeypatch.setattr(mail_intake, "take", take)
    assert read(shop) == 3
    assert subjects() == [f"Mail {number}" for number in range(5)]
    assert len(told("mail:received")) == 5


def test_who_lost_the_lease_stores_nothing(shop: Mailbox, imap: ImapServer) -> None:
    imap.put(mail())
    with transaction():
        assert list(mailbox_leases.claim("one", [], 10)) == [shop.id]
    with transaction():
        assert mailbox_leases.claim("two", [], 10) == {}
    with transaction():
        db.session.execute(text("UPDATE mailbox_states SET leased_until = :at"), {"at": clock.now() - dt.timedelta(1)})
        assert list(mailbox_leases.claim("two", [], 10)) == [shop.id]
    account = mailboxes.account_of(db.session.get_one(Mailbox, shop.id))
    db.session.rollback()
    with connected(account) as client, pytest.raises(mailbox_leases.LeaseLost):
        imap_mailbox.read_new(client, account, "one")
    assert subjects() == []
    with connected(account) as client:
        assert imap_mailbox.read_new(client, account, "two") == 1


@pytest.mark.parametrize(
    "meanwhile",
    ["UPDATE mailbox_states SET leased_by = 'two'", "UPDATE mail_folders SET uidvalidity = uidvalidity + 1"],
    ids=["leased", "numbered"],
)
def test_what_another_took_over_while_it_was_fetched_is_not_stored(
    shop: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    imap.put(mail())
    with transaction():
        mailbox_leases.claim("one", [], 10)
    place_of = mail_intake.place_of

    def overtaken(*arguments: object) -> mail_intake.Place:
        place = place_of(*arguments)
        with transaction():
            db.session.execute(text(meanwhile))
        return place

    monkeypatch.setattr(mail_intake, "place_of", overtaken)
    account = mailboxes.account_of(db.session.get_one(Mailbox, shop.id))
    db.session.rollback()
    with connected(account) as client, pytest.raises(mailbox_leases.LeaseLost):
        imap_mailbox.read_new(client, account, "one")
    assert (subjects(), told("mail:received")) == ([], [])


def test_an_unknown_sender_becomes_a_lead_once_where_the_mailbox_says_so(shop: Mailbox, imap: ImapServer) -> None:
    imap.put(mail("No lead", sender="first@example.org"))
    read(shop)
    assert count(Lead) == 0
    with transaction():
        db.session.get_one(Mailbox, shop.id).makes_leads = True
    imap.put(
        mail("A tandem?", sender="Ivy Fern <ivy@example.org>"),
        mail("And a lamp", sender="Ivy Fern <Ivy@Example.org>"),
        mail("News", sender="letters@example.org", List_Unsubscribe="<https://example.org/stop>"),
        mail("Holidays", sender="nora@example.net", Auto_Submitted="auto-replied"),
    )
    read(shop)
    lead = db.session.scalars(select(Lead)).one()
    assert (lead.name, lead.source, lead.contact.name, lead.contact.email) == (
        "A tandem?",
        "mail",
        "Ivy Fern",
        "ivy@example.org",
    )
    assert told("lead:incoming") == [("lead:incoming", "nora", "group")]
    assert [one["subject"] for one in snapshots("mail:received")] == ["No lead", "A tandem?", "And a lamp", "News"]
    # Who heard of the lead is not told of its mail as well.
    assert [(tag, number) for tag, number, _ in items("nora")].count(("lead:incoming", 1)) == 1
    assert len(told("mail:received")) == 3
    owned = db.session.scalars(select(Mail.lead_id).where(Mail.lead_id.is_not(None))).all()
    assert owned == [lead.id, lead.id]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; reason"},
        {"Precedence": "bulk"},
        {"Precedence": "junk"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@example.org"},
        {"Message_ID": "<delivery-12@127.0.0.1>"},
        {"From": "info@shop.example"},
    ],
    ids=str,
)
def test_automatic_and_our_own_mails_are_kept_and_raise_nothing(
    shop: Mailbox, imap: ImapServer, headers: dict[str, str]
) -> None:
    with transaction():
        db.session.get_one(Mailbox, shop.id).makes_leads = True
    imap.put(mail(**headers))
    assert read(shop) == 1
    assert told() == []
    assert (count(Lead), count(Contact)) == (0, 0)


def test_who_writes_to_the_own_teams_mailbox_is_not_told(shop: Mailbox, imap: ImapServer) -> None:
    nora = db.session.scalars(select(User).where(User.username == "nora")).one()
    imap.put(mail(sender=nora.email))
    read(shop)
    assert told() == []


def test_answers_find_their_thread_in_any_order(shop: Mailbox, imap: ImapServer) -> None:
    first = mail("Offer", Message_ID="<first@example.org>")
    second = mail("Re: Offer", Message_ID="<second@example.org>", In_Reply_To="<first@example.org>")
    third = mail("Re: Offer", In_Reply_To="<second@example.org>", References="<first@example.org> <second@example.org>")
    imap.put(third)
    read(shop)
    imap.put(first, second, mail("Other"))
    read(shop)
    threads = dict(db.session.execute(select(Mail.message_id, Mail.thread_id)).all())
    assert len(set(threads.values())) == 2
    assert [number for _, number, _ in items("nora")] == [1, 2, 1] or len(items("nora")) <= 3


def test_mails_of_one_thread_are_one_row_of_the_center(shop: Mailbox, imap: ImapServer) -> None:
    imap.put(mail("Offer", Message_ID="<first@example.org>"))
    read(shop)
    imap.put(mail("Re: Offer", In_Reply_To="<first@example.org>"))
    read(shop)
    assert items("nora") == [("mail:received", 2, True)]


def test_the_folder_of_what_was_sent_is_read_silently(shop: Mailbox, imap: ImapServer) -> None:
    contact = builders.make_contact(email="basil@example.org")
    with transaction():
        db.session.get_one(Mailbox, shop.id).sent_folder = "Sent"
    imap.put(mail("Welcome", sender="info@shop.example", to="basil@example.org"), folder="Sent")
    read(shop)
    imap.put(mail("Re: Welcome", sender="info@shop.example", to="Basil <basil@example.org>"), folder="Sent")
    read(shop)
    kept = db.session.scalars(select(Mail)).all()
    assert {(one.direction, one.contact_id) for one in kept} == {("outgoing", contact.id)}
    assert told() == []


def test_an_answer_of_ours_stays_one_mail_however_often_it_lies_in_the_mailbox(shop: Mailbox, imap: ImapServer) -> None:
    with transaction():
        db.session.get_one(Mailbox, shop.id).sent_folder = "Sent"
        message_id = f"<delivery-7@{mail_host()}>"
    answer = {"direction": "outgoing", "delivery_id": 7, "message_id": message_id, "subject": "Ours"}
    made = builders.make_mail(shop, **answer, folder="", uidvalidity=None, uid=None)
    copy = mail("Ours", sender="info@shop.example", to="basil@example.org")
    del copy["Message-ID"]
    copy["Message-ID"] = message_id
    imap.put(copy, copy, folder="Sent")
    assert read(shop) == 0
    first = db.session.get_one(Mail, made.id).uidvalidity
    db.session.rollback()
    imap.stop()
    imap.start()
    imap.put(copy, folder="Sent")
    assert read(shop) == 0
    assert subjects() == ["Ours"]
    assert db.session.get_one(Mail, made.id).uidvalidity not in (None, first)


def test_a_failing_mailbox_is_told_once_with_the_cure_and_that_it_works_again(
    app: Flask, shop: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nora = db.session.scalars(select(User).where(User.username == "nora")).one()
    with transaction():
        box = db.session.get_one(Mailbox, shop.id)
        box.group_id, box.owner_id = None, nora.id
    imap.stop()
    watch = MailboxWatch(app, threading.Event())
    for _ in range(4):
        with transaction():
            db.session.execute(text("UPDATE mailbox_states SET next_try_at = NULL, leased_until = NULL"))
        watch._claim()
        watch._watched[shop.id].thread.join(timeout=20)
        watch._forget_ended()
    assert sorted(told("error:mailbox")) == [
        ("error:mailbox", "della", "admin"),
        ("error:mailbox", "nora", "concerned"),
    ]
    (said,) = snapshots("error:mailbox")
    assert "Nothing listens on 127.0.0.1" in said["problem"]
    assert "993" in said["cure"]
    imap.start()
    with transaction():
        db.session.execute(text("UPDATE mailbox_states SET next_try_at = NULL, leased_until = NULL"))
    listen(app, lambda: len(told("error:mailbox_works")) == 2)
    assert items("nora") == [("error:mailbox_works", 1, True)]
    state = db.session.get_one(MailboxState, shop.id)
    assert (state.problem, state.failures, state.told_at) == (None, 0, None)


def test_a_wrong_password_is_told_at_once(app: Flask, shop: Mailbox) -> None:
    from app.services import sealed

    with transaction():
        db.session.get_one(Mailbox, shop.id).password = sealed.seal("wrong")
    listen(app, lambda: snapshots("error:mailbox"))
    (said,) = snapshots("error:mailbox")
    assert "refuses user name or password" in said["problem"]
    assert "app password" in said["cure"]


def test_the_listener_hears_of_a_mail_by_itself(app: Flask, shop: Mailbox, imap: ImapServer) -> None:
    def waits() -> bool:
        db.session.rollback()
        return db.session.get_one(MailboxState, shop.id).last_ok_at is not None

    def arrives() -> bool:
        imap.put(mail("Hello"))
        eventually(lambda: told("mail:received"), 15, "the mail")
        return True

    listen(app, waits, arrives)
    assert subjects() == ["Hello"]
    assert db.session.get_one(MailboxState, shop.id).leased_by is None


def test_a_changed_mailbox_is_connected_anew_and_one_switched_off_is_left(
    app: Flask, shop: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.integrations.mailbox_watch.RENEW_SECONDS", 0.1)
    monkeypatch.setattr("app.integrations.mailbox_watch.TICK_SECONDS", 0.1)
    monkeypatch.setattr("app.integrations.mailbox_watch.SLICE_SECONDS", 0.2)

    def leased() -> bool:
        db.session.rollback()
        return db.session.get_one(MailboxState, shop.id).leased_by is not None

    def switched_off() -> bool:
        with transaction():
            db.session.get_one(Mailbox, shop.id).active = False
        eventually(lambda: not leased(), 15, "the mailbox to be left")
        return True

    listen(app, leased, switched_off)


def test_what_is_changed_while_a_mailbox_is_being_connected_is_not_overlooked(
    app: Flask, shop: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.integrations.mailbox_watch.SLICE_SECONDS", 0.1)
    watch = MailboxWatch(app, threading.Event())
    for change in ({}, {"name": "Other"}):
        watch._claim()
        one = watch._watched[shop.id]
        try:
            with transaction():
                for name, value in change.items():
                    setattr(db.session.get_one(Mailbox, shop.id), name, value)
            watch._renew()
            assert one.stop.is_set() is bool(change)
        finally:
            one.stop.set()
            one.thread.join(timeout=20)


def test_a_mail_belongs_to_its_clients_newest_lead_that_is_still_open(shop: Mailbox, imap: ImapServer) -> None:
    contact = builders.make_contact(email="basil@example.org")
    open_stage, won = (builders.make_stage(kind) for kind in ("open", "won"))
    builders.make_lead(contact_id=contact.id, stage=open_stage)
    newest = builders.make_lead(contact_id=contact.id, stage=open_stage)
    builders.make_lead(contact_id=contact.id, stage=won, closed_at=clock.now())
    imap.put(mail())
    read(shop)
    assert db.session.scalars(select(Mail.lead_id)).one() == newest.id


def test_a_form_that_writes_as_nobody_is_from_whom_it_names_for_answers(shop: Mailbox, imap: ImapServer) -> None:
    contact = builders.make_contact("Ivy", email="ivy@example.org")
    imap.put(mail("By a form", sender="noreply@shop.example", Reply_To="Ivy@example.org"))
    imap.put(mail("By a machine", sender="noreply@bank.example"))
    # Another installation's people write, too.
    imap.put(mail("By a neighbour", Message_ID="<delivery-12@desk.neighbour.example>"))
    read(shop)
    rows = db.session.execute(select(Mail.subject, Mail.kind, Mail.contact_id).order_by(Mail.id)).all()
    assert [tuple(row) for row in rows] == [
        ("By a form", "person", contact.id),
        ("By a machine", "automatic", None),
        ("By a neighbour", "person", None),
    ]
    assert [one["subject"] for one in snapshots("mail:received")] == ["By a form", "By a neighbour"]


def test_colleagues_and_other_mailboxes_of_the_house_become_no_leads(shop: Mailbox, imap: ImapServer) -> None:
    milo = builders.make_user(username="milo")
    builders.make_mailbox(owner=milo, address="Repairs@shop.example")
    with transaction():
        db.session.get_one(Mailbox, shop.id).makes_leads = True
    imap.put(mail(sender=str(milo.email).upper()), mail(sender="repairs@shop.example"))
    assert read(shop) == 2
    assert (count(Lead), count(Contact)) == (0, 0)
    assert len(told("mail:received")) == 2


def test_the_same_mail_in_two_mailboxes_is_a_thread_in_each(shop: Mailbox, imap: ImapServer) -> None:
    own = builders.make_mailbox(owner=builders.make_user(username="milo"), imap_port=imap.port)
    imap.put(mail("Offer", Message_ID="<first@example.org>"))
    imap.put(mail("Re: Offer", In_Reply_To="<first@example.org>"))
    assert (read(shop), read(own)) == (2, 2)
    rows = db.session.execute(select(Mail.mailbox_id, Mail.thread_id).distinct().order_by(Mail.mailbox_id)).all()
    assert [row.mailbox_id for row in rows] == [shop.id, own.id]
    assert rows[0].thread_id != rows[1].thread_id


def test_a_mailbox_whose_group_is_empty_is_told_to_the_admins(shop: Mailbox, imap: ImapServer) -> None:
    with transaction():
        db.session.get_one(Mailbox, shop.id).group.users.clear()
    imap.put(mail())
    read(shop)
    assert told("mail:received") == [("mail:received", "della", "admin")]
    assert db.session.scalar(text("SELECT data->>'problem' FROM faults")) == "mailbox_without_people"


def test_only_who_holds_a_mailbox_keeps_it_or_gives_it_back(shop: Mailbox) -> None:
    with transaction():
        assert list(mailbox_leases.claim("one", [], 10)) == [shop.id]
        assert mailbox_leases.renew("two", [shop.id]) == {}
        mailbox_leases.release("two", shop.id)
    assert db.session.get_one(MailboxState, shop.id, populate_existing=True).leased_by == "one"
    with transaction():
        mailbox_leases.release("one", shop.id)
        db.session.execute(text("UPDATE mailbox_states SET next_try_at = :at"), {"at": clock.now() + dt.timedelta(1)})
        assert mailbox_leases.claim("two", [], 10) == {}, "it failed, and its time has not come"


def test_a_former_colleagues_mailbox_is_read_no_longer(shop: Mailbox, imap: ImapServer) -> None:
    milo = builders.make_user(username="milo")
    own = builders.make_mailbox(owner=milo, imap_port=imap.port)
    with transaction():
        assert set(mailbox_leases.claim("one", [shop.id], 10)) == {own.id}
    with transaction():
        db.session.get_one(User, milo.id).active = False
    with transaction():
        assert mailbox_leases.renew("one", [own.id]) == {}
        mailbox_leases.release("one", own.id)
        assert mailbox_leases.claim("two", [shop.id], 10) == {}


def test_of_a_very_large_mail_the_beginning_is_read_and_the_next_ones_whole(
    shop: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_mailbox, "LARGEST_FETCHED", 4000)
    monkeypatch.setattr(imap_mailbox, "BEGINNING", 2000)
    large, small = mail("Large", "In short: yes"), mail("Small", "See the picture")
    large.add_attachment(b"x" * 9000, maintype="text", subtype="plain", filename="long.txt")
    small.add_attachment(b"x" * 90, maintype="text", subtype="plain", filename="short.txt")
    imap.put(large, mail("Long", "and so on\n" * 600), small)
    assert read(shop) == 3
    rows = db.session.execute(select(Mail.subject, Mail.body, Mail.problem, Mail.has_files).order_by(Mail.id)).all()
    assert [(row.subject, row.body[:15], row.problem, row.has_files) for row in rows] == [
        ("Large", "In short: yes", "too_large", False),
        ("Long", "and so on\nand s", "too_large", False),
        ("Small", "See the picture", None, True),
    ]
    assert len(rows[1].body) < 2000
    assert len(told("mail:received")) == 3


def test_a_mail_that_cannot_be_stored_holds_up_none_of_the_others(
    shop: Mailbox, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = mail_news.arrived

    def breaks(mailbox: Mailbox, mail_id: int, came: IncomingMail, *more: object) -> None:
        if came.subject == "Bad":
            raise ValueError("whatever it is")
        arrived(mailbox, mail_id, came, *more)

    monkeypatch.setattr(mail_news, "arrived", breaks)
    first = mail("First")
    first.add_attachment(b"words", maintype="text", subtype="plain", filename="words.txt")
    imap.put(first, mail("Bad"), mail("Last"))
    folder = chat_files.path_of("any").parent
    before = set(folder.iterdir())
    assert read(shop) == 3
    assert len(set(folder.iterdir()) - before) == 1, "what the batch had kept before it failed is deleted again"
    assert read(shop) == 0
    rows = db.session.execute(select(Mail.subject, Mail.problem).order_by(Mail.uid)).all()
    assert [tuple(row) for row in rows] == [("First", None), ("", "unreadable"), ("Last", None)]
    assert [one["subject"] for one in snapshots("mail:received")] == ["First", "Last"]


def test_a_shared_mailbox_that_fails_is_the_admins_affair(shop: Mailbox) -> None:
    db.session.rollback()
    mailbox_health.failed(shop.id, Problem("password", "It is refused", "Enter it again", lasting=True))
    assert told() == [("error:mailbox", "della", "admin")]
    mailbox_health.worked(shop.id)
    assert told("error:mailbox_works") == [("error:mailbox_works", "della", "admin")]


def test_what_an_unknown_sender_wrote_before_joins_the_contact_and_takes_nobody_elses(
    shop: Mailbox, imap: ImapServer
) -> None:
    imap.put(mail("Before", sender="Ivy@example.org"), mail("Another's", sender="otto@example.org"))
    read(shop)
    with transaction():
        db.session.get_one(Mailbox, shop.id).makes_leads = True
    imap.put(mail("Now", sender="ivy@example.org"))
    read(shop)
    lead = db.session.scalars(select(Lead)).one()
    rows = db.session.execute(select(Mail.subject, Mail.contact_id, Mail.lead_id).order_by(Mail.id)).all()
    ivys = (lead.contact_id, lead.id)
    assert [tuple(row) for row in rows] == [("Before", *ivys), ("Another's", None, None), ("Now", *ivys)]
