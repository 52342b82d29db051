"""To whom a mail goes that is written here: one or several people, and others who get a copy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.errors import UserError
from app.models.mailboxes import Mail
from app.services import fields

MOST_RECEIVERS = 20

_QUOTED = re.compile(r'"[^"]*"')
_BETWEEN = re.compile(r"[,;\n]+")
# A name is anything, also brackets and other addresses: what counts is in the last angle brackets.
_NAMED = re.compile(r".*<([^<>]*)>", re.DOTALL)
# How many more people a line names that was cut.
_MORE = re.compile(r" \+\d+$")
# What came by mail, or was stored here, is asked for less than what somebody types.
_PLAIN = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+")


@dataclass(frozen=True, slots=True)
class Receivers:
    """Plain addresses, each once."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether more than one person gets it."""
        return len(self.to) + len(self.cc) > 1

    @property
    def to_line(self) -> str:
        """As it is stored, shown and put into a form."""
        return ", ".join(self.to)

    @property
    def cc_line(self) -> str:
        """As it is stored, shown and put into a form."""
        return ", ".join(self.cc)


def typed(to: object, cc: object) -> Receivers:
    """Return what somebody typed, `Name <a@example.com>, b@example.com`. Raises UserError on ``to``, ``cc``."""
    return checked(_typed(to, "to"), cc)


def checked(to: Sequence[str], cc: object) -> Receivers:
    """Like :func:`typed`, to addresses that are known. Raises UserError on ``to``, ``cc``."""
    if not to:
        raise UserError("required", "Whom is it for?", "to")
    found = Receivers(tuple(to), _without(_typed(cc, "cc"), to))
    if len(found.to) + len(found.cc) > MOST_RECEIVERS:
        field = "to" if len(found.to) > MOST_RECEIVERS else "cc"
        raise UserError("too_many", f"At most {MOST_RECEIVERS} people get one mail", field)
    return found


def of(mail: Mail) -> Receivers:
    """Return to whom a mail that was written here goes."""
    return Receivers(_in(mail.to_line), _in(mail.cc_line))


def of_answer(mail: Mail) -> Receivers:
    """Return to whom an answer goes: who wrote the mail, and with a copy everybody else who got it.

    An answer to one's own mail goes where that went.
    """
    if mail.direction == "outgoing":
        return of(mail)
    to = _plain([mail.reply_to or mail.from_address])
    others = [*_in(mail.to_line), *_in(mail.cc_line)]
    return Receivers(to, _without(others, [*to, mail.mailbox.address, mail.from_address])[: MOST_RECEIVERS - len(to)])


def _typed(value: object, field: str) -> tuple[str, ...]:
    if value is not None and not isinstance(value, str):
        raise UserError("invalid", "Write the addresses as one text", field)
    # A name in quotes may hold what stands between addresses.
    parts = [part.strip() for part in _BETWEEN.split(_QUOTED.sub("", value or ""))]
    return _without((_address(part, field) for part in parts if part), ())


def _address(part: str, field: str) -> str:
    try:
        found = fields.email(_bare(part), field)
    except UserError as error:
        raise UserError(error.code, f"“{part[:60]}” is no address like name@example.com", field) from error
    if found is None:
        raise UserError("invalid", f"“{part[:60]}” is no address like name@example.com", field)
    return found


def _in(line: str) -> tuple[str, ...]:
    """The addresses of a line as people read it: `Name <a@example.com>, b@example.com +3`."""
    return _plain(map(_bare, _MORE.sub("", line).split(", ")))


def _bare(part: str) -> str:
    named = _NAMED.fullmatch(part)
    return named[1].strip() if named else part


def _plain(addresses: Iterable[str]) -> tuple[str, ...]:
    """Those that are addresses, not pieces of a name."""
    return _without((one for one in addresses if _PLAIN.fullmatch(one)), ())


def _without(addresses: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """Each once, whatever its letters' case, and none of the others."""
    known = {one.lower() for one in others} | {""}
    kept = []
    for one in addresses:
        if one.lower() not in known:
            known.add(one.lower())
            kept.append(one)
    return tuple(kept)
