"""To other programs: one signed POST each, for connected messengers and for webhooks.

The message says everything: `url` is where it goes, `text` the JSON body, `headers` its signature.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from app.channels.base import Message, Sender
from app.errors import AddressGone, PermanentSendError, TemporarySendError

TIMEOUT_SECONDS = (5, 15)
LATER = frozenset({408, 425, 429})
GONE = 410


class PostChannel:
    """A channel of this name; ``called`` is who is asked, in the words of a delivery's error."""

    def __init__(self, name: str, called: str) -> None:
        self.name = name
        self._called = called

    @contextmanager
    def open(self) -> Iterator[Sender]:
        """A sender over one session of connections."""
        with requests.Session() as session:
            yield PostSender(session, self._called)


class PostSender:
    """Sends over one HTTP session."""

    def __init__(self, session: requests.Session, called: str) -> None:
        self._session = session
        self._called = called

    def send(self, address: str, message: Message) -> str | None:
        """Hand a message over; any 2xx means that it was taken. Redirects are not followed."""
        headers = {"Content-Type": "application/json", **message.headers}
        try:
            answer = self._session.post(
                message.url,
                data=message.text.encode(),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                # What it answers is not read: it could be endless.
                stream=True,
            )
        except requests.RequestException as error:
            raise TemporarySendError(f"{self._called} does not answer ({type(error).__name__})") from None
        with answer:
            if 200 <= answer.status_code < 300:
                return None
            if answer.status_code >= 500 or answer.status_code in LATER:
                wait = answer.headers.get("Retry-After", "")
                seconds = min(int(wait), 3600) if wait.isascii() and wait.isdigit() and len(wait) < 9 else None
                raise TemporarySendError(f"{self._called} answered {answer.status_code}", retry_after_seconds=seconds)
            refused = AddressGone if answer.status_code == GONE else PermanentSendError
            raise refused(f"{self._called} refused it with {answer.status_code}")
