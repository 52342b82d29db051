"""What a person wants to send, checked before anything is written. The same for sockets and REST."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import UserError

MAX_BODY = 10_000
MAX_FILES = 10
MAX_EMOJI = 16
LARGEST_ID = 2**31 - 1
LARGEST_BIG_ID = 2**63 - 1
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,64}")
# Characters that no text needs and that change how the rest of a page reads or is stored.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked message that is not sent yet."""

    client_id: str
    body: str
    reply_to: int | None = None
    file_ids: tuple[int, ...] = ()
    confirm_all: bool = False
    # In a client's chat: for colleagues only.
    note: bool = False


def read_draft(payload: Mapping[str, object]) -> Draft:
    """Read and check a message. Raises UserError naming the field."""
    client_id = payload.get("client_id")
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
        raise UserError("invalid", "1 to 64 characters without blanks are needed", "client_id", 400)
    file_ids = _file_ids(payload.get("file_ids"))
    confirm = payload.get("confirm_all", False)
    if not isinstance(confirm, bool):
        raise UserError("invalid", "true or false is needed", "confirm_all", 400)
    note = payload.get("note", False)
    if not isinstance(note, bool):
        raise UserError("invalid", "true or false is needed", "note", 400)
    reply_to = payload.get("reply_to")
    return Draft(
        client_id=client_id,
        body=checked_body(payload.get("body"), bool(file_ids)),
        reply_to=checked_id(reply_to, "reply_to", LARGEST_BIG_ID) if reply_to is not None else None,
        file_ids=file_ids,
        confirm_all=confirm,
        note=note,
    )


def checked_body(value: object, may_be_empty: bool) -> str:
    """Return the text with plain line breaks and without the blanks around it. Raises UserError on ``body``."""
    if value is None and may_be_empty:
        return ""
    if not isinstance(value, str):
        raise UserError("required" if value is None else "invalid", "A text is needed", "body", 422)
    body = value.replace("\r\n", "\n").replace("\r", "\n")
    try:
        body.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise UserError("invalid", "This character cannot be stored", "body") from None
    body = _CONTROL.sub("", body).strip()
    if not body and not may_be_empty:
        raise UserError("required", "Write something first", "body")
    if len(body) > MAX_BODY:
        raise UserError("too_long", f"At most {MAX_BODY} characters; this has {len(body)}", "body")
    return body


def checked_emoji(value: object) -> str:
    """Return one emoji. Raises UserError on ``emoji`` for words, markup and everything else."""
    if isinstance(value, str) and 0 < len(value) <= MAX_EMOJI and all(map(_may_be_emoji, value)):
        signs = {unicodedata.category(char) for char in value}
        if "So" in signs or "\u20e3" in value or ("\ufe0f" in value and signs & {"Sm", "Po", "Pd"}):
            return value
    raise UserError("invalid", "One emoji is needed", "emoji")


def checked_id(value: object, field: str, largest: int = LARGEST_ID) -> int:
    """Return a record's number. Raises UserError (400) for anything that can be none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= largest:
        raise UserError("invalid", "A number is needed", field, 400)
    return value


def checked_ids(value: object, field: str, most: int) -> tuple[int, ...]:
    """Return distinct numbers in the order given. Raises UserError (400)."""
    if not isinstance(value, list) or len(value) > most:
        raise UserError("invalid", f"A list of at most {most} numbers is needed", field, 400)
    return tuple(dict.fromkeys(checked_id(one, field) for one in value))


def _file_ids(value: object) -> tuple[int, ...]:
    return checked_ids(value, "file_ids", MAX_FILES) if value is not None else ()


def _may_be_emoji(char: str) -> bool:
    """Symbols, what joins and colours them, and the digits of keycaps."""
    if char.isascii():
        return char in "0123456789#*"
    return unicodedata.category(char) in ("So", "Sk", "Sm", "Mn", "Me", "Cf") or char in "‼⁉〰〽"
