"""An IMAP server that costs next to nothing (RFC 9051, what reading needs of it): one mailbox, made at its start.

Servers for tests need longer for an answer the more mails there are, and would be what is measured. Started with the
number of mails and the time that an answer needs to get here, in milliseconds; says its port once the mails are made.
Whoever reads it, reads the same bytes.
"""

from __future__ import annotations

import datetime as dt
import re
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime

_WORDS = "We would like to know when the bicycles are ready and what the new lamps cost with fitting. " * 8
_COMMAND = re.compile(rb"(\S+) (?:UID )?(\w+) ?(.*)")
_SET = re.compile(rb"(\d+)(?::(\d+|\*))?")
_NOW = dt.datetime.now(dt.UTC)
_AT = _NOW.strftime("%d-%b-%Y %H:%M:%S +0000").encode()


def mails(number_of: int) -> Iterator[bytes]:
    """Threads of three by a thousand clients, every second one with HTML beside its text."""
    shapes = [_shape(html=html) for html in (False, True)]
    for number in range(number_of):
        raw = shapes[number % 2].replace(b"@client@", b"%d" % (number % 997)).replace(b"@number@", b"%d" % number)
        before = b"In-Reply-To: <m%d@example.org>\r\n" % (number - number % 3) if number % 3 else b""
        yield before + raw


def _shape(*, html: bool) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "Client @client@ <client@client@@example.org>", "info@shop.example"
    mail["Subject"], mail["Message-ID"] = "Question @number@", "<m@number@@example.org>"
    mail["Date"] = format_datetime(_NOW)
    mail.set_content(_WORDS)
    if html:
        mail.add_alternative(f"<p>{_WORDS}</p><table><tr><td>@number@</td></tr></table>", subtype="html")
    return mail.as_bytes().replace(b"\n", b"\r\n")


class Server(socketserver.ThreadingTCPServer):
    """Its clients are threads. ``kept`` are the mails: their places are their UIDs."""

    daemon_threads = True

    def __init__(self, kept: list[bytes], away_seconds: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.kept, self.away_seconds = kept, away_seconds
        self.port = int(self.server_address[1])


@contextmanager
def serving(kept: list[bytes]) -> Iterator[Server]:
    """Serve these mails, and what is added to them."""
    with Server(kept) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Conversation(socketserver.StreamRequestHandler):
    """One client."""

    server: Server
    # Two writes for an answer would wait for each other, 40 ms a mail.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer until the client says good-bye."""
        self._say(b"* OK ready")
        while line := self.rfile.readline():
            found = _COMMAND.match(line.strip())
            if found is None:
                self._say(b"* BAD what")
                continue
            tag, name, rest = found[1], found[2].upper(), found[3]
            answers = getattr(self, f"_{name.decode().lower()}", None)
            said = b"".join(answers(rest)) if answers is not None else b""
            if self.server.away_seconds:
                time.sleep(self.server.away_seconds)
            self._say(said + tag + b" OK done")
            if name == b"LOGOUT":
                return

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def _capability(self, _rest: bytes) -> Iterator[bytes]:
        yield b"* CAPABILITY IMAP4rev1 LITERAL+\r\n"

    def _logout(self, _rest: bytes) -> Iterator[bytes]:
        yield b"* BYE\r\n"

    def _examine(self, _rest: bytes) -> Iterator[bytes]:
        number = len(self.server.kept)
        yield b"* FLAGS ()\r\n* %d EXISTS\r\n* 0 RECENT\r\n" % number
        yield b"* OK [UIDVALIDITY 1] valid\r\n* OK [UIDNEXT %d] next\r\n" % (number + 1)

    def _search(self, rest: bytes) -> Iterator[bytes]:
        asked = re.search(rb"UID (\S+)", rest)
        uids = self._uids(asked[1]) if asked else range(1, len(self.server.kept) + 1)
        yield b"* SEARCH " + b" ".join(b"%d" % uid for uid in uids) + b"\r\n"

    def _fetch(self, rest: bytes) -> Iterator[bytes]:
        asked, what = rest.split(b" ", 1)
        for uid in self._uids(asked):
            raw = self.server.kept[uid - 1]
            if b"BODY.PEEK[]" in what:
                yield b"* %d FETCH (UID %d BODY[] {%d}\r\n" % (uid, uid, len(raw))
                yield raw
                yield b")\r\n"
            else:
                yield b'* %d FETCH (UID %d RFC822.SIZE %d INTERNALDATE "%s")\r\n' % (uid, uid, len(raw), _AT)

    def _uids(self, asked: bytes) -> list[int]:
        last = len(self.server.kept)
        made: list[int] = []
        for found in _SET.finditer(asked):
            low = int(found[1])
            high = last if found[2] == b"*" else int(found[2] or low)
            made += range(low, min(high, last) + 1)
        return made


def main(number_of: int, away_milliseconds: float) -> None:
    """Make the mails, say the port, and serve until killed."""
    with Server(list(mails(number_of)), away_milliseconds / 1000) as server:
        print(server.port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
