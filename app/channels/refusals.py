"""What a mail server's answer means for the delivery: try later, give up, or forget the address."""

from __future__ import annotations

import re
import smtplib
import ssl
from enum import StrEnum

from app.errors import AddressGone, PermanentSendError, SendError, TemporarySendError


class Stage(StrEnum):
    """The command that was answered; the same code means different things after each."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


SERVICE_CLOSING = 421
MESSAGE_TOO_LARGE = 552
# RFC 5321, section 4.2.3: mailbox unavailable, not local, name not allowed.
UNKNOWN_MAILBOX = frozenset({550, 551, 553})
# RFC 3463, sections 3.2 and 3.3: no such mailbox, no such host, bad syntax, moved, null MX (RFC 7505), disabled.
GONE_STATUSES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})

_STATUS = re.compile(r"\b([45]\.\d{1,3}\.\d{1,3})\b")
# Servers without RFC 3463 codes also use 550 for "not from you"; an address must not be given up for that.
_ABOUT_US = re.compile(
    r"relay|rcpthosts|spam|blocked|blacklist|policy|denied|authenticat|sender|spf|dkim|dmarc", re.IGNORECASE
)
_ADDRESS = re.compile(r"<?[^\s<>:;,]+@[^\s<>:;,]+>?")
_REASON_LENGTH = 200


def refusal(stage: Stage, code: int, answer: bytes | str) -> SendError:
    """The error for a 4xx or 5xx ``answer`` to the command of ``stage``."""
    said = readable(answer)
    reason = f"The mail server answered {code} {said}".strip()
    if code == SERVICE_CLOSING:
        return TemporarySendError(reason, connection_lost=True)
    if stage is Stage.SENDER and code != MESSAGE_TOO_LARGE:
        # Our own address or log-in is refused: true for every mail of the batch, and an admin can put it right.
        return TemporarySendError(f"Sender refused. {reason}", connection_lost=True)
    if code < 500:
        return TemporarySendError(reason)
    return AddressGone(reason) if _is_unknown_mailbox(stage, code, said) else PermanentSendError(reason)


def named(error: SendError, receiver: str) -> SendError:
    """The same error, of one of a mail's several receivers: it says whom, and does not give up the others' address."""
    reason = f"{receiver}: {error.reason}"
    if isinstance(error, TemporarySendError):
        return TemporarySendError(reason, connection_lost=error.connection_lost)
    return PermanentSendError(reason)


def lost_connection(server: str, error: Exception) -> TemporarySendError:
    """The error for a connection that could not be made or did not hold."""
    return TemporarySendError(f"Mail server {server}: {_why(error)}", connection_lost=True)


def readable(answer: bytes | str) -> str:
    """A server's answer in one line, without the addresses that servers like to repeat, at most 200 characters."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(_ADDRESS.sub("(address)", text).split())[:_REASON_LENGTH]


def _is_unknown_mailbox(stage: Stage, code: int, said: str) -> bool:
    status = _STATUS.search(said)
    if status:
        return status[1] in GONE_STATUSES
    return stage is Stage.RECIPIENT and code in UNKNOWN_MAILBOX and not _ABOUT_US.search(said)


def _why(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({error.verify_message})"
        case smtplib.SMTPAuthenticationError():
            return f"user name or password refused ({error.smtp_code} {readable(error.smtp_error)})"
        case smtplib.SMTPNotSupportedError():
            return f"it does not offer what the settings ask for ({readable(str(error))})"
        case smtplib.SMTPResponseException():
            return f"it answered {error.smtp_code} {readable(error.smtp_error)}"
        case TimeoutError():
            return "no answer in time"
        case smtplib.SMTPServerDisconnected():
            return "no answer in time" if "timed out" in str(error) else "it closed the connection"
        case ConnectionRefusedError():
            return "connection refused"
        case _:
            return readable(str(error)) or type(error).__name__
