"""A real IMAP server for tests: pymap, in a process of its own, its mails in memory."""

from __future__ import annotations

import datetime as dt
import imaplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

import pytest

from app.embedded import free_port
from tests.waiting import eventually

USER, PASSWORD = "info", "imap-secret"
# As the pymap command, but for its passwords' hashes: tests sign in hundreds of times.
_PYMAP = """
import sys
from pymap.config import IMAPConfig
from pymap.main import main
from pysasl.hashing import Cleartext
IMAPConfig._get_hash_context = classmethod(lambda cls, configured: Cleartext())
sys.exit(main())
"""


class ImapServer:
    """One account. Started again it has forgotten its mails, and numbers new ones anew: a new UIDVALIDITY.

    With a certificate (and key in one file) it lets nobody in before STARTTLS.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.port = free_port()
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None
        self._own: imaplib.IMAP4 | None = None

    @property
    def runs(self) -> bool:
        """Whether it can be connected to."""
        return self._process is not None

    def start(self) -> None:
        """Listen on the port, again after :meth:`stop` too."""
        command = [sys.executable, "-c", _PYMAP, "--host", "127.0.0.1"]
        if self._certificate:
            command += ["--cert", str(self._certificate), "--key", str(self._certificate)]
        else:
            command += ["--no-tls"]
        command += ["--port", str(self.port), "--no-service", "admin", "--no-service", "managesieve"]
        command += ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers, 30, "the IMAP server")

    def stop(self) -> None:
        """Go away: connections break, new ones are refused."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = self._own = None

    def client(self) -> imaplib.IMAP4:
        """A connection of the standard library's, signed in."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        # The two pieces of a mail that is put would wait for each other.
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._certificate:
            client.starttls(ssl.create_default_context(cafile=str(self._certificate)))
        client.login(USER, PASSWORD)
        return client

    def _session(self) -> imaplib.IMAP4:
        """A connection that stays: signing in takes the server half a second."""
        self._own = self._own or self.client()
        return self._own

    def put(self, *mails: EmailMessage | bytes, folder: str = "INBOX", at: dt.datetime | None = None) -> None:
        """Let mails arrive."""
        client = self._session()
        if folder != "INBOX":
            client.create(folder)
        for mail in mails:
            raw = mail if isinstance(mail, bytes) else mail.as_bytes()
            when = imaplib.Time2Internaldate(at or dt.datetime.now(dt.UTC))
            answer, said = client.append(folder, "", when, raw)
            assert answer == "OK", said

    def unread(self, folder: str = "INBOX") -> int:
        """Return how many mails a mail program would show as unread."""
        client = self._session()
        client.select(folder, readonly=True)
        return len(client.search(None, "UNSEEN")[1][0].split())

    def clear(self) -> None:
        """Delete all mails; their UIDs are not used again."""
        client = self._session()
        for folder in ("INBOX", "Sent"):
            if client.select(folder)[0] == "OK":
                client.store("1:*", "+FLAGS", "\\Deleted")
                client.expunge()
                client.close()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False


def mail(
    subject: str = "A question",
    body: str = "Do you repair old bicycles?",
    *,
    sender: str = "Basil Hedge <basil@example.org>",
    to: str = "info@shop.example",
    **headers: str,
) -> EmailMessage:
    """A mail as a client's program writes it; ``headers`` by name, with _ for -."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Date"] = format_datetime(dt.datetime.now(dt.UTC))
    made["Message-ID"] = make_msgid(domain="example.org")
    for name, value in headers.items():
        header = name.replace("_", "-")
        del made[header]
        made[header] = value
    made.set_content(body)
    return made


@pytest.fixture(scope="session")
def one_imap() -> Iterator[ImapServer]:
    """Started at its first use, once per process of the run."""
    server = ImapServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def imap(one_imap: ImapServer) -> Iterator[ImapServer]:
    """The server without a mail."""
    if not one_imap.runs:
        one_imap.start()
    yield one_imap
    if one_imap.runs:
        one_imap.clear()
