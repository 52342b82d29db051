"""Mailboxes behind TLS: trusted certificates are read and answered by, others get no password and are told clearly."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from flask import Flask
from sqlalchemy import select

from app.extensions import db
from app.integrations import mailbox as imap_mailbox
from app.integrations.mailbox_connection import connected
from app.models.mailboxes import Mail, Mailbox
from app.services.mails import mailboxes
from app.transaction import transaction
from tests import builders, certificates
from tests.imap_servers import ImapServer, mail
from tests.mailboxes import SmtpServer
from tests.sources.listening import listen
from tests.sources.mail_desk import Browser, comes_in, send_due
from tests.stored import snapshots, told


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def secured(certificate: Path) -> Iterator[ImapServer]:
    """Lets nobody in before STARTTLS."""
    server = ImapServer(certificate)
    server.start()
    yield server
    server.stop()


@contextmanager
def tls_in_front(port: int, certificate: Path) -> Iterator[int]:
    """Take TLS off in front of a server, as stunnel does. Yields the port; what breaks off there is no error here."""
    loop, ready, found = asyncio.new_event_loop(), threading.Event(), []

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
        target.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer), return_exceptions=True)

    def run() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(
            asyncio.start_server(meet, "127.0.0.1", 0, ssl=certificates.serving(certificate))
        )
        found.append(server.sockets[0].getsockname()[1])
        ready.set()
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        server.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


@contextmanager
def reached(how: str, imap: ImapServer, secured: ImapServer, certificate: Path) -> Iterator[tuple[ImapServer, int]]:
    """The server that speaks so, and its port."""
    if how == "starttls":
        yield secured, secured.port
        return
    with tls_in_front(imap.port, certificate) as port:
        yield imap, port


@pytest.mark.parametrize("how", ["tls", "starttls"])
def test_a_mailbox_behind_a_trusted_certificate_is_read(
    context: Flask,
    imap: ImapServer,
    secured: ImapServer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    nora = builders.make_user(username="nora")
    with reached(how, imap, secured, certificate) as (server, port):
        box = builders.make_mailbox(owner=nora, imap_port=port, imap_security=how)
        account = mailboxes.account_of(box)
        db.session.rollback()
        with connected(account) as client:
            assert isinstance(client.socket(), ssl.SSLSocket)
            imap_mailbox.read_new(client, account)
            server.put(mail("Behind a lock"))
            assert imap_mailbox.read_new(client, account) == 1
    assert db.session.scalars(select(Mail.subject)).all() == ["Behind a lock"]


@pytest.mark.parametrize("how", ["tls", "starttls"])
def test_an_untrusted_certificate_is_told_once_with_its_cure_and_gets_no_password(
    app: Flask, context: Flask, imap: ImapServer, secured: ImapServer, certificate: Path, how: str
) -> None:
    nora = builders.make_user(username="nora")
    with reached(how, imap, secured, certificate) as (_, port):
        builders.make_mailbox(owner=nora, imap_port=port, imap_security=how)
        listen(app, lambda: snapshots("error:mailbox"))
    (said,) = snapshots("error:mailbox")
    assert said["problem"] == "The certificate of 127.0.0.1 is not valid"
    assert "renewed" in said["cure"]
    assert told("error:mailbox") == [("error:mailbox", "nora", "concerned")]


@contextmanager
def mail_server(how: str, certificate: Path) -> Iterator[tuple[SmtpServer, int, list[str]]]:
    """A server for answers that lets only who signed in send, and only by TLS."""
    handler, passwords = SmtpServer(), []

    def sign_in(server: object, session: object, envelope: object, mechanism: str, data: LoginPassword) -> AuthResult:
        passwords.append(data.password.decode())
        return AuthResult(success=data.password == b"imap-secret")

    context = certificates.serving(certificate)
    secure = {"ssl_context": context, "auth_require_tls": False} if how == "tls" else {"tls_context": context}
    options = {"require_starttls": how == "starttls", "authenticator": sign_in, "auth_required": True} | secure
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port, **options)
    controller.start()
    try:
        yield handler, handler.port, passwords
    finally:
        controller.stop()


@pytest.mark.parametrize("how", ["tls", "starttls"])
def test_answers_leave_by_tls_and_never_to_an_untrusted_server(
    app: Flask, context: Flask, certificate: Path, imap: ImapServer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    nora = builders.make_user(username="nora")
    builders.make_user("Admin", username="della")
    browser = Browser(app)
    with mail_server(how, certificate) as (server, port, passwords):
        box = builders.make_mailbox(
            owner=nora, imap_port=imap.port, smtp_host="127.0.0.1", smtp_port=port, smtp_security=how
        )
        came = comes_in(box, mail("Offer"))
        browser.login("nora")
        said = browser.post(f"/mailboxview/test/{box.id}", follow=True).get_data(as_text=True)
        assert "SMTP host for answers: " in said
        assert "certificate is not trusted" in said
        browser.post(f"/mailview/answer/{came.id}", {"body": "Hello", "token": "t"})
        send_due()
        assert (passwords, server.mails) == ([], [])
        assert "It is tried again by itself" in browser.get(f"/mailview/show/{came.id}").get_data(as_text=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert "It works" in browser.post(f"/mailboxview/test/{box.id}", follow=True).get_data(as_text=True)
        browser.post(f"/mailview/answer/{came.id}", {"body": "Hello again", "token": "u"})
        send_due()
        assert [one["Subject"] for one in server.wait_for(1)] == ["Re: Offer"]
        assert set(passwords) == {"imap-secret"}
    with transaction():
        db.session.delete(db.session.get_one(Mailbox, box.id))
