"""Flask-Mail made safe: verified TLS, timeouts, one connection per batch, errors that say what to do next."""

from __future__ import annotations

import smtplib
import ssl
from email.utils import parseaddr
from types import TracebackType
from typing import Self

import flask_mail
from flask import current_app

from app.channels.mime import MailMessage, mail_host
from app.channels.refusals import SERVICE_CLOSING, Stage, lost_connection, named, refusal
from app.errors import PermanentSendError

_OK = 250
_GO_AHEAD = 354


class FrontdeskMail(flask_mail.Mail):
    """Flask-Mail with our connection. Bound once, by ``app.channels.email.init_app``."""

    def connect(self) -> SmtpConnection:
        """One SMTP connection for many mails; used as a context manager."""
        return SmtpConnection(current_app.extensions["mail"])


class SmtpConnection(flask_mail.Connection):
    """Connects at the first mail, stays open for the batch, and comes back when the server closed it in between."""

    host: smtplib.SMTP | None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()

    def configure_host(self) -> smtplib.SMTP:
        """Connect, verify the certificate, log in; every step waits at most MAIL_TIMEOUT_SECONDS."""
        timeout = current_app.config["MAIL_TIMEOUT_SECONDS"]
        server, port, name = self.mail.server, self.mail.port, _hello_name()
        context = ssl.create_default_context()
        host = (
            smtplib.SMTP_SSL(server, port, local_hostname=name, timeout=timeout, context=context)
            if self.mail.use_ssl
            else smtplib.SMTP(server, port, local_hostname=name, timeout=timeout)
        )
        try:
            self._reached(host)
            if self.mail.use_tls:
                host.starttls(context=context)
            if self.mail.username and self.mail.password:
                host.login(self.mail.username, self.mail.password)
            host.ehlo_or_helo_if_needed()
        except Exception:
            host.close()
            raise
        return host

    def send(self, message: flask_mail.Message, envelope_from: str | tuple[str, str] | None = None) -> None:
        """Hand one mail over; returning means that the server took it for all who get it: one refused, it goes to none.

        The commands are given one by one, not by ``sendmail``: only so is it known which of them was answered.

        :raises SendError: as in ``app.channels.base.Sender``
        """
        raw = message.as_bytes()
        sender = parseaddr(str(envelope_from or message.sender))[1]
        receivers = [str(one) for one in (*message.recipients, *message.cc)]
        try:
            host = self._begin(sender, len(raw), needs_utf8=not all(map(str.isascii, (sender, *receivers))))
            for receiver in receivers:
                self._expect(Stage.RECIPIENT, host.rcpt(receiver), of_several=receiver if receivers[1:] else "")
            code, answer = host.docmd("data")
            if code != _GO_AHEAD:
                self._expect(Stage.CONTENT, (code, answer))
            self._expect(Stage.CONTENT, self._content(host, raw))
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise lost_connection(f"{self.mail.server}:{self.mail.port}", error) from error
        self.num_emails += 1
        flask_mail.email_dispatched.send(current_app._get_current_object(), message=message)  # type: ignore[attr-defined]

    def check(self, sender: str = "") -> None:
        """Connect, with TLS and log-in as configured, and ask whether ``sender`` may send; no mail follows.

        Without one it is the account's. Many servers take nothing from anybody but who has logged in.

        :raises TemporarySendError: the server cannot be reached, does not let us in or refuses the sender
        """
        asked = sender or parseaddr(str(current_app.config["MAIL_DEFAULT_SENDER"]))[1]
        try:
            self._reset(self._begin(asked, 1, needs_utf8=not asked.isascii()))
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise lost_connection(f"{self.mail.server}:{self.mail.port}", error) from error

    def _reached(self, host: smtplib.SMTP) -> None:
        """What must hold of whom was connected to, before anything is said; by raising SMTPException, OSError."""

    def _begin(self, sender: str, size: int, *, needs_utf8: bool) -> smtplib.SMTP:
        """MAIL FROM. Servers close idle connections and limit mails per connection: a used one gets a second chance.

        Repeating is safe here and only here: nothing of the mail has been handed over yet.
        """
        used = self.host is not None
        host = self.host = self.host or self.configure_host()
        if needs_utf8 and not host.has_extn("smtputf8"):
            raise PermanentSendError("The mail server knows no addresses with letters beyond ASCII")
        options = ["SMTPUTF8", "BODY=8BITMIME"] if needs_utf8 else []
        if host.has_extn("size"):
            options.append(f"SIZE={size}")
        try:
            code, answer = host.mail(sender, options)
        except (smtplib.SMTPServerDisconnected, OSError):
            if not used:
                raise
            code, answer = SERVICE_CLOSING, b""
        if code == SERVICE_CLOSING and used:
            self._drop()
            return self._begin(sender, size, needs_utf8=needs_utf8)
        self._expect(Stage.SENDER, (code, answer))
        return host

    def _expect(self, stage: Stage, reply: tuple[int, bytes], of_several: str = "") -> None:
        code, answer = reply
        if code in (_OK, 251):  # 251: not local, will forward
            return
        error = refusal(stage, code, answer)
        if code == SERVICE_CLOSING or self.host is None:
            self._drop()
        else:
            self._reset(self.host)
        raise named(error, of_several) if of_several else error

    def _reset(self, host: smtplib.SMTP) -> None:
        """Make the connection usable for the next mail. That it broke as well must not hide the refusal itself."""
        try:
            host.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    @staticmethod
    def _content(host: smtplib.SMTP, raw: bytes) -> tuple[int, bytes]:
        # As smtplib.SMTP.data() does, which would hide the answer to DATA itself in an exception.
        escaped = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in raw.split(b"\r\n"))
        host.send(escaped + (b"" if escaped.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return host.getreply()

    def _drop(self) -> None:
        host, self.host = self.host, None
        if host is not None:
            host.close()

    def _leave(self) -> None:
        host, self.host = self.host, None
        if host is not None:
            try:
                host.quit()
            except (smtplib.SMTPException, OSError):
                host.close()  # the peer is gone already: nothing to say good-bye to


def _hello_name() -> str:
    """Our name for EHLO. Without one smtplib asks the resolver, which can hang for many seconds."""
    host = mail_host()
    return f"[{host}]" if host.replace(".", "").isdigit() else host


__all__ = ["FrontdeskMail", "MailMessage", "SmtpConnection"]
