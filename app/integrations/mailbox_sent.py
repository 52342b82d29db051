"""What was sent here, put into the mailbox's own folder of sent mails (RFC 6154): once, whatever is killed when.

The folder is asked for the Message-ID first: a copy whose note was lost, or that the provider made, is not made again.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.imapclient import SEEN, SENT

from app.integrations.mailbox import FREELY
from app.services.mails import sent_copies
from app.services.mails.mailboxes import Account

log = logging.getLogger(__name__)


def put_due(
    client: IMAPClient, account: Account, me: str | None = None, turn: AbstractContextManager[Any] = FREELY
) -> int:
    """Put what is due; return how many are there now. Leaves another folder selected. Raises LeaseLost.

    The database is only used inside ``turn``.
    """
    with turn:
        copies = sent_copies.due(account.mailbox_id) if account.copies_sent else []
    if not copies:
        return 0
    folder = account.sent_folder or client.find_special_folder(SENT)
    count = 0
    for copy in copies:
        done = folder is not None and _put(client, folder, copy)
        with turn:
            sent_copies.note(account.mailbox_id, copy.mail_id, done=done, me=me)
        count += done
    return count


def _put(client: IMAPClient, folder: str, copy: sent_copies.Copy) -> bool:
    try:
        client.select_folder(folder, readonly=True)
        if not client.search(["HEADER", "Message-ID", copy.message_id]):
            client.append(folder, copy.raw, flags=[SEEN], msg_time=copy.sent_at)
    except client.AbortError:
        raise
    except IMAPClientError as error:
        # Full, or not to be written to: the mail itself was sent, and reading goes on.
        log.warning("mail %s cannot be copied into %s: %s", copy.mail_id, folder, type(error).__name__)
        return False
    return True
