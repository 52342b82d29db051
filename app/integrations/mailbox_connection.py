"""Opening one mailbox by IMAP (RFC 9051), and what is told of one that cannot be opened or breaks off."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import current_app
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from app.channels import public_only
from app.models.mailboxes import Security
from app.services.mails.mailbox_health import Problem
from app.services.mails.mailboxes import Account

TIMEOUT = SocketTimeout(connect=10, read=60)


class MailboxProblem(Exception):
    """The mailbox cannot be read now; ``problem`` says at which field, and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


@contextmanager
def connected(account: Account) -> Iterator[IMAPClient]:
    """Open a mailbox. Raises MailboxProblem, also for what breaks while it is open."""
    client: IMAPClient | None = None
    try:
        client = _connect(account)
        _log_in(client, account)
        yield client
    except MailboxProblem:
        raise
    except (IMAPClientError, OSError) as error:
        raise MailboxProblem(_broken(account, error)) from error
    finally:
        if client is not None:
            with suppress(Exception):  # the peer may be gone: nothing to say good-bye to
                client.logout()
            with suppress(Exception):
                client.shutdown()


def _connect(account: Account) -> IMAPClient:
    test_mode = bool(current_app.config["FRONTDESK_TEST"])
    if not account.trusted and not test_mode and not public_only.resolves_public(account.host, account.port):
        cure = "Look at its spelling; internal hosts can be connected by an admin"
        raise MailboxProblem(Problem("imap_host", f"{account.host} is no host of the public internet", cure, True))
    tls = account.security == Security.TLS
    context = ssl.create_default_context()
    try:
        client = IMAPClient(
            account.host, account.port, ssl=tls, ssl_context=context if tls else None, timeout=TIMEOUT, use_uid=True
        )
    except (OSError, IMAPClientError) as error:
        raise MailboxProblem(_unreachable(account, error)) from error
    client.normalise_times = False
    peer = client.socket().getpeername()[0]
    if not account.trusted and not test_mode and not public_only.is_public(str(peer)):
        client.shutdown()
        cure = "Internal hosts can be connected by an admin"
        raise MailboxProblem(Problem("imap_host", f"{account.host} leads to an internal host", cure, True))
    if account.security == Security.STARTTLS:
        try:
            client.starttls(context)
        except (OSError, IMAPClientError) as error:
            with suppress(Exception):  # what failed may have closed it
                client.shutdown()
            raise MailboxProblem(_unreachable(account, error)) from error
    return client


def _log_in(client: IMAPClient, account: Account) -> None:
    try:
        client.login(account.username, account.password)
    except LoginError as error:
        cure = "Many providers need a password made for this program only (an app password), and IMAP switched on"
        what = f"{account.host} refuses user name or password ({_said(error)})"
        raise MailboxProblem(Problem("password", what, cure, lasting=True)) from error


def _unreachable(account: Account, error: Exception) -> Problem:
    where = f"{account.host}:{account.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        cure = "Use the name that the certificate is for, or have it renewed"
        return Problem("imap_host", f"The certificate of {account.host} is not valid", cure, lasting=True)
    if isinstance(error, ssl.SSLError):
        cure = "Choose STARTTLS (port 143), or the port for TLS (993)"
        return Problem("imap_security", f"{where} does not speak TLS", cure, lasting=True)
    if isinstance(error, socket.gaierror):
        return Problem("imap_host", f"The host {account.host} is not known", "Look at its spelling")
    if isinstance(error, ConnectionRefusedError):
        return Problem("imap_port", f"Nothing listens on {where}", "993 is usual for TLS, 143 for STARTTLS")
    if isinstance(error, TimeoutError):
        return Problem("imap_host", f"{where} does not answer", "Look at host and port, or at the firewall between")
    if isinstance(error, OSError):
        return Problem("imap_host", f"{where} cannot be reached ({_said(error)})", "Look at host and port")
    cure = "Choose TLS or no security, if the server offers no STARTTLS"
    return Problem("imap_security", f"{where} answers something else than expected ({_said(error)})", cure)


def _broken(account: Account, error: Exception) -> Problem:
    if isinstance(error, TimeoutError):
        return Problem("imap_host", f"{account.host} stopped answering", "It is tried again by itself")
    return Problem("imap_host", f"{account.host} broke off ({_said(error)})", "It is tried again by itself")


def _said(error: Exception) -> str:
    """What a server said, in one line; it may hold nothing that looks like a secret."""
    words = " ".join(str(error).replace("b'", "").strip("'").split())
    return "".join(char for char in words if char.isprintable())[:160] or type(error).__name__
