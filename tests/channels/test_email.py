"""The mail channel against a real SMTP server."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.channels import CHANNELS
from app.channels.base import InlineImage, Message
from app.channels.email import KeptCopy
from app.errors import AddressGone, PermanentSendError, SendError, TemporarySendError

TAKE_IT = ""  # an answer of the server's own


def message(delivery_id: int = 1, **changes: Any) -> Message:
    words: dict[str, Any] = {
        "subject": "New task: Call Basil",
        "title": "New task",
        "text": "Hello\n",
        "html": "<p>Hello</p>",
    }
    return Message(delivery_id=delivery_id, **(words | changes))


def send(app: Flask, *messages: Message, to: str = "rowan@example.com") -> list[SendError | None]:
    """Send in one batch; the errors, by message."""
    outcomes: list[SendError | None] = []
    with app.app_context(), CHANNELS["email"].open() as sender:
        for one in messages:
            try:
                sender.send(to, one)
                outcomes.append(None)
            except SendError as error:
                outcomes.append(error)
    return outcomes


@pytest.fixture
def app(start_smtp: Callable[..., Any], mail_app: Callable[..., Flask]) -> Flask:
    return mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=start_smtp().port)


def test_a_mail_arrives_as_text_and_html_with_the_delivery_as_its_id(app: Flask, mailbox: Any) -> None:
    headers = {"List-Unsubscribe": "<https://desk.example.com/u/1>"}
    assert send(app, message(41, thread="task:5", tag="task:assigned", headers=headers)) == [None]

    mail = mailbox.mails[0]
    assert mailbox.recipients == [["rowan@example.com"]]
    assert mail["Message-ID"] == "<delivery-41@desk.example.com>"
    assert mail["References"] == mail["In-Reply-To"] == "<thread-task-5@desk.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<https://desk.example.com/u/1>"
    assert mail["From"] == "Frontdesk <frontdesk@example.com>"
    assert mail["To"] == "rowan@example.com"
    assert mail["Date"].datetime.tzinfo is not None
    assert mail.get_content_type() == "multipart/alternative"
    assert mail.get_body(("plain",)).get_content().strip() == "Hello"
    assert mail.get_body(("html",)).get_content().strip() == "<p>Hello</p>"


def test_two_mails_of_one_subject_share_a_thread_and_not_an_id(app: Flask, mailbox: Any) -> None:
    send(app, message(1, thread="task:5"), message(2, thread="task:5"), message(3, thread="task:6"))
    first, second, third = mailbox.mails
    assert first["References"] == second["References"] != third["References"]
    assert first["Message-ID"] != second["Message-ID"]


def test_ids_and_addresses_longer_than_a_line_arrive_as_they_are(app: Flask, mailbox: Any) -> None:
    answered = f"<{'A1b2' * 30}@EURP189.PROD.EXAMPLE.COM>"
    leave = f"<https://desk.example.com/u/{'x' * 120}>"
    headers = {"List-Unsubscribe": leave, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    references = f"<first@example.org> {answered}"
    sent = message(1, subject="Grüße", headers=headers | {"In-Reply-To": answered, "References": references})
    assert send(app, sent) == [None]
    lines = mailbox.raw[0].decode().split("\r\n\r\n")[0].replace("\r\n ", " ").split("\r\n")
    found = {name: " ".join(value.split()) for name, _, value in (line.partition(":") for line in lines)}
    assert found["List-Unsubscribe"] == leave
    assert (found["In-Reply-To"], found["References"]) == (answered, references)
    assert found["Subject"].startswith("=?utf-8?"), "what is words is still encoded"


def test_a_batch_uses_one_connection(app: Flask, mailbox: Any) -> None:
    assert send(app, *(message(number) for number in range(1, 6))) == [None] * 5
    assert mailbox.connections == 1
    assert all(len(recipients) == 1 for recipients in mailbox.recipients)


def test_endless_lines_are_wrapped(app: Flask, mailbox: Any) -> None:
    endless = "<p>" + "ä1" * 5000 + "</p>"
    assert send(app, message(html=endless, text="x" * 9000, subject="ü" * 900)) == [None]
    assert max(map(len, mailbox.raw[0].split(b"\r\n"))) <= 998 - 2
    assert max(map(len, mailbox.raw[0].partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 78
    assert mailbox.mails[0].get_body(("html",)).get_content().strip() == endless
    assert mailbox.mails[0]["Subject"] == "ü" * 900


def test_lines_that_begin_with_a_dot_arrive_whole(app: Flask, mailbox: Any) -> None:
    text = ".\n..dots\n.end\n"
    assert send(app, message(text=text, html="")) == [None]
    assert mailbox.mails[0].get_content().replace("\r\n", "\n") == text


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hello\r\nBcc: everybody@example.com"},
        {"subject": "Hello\nBcc: everybody@example.com"},
        {"headers": {"List-Unsubscribe": "<x>\r\nBcc: everybody@example.com"}},
        {"headers": {"List-Unsubscribe": "<x>\r\n"}},
        {"headers": {"X-A: b\r\nBcc": "everybody@example.com"}},
        {"headers": {"Subject": "a second one"}},
    ],
)
def test_nothing_can_add_a_header(app: Flask, mailbox: Any, changes: dict[str, Any]) -> None:
    outcomes = send(app, message(1, **changes), message(2))
    assert isinstance(outcomes[0], PermanentSendError)
    assert outcomes[1] is None
    assert len(mailbox.raw) == 1


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b\r\nBcc: c@d", "a@example.com, b@example.com", "a b@example.com", "@x"]
)
def test_what_is_no_address_is_refused_before_the_server_sees_it(app: Flask, mailbox: Any, address: str) -> None:
    assert isinstance(send(app, message(), to=address)[0], PermanentSendError)
    assert mailbox.connections == 0


def test_a_domain_with_umlauts_is_written_in_ascii(app: Flask, mailbox: Any) -> None:
    assert send(app, message(), to="rowan@bücher.example") == [None]
    assert mailbox.recipients == [["rowan@xn--bcher-kva.example"]]


@pytest.mark.parametrize("offered", [True, False])
def test_an_address_with_letters_beyond_ascii_needs_a_server_that_knows_them(
    start_smtp: Callable[..., Any], mail_app: Callable[..., Flask], mailbox: Any, offered: bool
) -> None:
    server = start_smtp(enable_SMTPUTF8=offered)
    app = mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=server.port)
    [error] = send(app, message(), to="björn@example.com")
    assert mailbox.recipients == ([["björn@example.com"]] if offered else [])
    assert error is None if offered else type(error) is PermanentSendError


def test_pictures_go_inside_the_html_part(app: Flask, mailbox: Any) -> None:
    image = InlineImage("chart", b"\x89PNG....")
    assert send(app, message(html='<img src="cid:chart" alt="38 leads">', images=(image,))) == [None]
    related = mailbox.mails[0].get_body(("related",))
    assert related.get_content_type() == "multipart/related"
    picture = next(iter(related.iter_attachments()))
    assert (picture["Content-ID"], picture.get_content_type()) == ("<chart>", "image/png")
    assert picture.get_content() == b"\x89PNG...."


@pytest.mark.parametrize(
    ("command", "answer", "error"),
    [
        ("RCPT", "550 5.1.1 <rowan@example.com>: no such user", AddressGone),
        ("RCPT", "550 5.7.1 relaying denied", PermanentSendError),
        ("RCPT", "450 4.2.0 greylisted, try again", TemporarySendError),
        ("RCPT", "552 5.2.2 mailbox full", PermanentSendError),
        ("DATA", "554 5.7.1 looks like spam", PermanentSendError),
        ("DATA", "451 4.3.0 out of disk", TemporarySendError),
    ],
)
def test_a_refusal_concerns_one_mail_and_the_batch_goes_on(
    app: Flask, mailbox: Any, command: str, answer: str, error: type[SendError]
) -> None:
    mailbox.answers[command].append(answer)
    outcomes = send(app, message(1), message(2))
    assert type(outcomes[0]) is error
    assert "rowan" not in outcomes[0].reason  # shown to people who may not see the address
    assert answer[:3] in outcomes[0].reason
    assert not getattr(outcomes[0], "connection_lost", False)
    assert outcomes[1] is None
    assert mailbox.connections == 1


@pytest.mark.parametrize("answer", ["530 5.7.0 log in first", "553 5.7.1 sender not owned", "451 4.7.1 slow down"])
def test_a_refused_sender_stops_the_batch_and_is_tried_later(app: Flask, mailbox: Any, answer: str) -> None:
    mailbox.answers["MAIL"].append(answer)
    [error] = send(app, message())
    assert isinstance(error, TemporarySendError)
    assert error.connection_lost


def test_a_server_that_closes_between_two_mails_is_called_again(app: Flask, mailbox: Any) -> None:
    mailbox.hang_up_before_mail = 2
    assert send(app, message(1), message(2), message(3)) == [None] * 3
    assert mailbox.connections == 2
    assert [mail["Message-ID"] for mail in mailbox.mails] == [f"<delivery-{n}@desk.example.com>" for n in (1, 2, 3)]


def test_a_server_that_says_421_between_two_mails_is_called_again(app: Flask, mailbox: Any) -> None:
    mailbox.answers["MAIL"] += [TAKE_IT, "421 4.7.0 too many mails on this connection"]
    assert send(app, message(1), message(2)) == [None, None]
    assert mailbox.connections == 2


def test_a_server_lost_in_the_middle_of_a_batch_stops_it(
    start_smtp: Callable[..., Any], mail_app: Callable[..., Flask], mailbox: Any
) -> None:
    server = start_smtp()
    mailbox.hang_up_before_mail = 2
    mailbox.on_hang_up = lambda: server.server.close()  # it listens no more: calling again fails
    outcomes = send(mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=server.port), message(1), message(2))
    assert outcomes[0] is None
    assert isinstance(outcomes[1], TemporarySendError)
    assert outcomes[1].connection_lost
    assert len(mailbox.raw) == 1


def test_a_hanging_server_costs_one_timeout(mail_app: Callable[..., Flask]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app = mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=silent.getsockname()[1], MAIL_TIMEOUT_SECONDS=0.3)
        started = time.monotonic()
        [error] = send(app, message())
    assert time.monotonic() - started < 3
    assert isinstance(error, TemporarySendError)
    assert error.connection_lost
    assert "no answer in time" in error.reason


def test_a_server_that_is_down_is_tried_later(mail_app: Callable[..., Flask]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    [error] = send(mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=port), message())
    assert isinstance(error, TemporarySendError)
    assert error.connection_lost
    assert "connection refused" in error.reason


def secured(
    start_smtp: Callable[..., Any],
    mail_app: Callable[..., Flask],
    mailbox: Any,
    context: ssl.SSLContext,
    **settings: Any,
) -> Flask:
    server = start_smtp(tls_context=context, require_starttls=True, authenticator=mailbox.authenticate)
    secrets = {"MAIL_USERNAME": "desk", "MAIL_PASSWORD": "right"}
    return mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=server.port, MAIL_USE_TLS=True, **(secrets | settings))


@pytest.mark.parametrize("made_for", ["127.0.0.1", "192.0.2.7"])
def test_a_password_is_never_given_to_an_untrusted_server(
    start_smtp: Any,
    mail_app: Any,
    mailbox: Any,
    make_certificate: Any,
    tls_context: Any,
    monkeypatch: pytest.MonkeyPatch,
    made_for: str,
) -> None:
    certificate: Path = make_certificate(made_for)
    if made_for != "127.0.0.1":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # trusted, but it names another server
    [error] = send(secured(start_smtp, mail_app, mailbox, tls_context(certificate)), message())
    assert isinstance(error, TemporarySendError)
    assert error.connection_lost
    assert "certificate is not trusted" in error.reason
    assert mailbox.passwords == []
    assert mailbox.raw == []


@pytest.mark.parametrize(("password", "accepted"), [("right", True), ("wrong", False)])
def test_with_a_trusted_certificate_it_logs_in_and_sends(
    start_smtp: Any,
    mail_app: Any,
    mailbox: Any,
    make_certificate: Any,
    tls_context: Any,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
    accepted: bool,
) -> None:
    certificate: Path = make_certificate("127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    app = secured(start_smtp, mail_app, mailbox, tls_context(certificate), MAIL_PASSWORD=password)
    [error] = send(app, message())
    assert (error is None) is accepted
    assert len(mailbox.raw) == int(accepted)
    if error is not None:
        assert isinstance(error, TemporarySendError)
        assert "password refused" in error.reason
        assert "wrong" not in error.reason


def test_without_tls_on_offer_nothing_is_sent(app: Flask, mailbox: Any, mail_app: Callable[..., Flask]) -> None:
    [error] = send(mail_app(MAIL_SERVER="127.0.0.1", MAIL_PORT=app.config["MAIL_PORT"], MAIL_USE_TLS=True), message())
    assert isinstance(error, TemporarySendError)
    assert mailbox.raw == []


def test_without_a_server_the_same_mail_is_kept(mail_app: Callable[..., Flask]) -> None:
    app, kept = mail_app(), list[KeptCopy]()
    app.extensions["mail_keeper"] = kept.append
    outcomes = send(app, message(8), message(9, subject="a\r\nBcc: b@example.com"))
    assert outcomes[0] is None
    assert isinstance(outcomes[1], PermanentSendError)
    [copy] = kept
    assert (copy.delivery_id, copy.to_address, copy.subject) == (8, "rowan@example.com", "New task: Call Basil")
    assert copy.headers["Message-ID"] == "<delivery-8@desk.example.com>"
    assert b"Content-Transfer-Encoding: quoted-printable" in copy.raw
