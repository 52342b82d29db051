"""All mailboxes in one process: a thread each, which waits for news; this one takes and keeps their leases.

Threads talk to their servers nearly all the time: the few that have something to write share the database's pool.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask
from imapclient import IMAPClient
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.integrations import mailbox, mailbox_sent
from app.integrations.mailbox_connection import MailboxProblem, connected
from app.models.mailboxes import Mailbox
from app.services.mails import mailbox_health, mailbox_leases, sent_copies
from app.services.mails.mailbox_health import Problem
from app.services.mails.mailboxes import Account, account_of
from app.transaction import transaction

log = logging.getLogger(__name__)

TICK_SECONDS = 2.0
RENEW_SECONDS = 10.0
MOST_MAILBOXES = 500
# How soon a thread sees that it has to stop.
SLICE_SECONDS = 3.0
# Servers end an IDLE after 30 minutes, routers forget connections sooner.
IDLE_SECONDS = 240.0
# What comes while others are read, a server may have told between two answers: it is looked for once more.
SOON_SECONDS = 5.0
# A server without IDLE is asked again so often, as is the folder of what was sent.
POLL_SECONDS = 60.0
# Threads that fetch mails at the same moment: each holds up to two batches in memory.
READERS = 8
# … and of those that write; the pool has five connections. A slow server holds up no other mailbox's news by that.
WRITERS = 3


@dataclass(slots=True)
class Watched:
    """One mailbox that this process reads."""

    # Of the settings, as they were before they were read.
    version: dt.datetime
    stop: threading.Event = field(default_factory=threading.Event)
    # Something was sent that has to be put into its folder.
    has_copies: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class MailboxWatch:
    """Reads mailboxes until it is told to stop. ``run`` belongs into a thread of its own."""

    def __init__(self, app: Flask, stop: threading.Event) -> None:
        self._app, self._stop = app, stop
        self.me = f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._watched: dict[int, Watched] = {}
        self._reading = threading.BoundedSemaphore(READERS)
        self._writing = threading.BoundedSemaphore(WRITERS)

    def run(self) -> None:
        """Take mailboxes that nobody reads, keep those that are ours, let go of those that were changed."""
        renewed = 0.0
        while not self._stop.is_set():
            try:
                with self._app.app_context():
                    if time.monotonic() - renewed >= RENEW_SECONDS:
                        self._renew()
                        renewed = time.monotonic()
                    self._claim()
                    self._look_for_copies()
            except SQLAlchemyError as error:
                log.warning("mailboxes cannot be looked after now: %s", type(error).__name__)
            except Exception:  # whatever it is, mailboxes must be looked after in two seconds again
                log.exception("mailboxes cannot be looked after now")
            self._stop.wait(TICK_SECONDS)
        for one in self._watched.values():
            one.stop.set()
        for one in list(self._watched.values()):
            if one.thread is not None:
                one.thread.join(timeout=SLICE_SECONDS * 3)

    def _renew(self) -> None:
        self._forget_ended()
        if not self._watched:
            return
        with transaction():
            ours = mailbox_leases.renew(self.me, [*self._watched])
        for mailbox_id, one in self._watched.items():
            # None: no longer ours. What was changed while its thread began counts as well.
            if ours.get(mailbox_id) != one.version:
                one.stop.set()

    def _forget_ended(self) -> None:
        for mailbox_id, one in [*self._watched.items()]:
            if one.thread is not None and not one.thread.is_alive():
                del self._watched[mailbox_id]

    def _claim(self) -> None:
        self._forget_ended()
        room = MOST_MAILBOXES - len(self._watched)
        if room <= 0:
            return
        with transaction():
            claimed = mailbox_leases.claim(self.me, [*self._watched], room)
        for mailbox_id, version in claimed.items():
            one = self._watched[mailbox_id] = Watched(version)
            one.thread = threading.Thread(target=self._watch, args=(mailbox_id, one), name=f"mailbox-{mailbox_id}")
            one.thread.daemon = True
            one.thread.start()

    def _look_for_copies(self) -> None:
        if self._watched:
            for mailbox_id in sent_copies.waiting(self._watched):
                self._watched[mailbox_id].has_copies.set()
            db.session.rollback()

    def _watch(self, mailbox_id: int, one: Watched) -> None:
        with self._app.app_context():
            try:
                self._read_and_wait(mailbox_id, one)
            except MailboxProblem as error:
                log.warning("mailbox %s: %s", mailbox_id, error)
                problem = error.problem
                self._note(lambda: mailbox_health.failed(mailbox_id, problem))
            except mailbox_leases.LeaseLost:
                log.info("mailbox %s is read by another process", mailbox_id)
            except SQLAlchemyError as error:
                log.warning("mailbox %s: what was read could not be stored: %s", mailbox_id, type(error).__name__)
            except Exception as error:
                log.exception("mailbox %s could not be read", mailbox_id)
                broken = Problem("imap_host", f"Reading failed ({type(error).__name__})", "It is tried again by itself")
                self._note(lambda: mailbox_health.failed(mailbox_id, broken))
            finally:
                self._note(lambda: self._release(mailbox_id))
                db.session.remove()

    def _read_and_wait(self, mailbox_id: int, one: Watched) -> None:
        account = self._account(mailbox_id)
        if account is None:
            return
        quiet = False
        with connected(account) as client:
            while not one.stop.is_set() and not self._stop.is_set():
                with self._reading:
                    one.has_copies.clear()
                    mailbox_sent.put_due(client, account, self.me, self._writing)
                    count = mailbox.read_new(client, account, self.me, self._writing)
                with self._writing:
                    mailbox_health.worked(mailbox_id)
                    db.session.remove()
                if count:
                    quiet = False
                    continue
                self._wait(client, one, account, IDLE_SECONDS if quiet else SOON_SECONDS)
                quiet = True

    def _wait(self, client: IMAPClient, one: Watched, account: Account, seconds: float) -> None:
        """Until the inbox changes, or it is time to look anyway."""
        until = time.monotonic() + seconds
        if account.sent_folder or not mailbox.can_idle(client):
            until = min(until, time.monotonic() + POLL_SECONDS)
        if not mailbox.can_idle(client):
            while time.monotonic() < until and not one.stop.wait(SLICE_SECONDS) and not self._interrupted(one):
                pass
            return
        mailbox.wait_for_news(client, until, lambda: self._interrupted(one), SLICE_SECONDS)

    def _interrupted(self, one: Watched) -> bool:
        return one.stop.is_set() or one.has_copies.is_set() or self._stop.is_set()

    def _account(self, mailbox_id: int) -> Account | None:
        try:
            found = db.session.get(Mailbox, mailbox_id)
            return account_of(found) if found is not None else None
        except LookupError:
            what = "The password cannot be decrypted: ENCRYPTION_KEY was changed"
            cure = "Enter the password again"
            raise MailboxProblem(Problem("password", what, cure, lasting=True)) from None
        finally:
            db.session.remove()

    def _release(self, mailbox_id: int) -> None:
        with transaction():
            mailbox_leases.release(self.me, mailbox_id)

    def _note(self, write: Callable[[], None]) -> None:
        """Write what must be written also where the last transaction failed."""
        db.session.rollback()
        try:
            write()
        except SQLAlchemyError as error:
            log.warning("it could not be noted: %s", type(error).__name__)
