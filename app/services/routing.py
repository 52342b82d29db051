"""Which channel, and when: a pure decision. No database, no clock, no Flask.

Called twice: when the event is written, and again just before something is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.catalogue import OFF, ON, Channel, Kind, Mail, Rule
from app.services.settings.quiet import Hold

MAIL_IF_UNREAD_AFTER_SECONDS = 15 * 60
# While somebody is active in a browser, devices in the pocket wait: reading it there cancels them.
WHILE_ACTIVE_SECONDS = 60
# …and so does the browser's own push, until the open tab has had the time to show its popup and say so.
POPUP_SHOWN_WITHIN_SECONDS = 5


class Outcome(StrEnum):
    """What a channel does with the news. From ``preference_off`` on it is a no, and every no has a name."""

    POPUP = "popup"
    POPUP_AND_PUSH = "push"
    SEND = "send"
    IF_UNREAD = "if_unread"
    DIGEST = "digest"
    HELD = "held"
    HELD_FOR_DIGEST = "held_for_digest"
    PREFERENCE_OFF = "preference_off"
    RECEIVE_OFF = "receive_off"
    NO_ADDRESS = "no_address"
    ADDRESS_PAUSED = "address_paused"
    NOT_FOR_ROLE = "not_for_role"
    NO_CELL = "no_cell"
    QUIET = "quiet_hours"
    SILENT = "silent"


SENT_OUTCOMES = frozenset({Outcome.SEND, Outcome.IF_UNREAD, Outcome.POPUP_AND_PUSH})
POPUP_OUTCOMES = frozenset({Outcome.POPUP, Outcome.POPUP_AND_PUSH})
DIGEST_OUTCOMES = frozenset({Outcome.DIGEST, Outcome.HELD_FOR_DIGEST})


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides for one person. Many people share the same facts, so decisions are made once per value.

    ``active``: in a browser right now. ``held``: by quiet hours or *do not disturb*.
    """

    rule: Rule
    role: str
    receive: bool
    own_cells: tuple[tuple[str, str], ...]
    has_email: bool
    email_paused: bool = False
    has_browser: bool = False
    has_mobile: bool = False
    has_telegram: bool = False
    active: bool = False
    held: Hold | None = None


@dataclass(frozen=True, slots=True)
class AccountDefault:
    """What the account's admins set for one cell. ``required_by`` names who made it mandatory."""

    value: str
    mandatory: bool
    required_by: str = ""


# (role, channel) → what the admins changed for the row in question
AccountDefaults = Mapping[tuple[str, str], AccountDefault]


@dataclass(frozen=True, slots=True)
class Decision:
    """One channel's outcome; ``delay_seconds`` is how long it waits for being read first."""

    channel: Channel
    outcome: Outcome
    delay_seconds: int = 0

    @property
    def leaves_the_house(self) -> bool:
        """Tell whether a delivery is written for it."""
        return self.outcome in SENT_OUTCOMES

    @property
    def is_held(self) -> bool:
        """Tell whether it becomes part of a brief."""
        return self.outcome is Outcome.HELD


@dataclass(frozen=True, slots=True)
class Cell:
    """What counts for one cell of the matrix. ``value`` is None where the cell is hidden from the role."""

    value: str | None
    mandatory: bool = False
    required_by: str = ""


def choose_channels(kind: Kind, facts: Facts, account: AccountDefaults) -> tuple[Decision, ...]:
    """Decide every channel for one person and one kind of news, in the order of :class:`Channel`."""
    return tuple(_decide(kind, facts, account, channel) for channel in Channel)


def cell(kind: Kind, facts: Facts, account: AccountDefaults, channel: Channel) -> Cell:
    """Return the cell that counts.

    Mandatory beats the person's own choice, which beats the account's default, which beats the catalogue's.
    """
    built_in = kind.defaults[facts.rule].get(facts.role)
    if built_in is None:
        return Cell(None)
    default = built_in.get(channel.value, ON)
    set_by_admins = account.get((facts.role, channel.value))
    if set_by_admins is not None and set_by_admins.mandatory:
        return Cell(set_by_admins.value, True, set_by_admins.required_by)
    if facts.role in kind.mandatory and default != OFF:
        return Cell(default, True)
    own = dict(facts.own_cells).get(channel.value)
    if own is not None:
        return Cell(own)
    return Cell(set_by_admins.value if set_by_admins is not None else default)


def _decide(kind: Kind, facts: Facts, account: AccountDefaults, channel: Channel) -> Decision:
    if channel not in kind.channels:
        return Decision(channel, Outcome.NO_CELL)
    found = cell(kind, facts, account, channel)
    if found.value is None:
        return Decision(channel, Outcome.NOT_FOR_ROLE)
    if found.value == OFF or (found.value == Mail.DIGEST and not kind.digestible):
        return Decision(channel, Outcome.PREFERENCE_OFF)
    if not facts.receive and not found.mandatory:
        return Decision(channel, Outcome.RECEIVE_OFF)
    hold = None if kind.urgent else facts.held
    active = facts.active and not kind.urgent
    if channel is Channel.EMAIL:
        return _mail(found.value, facts, hold)
    if channel is Channel.BROWSER:
        return _browser(facts, hold, active)
    has_address = facts.has_mobile if channel is Channel.MOBILE else facts.has_telegram
    if not has_address:
        return Decision(channel, Outcome.NO_ADDRESS)
    if hold is not None:
        return Decision(channel, Outcome.HELD)
    return Decision(channel, Outcome.SEND, WHILE_ACTIVE_SECONDS if active else 0)


def _browser(facts: Facts, hold: Hold | None, active: bool) -> Decision:
    if hold is not None:
        # Without a device to send a brief to, it waits in the center.
        return Decision(Channel.BROWSER, Outcome.HELD if facts.has_browser else Outcome.QUIET)
    if not facts.has_browser:
        return Decision(Channel.BROWSER, Outcome.POPUP)
    return Decision(Channel.BROWSER, Outcome.POPUP_AND_PUSH, POPUP_SHOWN_WITHIN_SECONDS if active else 0)


def _mail(value: str, facts: Facts, hold: Hold | None) -> Decision:
    if not facts.has_email:
        return Decision(Channel.EMAIL, Outcome.NO_ADDRESS)
    if facts.email_paused:
        return Decision(Channel.EMAIL, Outcome.ADDRESS_PAUSED)
    if value == Mail.DIGEST:
        return Decision(Channel.EMAIL, Outcome.DIGEST)
    if hold is not None:
        return Decision(Channel.EMAIL, Outcome.HELD_FOR_DIGEST if hold.digest_first else Outcome.HELD)
    if value == Mail.UNREAD:
        return Decision(Channel.EMAIL, Outcome.IF_UNREAD, MAIL_IF_UNREAD_AFTER_SECONDS)
    return Decision(Channel.EMAIL, Outcome.SEND)
