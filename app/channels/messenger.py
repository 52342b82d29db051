"""Answers to the clients of a connected messenger: one signed POST to the messenger's own address each.

The message says everything: `url` is where it goes, `text` the JSON body, `headers` its signature.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from app.channels.base import Message, Sender
from app.errors import PermanentSendError, TemporarySendError

TIMEOUT_SECONDS = (5, 15)
LATER = frozenset({408, 425, 429})


class MessengerChannel:
    """The channel API's way out."""

    name = "messenger"

    @contextmanager
    def open(self) -> Iterator[Sender]:
        """A sender over one session of connections."""
        with requests.Session() as session:
            yield MessengerSender(session)


class MessengerSender:
    """Sends over one HTTP session."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session

    def send(self, address: str, message: Message) -> str | None:
        """Hand a message to the messenger; any 2xx means that it took it. Redirects are not followed."""
        headers = {"Content-Type": "application/json", **message.headers}
        try:
            answer = self._session.post(
                message.url,
                data=message.text.encode(),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TemporarySendError(f"The messenger does not answer ({type(error).__name__})") from None
        if answer.ok and answer.status_code < 300:
            return None
        if answer.status_code >= 500 or answer.status_code in LATER:
            wait = answer.headers.get("Retry-After", "")
            seconds = min(int(wait), 3600) if wait.isdigit() else None
            raise TemporarySendError(f"The messenger answered {answer.status_code}", retry_after_seconds=seconds)
        raise PermanentSendError(f"The messenger refused it with {answer.status_code}")
