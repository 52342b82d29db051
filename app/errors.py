"""The one language for errors: what a person did wrong, and what a channel could not do."""

from __future__ import annotations

from typing import Any


class UserError(Exception):
    """Input or state that a person can correct.

    Screens show it at ``field``, the API answers it as problem JSON with ``status``, sockets as an error ack.
    """

    def __init__(self, code: str, message: str, field: str | None = None, status: int = 422) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.status = status

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return ``{"error": {"code", "message", "field"?}}``, the shape of PROTOCOL."""
        error = {"code": self.code, "message": self.message}
        if self.field:
            error["field"] = self.field
        return {"error": error}


class NotFound(UserError):
    """Missing, or not this person's to see: both look the same from outside."""

    def __init__(self, what: str = "Record") -> None:
        super().__init__("not_found", f"{what} not found", status=404)


class Forbidden(UserError):
    """The person's role may never do this."""

    def __init__(self, message: str = "You may not do this") -> None:
        super().__init__("forbidden", message, status=403)


class Conflict(UserError):
    """Somebody else was first, or the state does not allow it any more."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(code, message, field, status=409)


class TooMany(UserError):
    """More at once than one person may do; ``retry_after_seconds`` is when the next will be taken."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__("rate_limited", message, status=429)
        self.retry_after_seconds = retry_after_seconds

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return the error with the seconds to wait."""
        return {"error": {**super().as_json()["error"], "retry_after_seconds": self.retry_after_seconds}}


class SendError(Exception):
    """A channel could not deliver. ``reason`` is shown to people; it holds no secret, and no address but that of one
    receiver among several."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TemporarySendError(SendError):
    """Trying again later may work.

    ``connection_lost`` tells the batch to stop: the next message would fail in the same way.
    ``retry_after_seconds`` is the provider's own wish, when it gave one.
    """

    def __init__(self, reason: str, *, connection_lost: bool = False, retry_after_seconds: int | None = None) -> None:
        super().__init__(reason)
        self.connection_lost = connection_lost
        self.retry_after_seconds = retry_after_seconds


class PermanentSendError(SendError):
    """Trying again cannot work; the delivery is failed."""


class AddressGone(PermanentSendError):
    """The address no longer exists: it removes itself in the same transaction as the failed delivery."""


class NothingToTell(Exception):
    """What a delivery was about has been read or is gone since it was decided: it stays in. ``reason`` says why, as
    ``skip_reason`` does."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
