"""What an entry of the catalogue says: a kind of news, who is told, where, and the notation of SPEC 3's table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Channel(StrEnum):
    """Where news can reach a person. The center always shows it and is no choice."""

    BROWSER = "browser"
    MOBILE = "mobile"
    TELEGRAM = "telegram"
    EMAIL = "email"


class Mail(StrEnum):
    """What an email cell can say. Other channels' cells say "on" or "off"."""

    OFF = "off"
    NOW = "now"
    UNREAD = "unread"
    DIGEST = "digest"


ON, OFF = "on", "off"


class Rule(StrEnum):
    """Why somebody was told."""

    RESPONSIBLE = "responsible"
    AUTHOR = "author"
    ADMIN = "admin"
    # An admin, when little time is left.
    ADMIN_SOON = "admin_soon"
    CONCERNED = "concerned"
    MEMBER = "member"
    MENTIONED = "mentioned"
    GROUP = "group"
    MANAGER = "manager"
    SERVED = "served"
    RECIPIENT = "recipient"


class Audience(StrEnum):
    """Who is told; ``services/audience.py`` turns it into people."""

    RESPONSIBLE = "responsible"
    AUTHOR = "author"
    AUTHOR_AND_RESPONSIBLE = "author_and_responsible"
    ADMINS_AND_CONCERNED = "admins_and_concerned"
    MEMBERS = "members"


class Tab(StrEnum):
    """The tab of the center that shows a kind."""

    CHATS = "chats"
    CLIENTS = "clients"
    TASKS = "tasks"
    LEADS = "leads"
    SYSTEM = "system"


ROLES = ("admin", "manager", "staff", "free")

_LETTERS = {
    "P": (Channel.BROWSER, ON),
    "M": (Channel.MOBILE, ON),
    "T": (Channel.TELEGRAM, ON),
    "N": (Channel.EMAIL, Mail.NOW),
    "W": (Channel.EMAIL, Mail.UNREAD),
    "D": (Channel.EMAIL, Mail.DIGEST),
}

Cells = Mapping[str, str]
NOTHING: Cells = MappingProxyType({channel.value: OFF for channel in Channel})


def cells(letters: str | None) -> Cells | None:
    """Read SPEC 3's notation: "PMTN" → every channel's cell; "–" → center only; None → hidden from the role."""
    if letters is None:
        return None
    chosen = dict(NOTHING)
    for letter in letters.replace("–", ""):
        channel, value = _LETTERS[letter]
        chosen[channel.value] = str(value)
    return MappingProxyType(chosen)


def per_role(admin: str | None, manager: str | None, staff: str | None, free: str | None) -> Mapping[str, Cells | None]:
    """Read one line of SPEC 3's table of defaults."""
    return MappingProxyType(dict(zip(ROLES, map(cells, (admin, manager, staff, free)), strict=True)))


# What all roles receive alike.
PMTW, P = (per_role(letters, letters, letters, letters) for letters in ("PMTW", "P"))


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of news.

    ``defaults`` is keyed by the rule by which a person was found; ``mandatory`` are the roles for which the cells that
    are on by default cannot be switched off; ``channels`` are the cells that the row has. Urgent kinds, and only they,
    break through quiet hours. ``replaces`` are the tags whose unread notice about the same subject this one takes the
    place of, instead of counting up; ``tells_actor`` is for what a clock did. Silent kinds are already read in the
    center and go nowhere else.
    """

    tag: str
    row: str
    tab: Tab
    audience: Audience
    defaults: Mapping[Rule, Mapping[str, Cells | None]]
    icon: str
    urgent: bool = False
    mandatory: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset(Channel)
    digestible: bool = True
    tells_actor: bool = False
    silent: bool = False
    replaces: frozenset[str] = frozenset()

    def reaches_free(self, rule: Rule) -> bool:
        """Whether free users whom the rule finds hear of it at all."""
        return self.defaults.get(rule, {}).get("free") is not None
