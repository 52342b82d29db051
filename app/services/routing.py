"""Which channel, and when: a pure decision. No database, no clock, no Flask.

Called twice: when the event is written, and again just before something is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.catalogue import OFF, ON, Channel, Kind, Mail, Rule

MAIL_IF_UNREAD_AFTER_SECONDS = 15 * 60


class Outcome(StrEnum):
    """What a channel does with the news. Everything but the first four is a no, and every no has a name."""

    POPUP = "popup"
    SEND = "send"
    IF_UNREAD = "if_unread"
    DIGEST = "digest"
    PREFERENCE_OFF = "preference_off"
    RECEIVE_OFF = "receive_off"
    NO_ADDRESS = "no_address"
    NOT_FOR_ROLE = "not_for_role"


SENT_OUTCOMES = frozenset({Outcome.SEND, Outcome.IF_UNREAD})


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides for one person. Many people share the same facts, so decisions are made once per value."""

    rule: Rule
    role: str
    receive: bool
    own_cells: tuple[tuple[str, str], ...]
    has_email: bool


@dataclass(frozen=True, slots=True)
class AccountDefault:
    """What the account's admins set for one cell."""

    value: str
    mandatory: bool


# (role, channel) → what the admins changed for the row in question
AccountDefaults = Mapping[tuple[str, str], AccountDefault]


@dataclass(frozen=True, slots=True)
class Decision:
    """One channel's outcome; ``delay_seconds`` is how long a mail waits for being read first."""

    channel: Channel
    outcome: Outcome
    delay_seconds: int = 0

    @property
    def leaves_the_house(self) -> bool:
        """Tell whether a delivery is written for it."""
        return self.outcome in SENT_OUTCOMES


def choose_channels(kind: Kind, facts: Facts, account: AccountDefaults) -> tuple[Decision, ...]:
    """Decide every channel for one person and one kind of news, in the order of :class:`Channel`."""
    return tuple(_decide(kind, facts, account, channel) for channel in Channel)


def _decide(kind: Kind, facts: Facts, account: AccountDefaults, channel: Channel) -> Decision:
    value, mandatory = _cell(kind, facts, account, channel)
    if value is None:
        return Decision(channel, Outcome.NOT_FOR_ROLE)
    if value == OFF:
        return Decision(channel, Outcome.PREFERENCE_OFF)
    if not facts.receive and not mandatory:
        return Decision(channel, Outcome.RECEIVE_OFF)
    if channel is Channel.BROWSER:
        return Decision(channel, Outcome.POPUP)
    if channel is Channel.EMAIL:
        return _mail(value, facts)
    # Devices and Telegram have no address before somebody links one.
    return Decision(channel, Outcome.NO_ADDRESS)


def _mail(value: str, facts: Facts) -> Decision:
    if not facts.has_email:
        return Decision(Channel.EMAIL, Outcome.NO_ADDRESS)
    if value == Mail.DIGEST:
        return Decision(Channel.EMAIL, Outcome.DIGEST)
    if value == Mail.UNREAD:
        return Decision(Channel.EMAIL, Outcome.IF_UNREAD, MAIL_IF_UNREAD_AFTER_SECONDS)
    return Decision(Channel.EMAIL, Outcome.SEND)


def _cell(kind: Kind, facts: Facts, account: AccountDefaults, channel: Channel) -> tuple[str | None, bool]:
    """Return the cell's value (None: hidden from this role) and whether it is mandatory.

    Mandatory beats the person's own choice, which beats the account's default, which beats the catalogue's.
    """
    built_in = kind.defaults[facts.rule].get(facts.role)
    if built_in is None:
        return None, False
    set_by_admins = account.get((facts.role, channel.value))
    if set_by_admins is not None and set_by_admins.mandatory:
        return set_by_admins.value, True
    own = dict(facts.own_cells).get(channel.value)
    if own is not None:
        return own, False
    if set_by_admins is not None:
        return set_by_admins.value, False
    return built_in.get(channel.value, ON), False
