"""What a mail server's answer means. One table: an address given up wrongly is the worst of mistakes here."""

from __future__ import annotations

import pytest

from app.channels.refusals import Stage, readable, refusal
from app.errors import AddressGone, PermanentSendError, SendError, TemporarySendError


@pytest.mark.parametrize(
    ("stage", "code", "answer", "expected"),
    [
        (Stage.RECIPIENT, 550, "5.1.1 user unknown", AddressGone),
        (Stage.RECIPIENT, 550, "No such user here", AddressGone),
        (Stage.RECIPIENT, 551, "User not local", AddressGone),
        (Stage.RECIPIENT, 553, "mailbox name not allowed", AddressGone),
        (Stage.RECIPIENT, 550, "5.2.1 mailbox disabled", AddressGone),
        (Stage.RECIPIENT, 556, "5.1.10 recipient has a null MX", AddressGone),
        (Stage.CONTENT, 550, "5.1.1 user unknown", AddressGone),
        (Stage.RECIPIENT, 550, "relay not permitted", PermanentSendError),
        (Stage.RECIPIENT, 550, "5.7.1 blocked by policy", PermanentSendError),
        (Stage.RECIPIENT, 553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", PermanentSendError),
        (Stage.RECIPIENT, 553, "5.7.1 sender address rejected: not owned by user", PermanentSendError),
        (Stage.RECIPIENT, 552, "5.2.2 mailbox full", PermanentSendError),
        (Stage.RECIPIENT, 452, "4.2.2 mailbox full", TemporarySendError),
        (Stage.CONTENT, 550, "message content rejected", PermanentSendError),
        (Stage.CONTENT, 554, "transaction failed", PermanentSendError),
        (Stage.SENDER, 552, "5.3.4 message too big", PermanentSendError),
        (Stage.SENDER, 550, "sender rejected", TemporarySendError),
        (Stage.RECIPIENT, 421, "closing", TemporarySendError),
    ],
)
def test_an_answer_says_what_to_do_next(stage: Stage, code: int, answer: str, expected: type[SendError]) -> None:
    assert type(refusal(stage, code, answer)) is expected


@pytest.mark.parametrize(
    ("stage", "code", "lost"),
    [
        (Stage.RECIPIENT, 421, True),
        (Stage.SENDER, 451, True),
        (Stage.RECIPIENT, 451, False),
        (Stage.CONTENT, 451, False),
    ],
)
def test_only_what_concerns_every_mail_stops_the_batch(stage: Stage, code: int, lost: bool) -> None:
    error = refusal(stage, code, "busy")
    assert isinstance(error, TemporarySendError)
    assert error.connection_lost is lost


def test_an_answer_is_shown_in_one_line_without_addresses() -> None:
    assert readable(b"5.1.1 <rowan@example.com>:\n no\xff such user") == "5.1.1 (address): no\ufffd such user"
    assert len(readable("x" * 5000)) == 200
