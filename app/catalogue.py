"""The event catalogue (SPEC 3): one entry per kind of news, and what each role receives by default.

To add a kind: an entry here, its words in ``services/wording.py``, mails, the ``record_event`` call, a test.
"""

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


_ERRORS = {Rule.ADMIN: per_role("PD", "PD", "PD", None), Rule.CONCERNED: per_role("P", "P", "P", None)}
_EVERYONE_PMT = per_role("PMT", "PMT", "PMT", None)

_PMTW = per_role("PMTW", "PMTW", "PMTW", "PMTW")
_P = per_role("P", "P", "P", "P")

_KINDS = (
    Kind(
        tag="task:assigned",
        row="task_assigned",
        tab=Tab.TASKS,
        audience=Audience.RESPONSIBLE,
        defaults={Rule.RESPONSIBLE: per_role("PMTN", "PMTN", "PMTN", None)},
        icon="check-circle",
    ),
    Kind(
        tag="task:due_soon",
        row="task_before",
        tab=Tab.TASKS,
        audience=Audience.RESPONSIBLE,
        defaults={Rule.RESPONSIBLE: _EVERYONE_PMT},
        icon="clock",
        tells_actor=True,
        replaces=frozenset({"task:due_soon"}),
    ),
    Kind(
        tag="task:expired",
        row="task_expired",
        tab=Tab.TASKS,
        audience=Audience.AUTHOR_AND_RESPONSIBLE,
        defaults={Rule.AUTHOR: per_role("D", "D", "D", None), Rule.RESPONSIBLE: per_role("PM", "PM", "PM", None)},
        icon="alert",
        tells_actor=True,
        replaces=frozenset({"task:due_soon"}),
    ),
    Kind(
        tag="task:completed",
        row="task_completed",
        tab=Tab.TASKS,
        audience=Audience.AUTHOR,
        defaults={Rule.AUTHOR: per_role("D", "D", "–", None)},
        icon="check-circle",
    ),
    Kind(
        tag="error:mail_undelivered",
        row="errors",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults=_ERRORS,
        icon="alert",
        tells_actor=True,
    ),
    Kind(
        tag="error:mail_resumed",
        row="errors",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults=_ERRORS,
        icon="check-circle",
        replaces=frozenset({"error:mail_undelivered"}),
    ),
    Kind(
        tag="error:telegram_unlinked",
        row="errors",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults=_ERRORS,
        icon="alert",
        tells_actor=True,
    ),
    Kind(
        tag="error:channel_down",
        row="errors",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults=_ERRORS,
        icon="alert",
        urgent=True,
        tells_actor=True,
        replaces=frozenset({"error:channel_up"}),
    ),
    Kind(
        tag="error:channel_up",
        row="errors",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults=_ERRORS,
        icon="check-circle",
        tells_actor=True,
        replaces=frozenset({"error:channel_down"}),
    ),
    Kind(
        tag="error:webhook_disabled",
        row="errors",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults=_ERRORS,
        icon="alert",
        tells_actor=True,
        replaces=frozenset({"error:webhook_works"}),
    ),
    Kind(
        tag="error:webhook_works",
        row="errors",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults=_ERRORS,
        icon="check-circle",
        replaces=frozenset({"error:webhook_disabled"}),
    ),
    # Messages themselves are no events: services/chat_news.py decides about them by these kinds.
    Kind(
        tag="chat:direct",
        row="chat_direct",
        tab=Tab.CHATS,
        audience=Audience.MEMBERS,
        defaults={Rule.MEMBER: _PMTW},
        icon="user",
    ),
    Kind(
        tag="chat:mention",
        row="chat_direct",
        tab=Tab.CHATS,
        audience=Audience.MEMBERS,
        defaults={Rule.MENTIONED: _PMTW},
        icon="at",
    ),
    Kind(
        tag="chat:group",
        row="chat_group",
        tab=Tab.CHATS,
        audience=Audience.MEMBERS,
        defaults={Rule.MEMBER: _P},
        icon="hash",
    ),
    Kind(
        tag="chat:added",
        row="chat_group",
        tab=Tab.CHATS,
        audience=Audience.MEMBERS,
        defaults={Rule.MEMBER: _P},
        icon="user-plus",
    ),
)

_UNCLAIMED = per_role("–", "PD", "PMT", None)
_LOW = {Rule.RESPONSIBLE: per_role("PMTN", "PMTN", "–", None), Rule.SERVED: _P}

# Clients. Their messages are decided by services/client_news.py, and the last two only make the stream of the team.
_CLIENT_KINDS = (
    Kind(
        tag="chat:client_message",
        row="chat_client",
        tab=Tab.CLIENTS,
        audience=Audience.MEMBERS,
        defaults={Rule.RESPONSIBLE: _PMTW, Rule.GROUP: _UNCLAIMED},
        icon="chat",
    ),
    Kind(
        tag="lead:incoming",
        row="leads",
        tab=Tab.LEADS,
        audience=Audience.RESPONSIBLE,
        defaults={Rule.RESPONSIBLE: _UNCLAIMED, Rule.GROUP: _UNCLAIMED},
        icon="target",
    ),
    # One for all the leads that a file gave somebody.
    Kind(
        tag="lead:imported",
        row="leads",
        tab=Tab.LEADS,
        audience=Audience.RESPONSIBLE,
        defaults={Rule.RESPONSIBLE: _UNCLAIMED},
        icon="target",
    ),
    # One for all that a colleague had.
    Kind(
        tag="lead:handed_over",
        row="leads",
        tab=Tab.LEADS,
        audience=Audience.RESPONSIBLE,
        defaults={Rule.RESPONSIBLE: _UNCLAIMED},
        icon="swap",
    ),
    Kind(
        tag="talk:unanswered",
        row="chat_client",
        tab=Tab.CLIENTS,
        audience=Audience.MEMBERS,
        defaults=dict.fromkeys((Rule.RESPONSIBLE, Rule.GROUP, Rule.MANAGER), per_role("–", "PM", "PMT", None)),
        icon="clock",
        tells_actor=True,
        replaces=frozenset({"talk:unanswered"}),
    ),
    Kind(
        tag="talk:answered",
        row="chat_client",
        tab=Tab.CLIENTS,
        audience=Audience.MEMBERS,
        defaults={},
        icon="chat",
    ),
    Kind(
        tag="talk:closed",
        row="chat_client",
        tab=Tab.CLIENTS,
        audience=Audience.MEMBERS,
        defaults={},
        icon="check-circle",
    ),
    Kind(
        tag="nps:low_score",
        row="scores",
        tab=Tab.CLIENTS,
        audience=Audience.MEMBERS,
        defaults=_LOW,
        icon="star",
        urgent=True,
        tells_actor=True,
    ),
)

_LIMIT_KINDS = (
    Kind(
        tag="limit:exceeded",
        row="limits",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults={Rule.ADMIN: per_role("PMTN", None, None, None)},
        icon="lock",
        urgent=True,
        mandatory=frozenset({"admin"}),
        tells_actor=True,
        replaces=frozenset({"limit:near"}),
    ),
    Kind(
        tag="limit:near",
        row="limits",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults={Rule.ADMIN: per_role("D", None, None, None), Rule.CONCERNED: per_role("PD", "P", "P", "P")},
        icon="alert",
        tells_actor=True,
        replaces=frozenset({"limit:near"}),
    ),
)

_TOGETHER = (Rule.RESPONSIBLE, Rule.GROUP)
_STRIPE = {Rule.ADMIN: per_role("PD", "P", "P", None), Rule.RESPONSIBLE: per_role("PD", "P", "P", None)}
_BILLING = per_role("PN", None, None, None)

# From telephone systems, mailboxes, Stripe and the account's own rules.
_SOURCE_KINDS = (
    Kind(
        tag="call:ringing",
        row="calls",
        tab=Tab.LEADS,
        audience=Audience.MEMBERS,
        defaults=dict.fromkeys(_TOGETHER, per_role("P", "P", "P", None)),
        icon="phone-in",
        digestible=False,
        tells_actor=True,
        replaces=frozenset({"call:ringing"}),
    ),
    Kind(
        tag="call:missed",
        row="calls",
        tab=Tab.LEADS,
        audience=Audience.MEMBERS,
        defaults=dict.fromkeys(_TOGETHER, per_role("PM", "PM", "PMT", None)),
        icon="phone-in",
        tells_actor=True,
        replaces=frozenset({"call:ringing"}),
    ),
    Kind(
        tag="call:answered",
        row="calls",
        tab=Tab.LEADS,
        audience=Audience.MEMBERS,
        defaults={},
        icon="phone-in",
        silent=True,
    ),
    *[
        Kind(
            tag=f"stripe:{what}",
            row="stripe",
            tab=Tab.LEADS,
            audience=Audience.MEMBERS,
            defaults={} if silent else _STRIPE,
            icon="check-circle" if silent else "alert",
            tells_actor=True,
            silent=silent,
        )
        for what, silent in (
            ("payment_succeeded", True),
            ("refunded", True),
            ("payment_failed", False),
            ("disputed", False),
            ("subscription_canceled", False),
        )
    ],
    *[
        Kind(
            tag=tag,
            row="billing",
            tab=Tab.SYSTEM,
            audience=Audience.MEMBERS,
            defaults=defaults,
            icon=icon,
            tells_actor=True,
            replaces=frozenset({"billing:expiring"}),
        )
        for tag, icon, defaults in (
            ("billing:expiring", "clock", {Rule.ADMIN: per_role("D", None, None, None), Rule.ADMIN_SOON: _BILLING}),
            ("billing:expired", "alert", {Rule.ADMIN_SOON: _BILLING}),
        )
    ],
    Kind(
        tag="mail:received",
        row="mails",
        tab=Tab.CLIENTS,
        audience=Audience.MEMBERS,
        defaults=dict.fromkeys((Rule.RESPONSIBLE, Rule.GROUP, Rule.ADMIN), per_role("P", "P", "P", None)),
        icon="mail",
        # A mail about a mail helps nobody.
        channels=frozenset(Channel) - {Channel.EMAIL},
        digestible=False,
    ),
    *[
        Kind(
            tag=tag,
            row="errors",
            tab=Tab.SYSTEM,
            audience=Audience.ADMINS_AND_CONCERNED,
            defaults=_ERRORS,
            icon=icon,
            tells_actor=True,
            replaces=frozenset({"error:mailbox", "error:mailbox_works"}),
        )
        for tag, icon in (("error:mailbox", "alert"), ("error:mailbox_works", "check-circle"))
    ],
    Kind(
        tag="error:automation",
        row="errors",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults=_ERRORS,
        icon="alert",
        tells_actor=True,
        replaces=frozenset({"error:automation_works"}),
    ),
    Kind(
        tag="error:automation_works",
        row="errors",
        tab=Tab.SYSTEM,
        audience=Audience.ADMINS_AND_CONCERNED,
        defaults=_ERRORS,
        icon="check-circle",
        tells_actor=True,
        replaces=frozenset({"error:automation"}),
    ),
)

# Its mails are scheduled ones of their own (services/report_runs.py); the center keeps where to find each report.
_REPORT_KINDS = (
    Kind(
        tag="report:ready",
        row="report",
        tab=Tab.SYSTEM,
        audience=Audience.MEMBERS,
        defaults={Rule.RECIPIENT: per_role("N", "N", "N", None)},
        icon="chart",
        channels=frozenset({Channel.EMAIL}),
        digestible=False,
        tells_actor=True,
        silent=True,
        replaces=frozenset({"report:ready"}),
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType(
    {kind.tag: kind for kind in (*_KINDS, *_CLIENT_KINDS, *_LIMIT_KINDS, *_SOURCE_KINDS, *_REPORT_KINDS)}
)

LEAD_TIMES_MINUTES = (5, 15, 30, 60)
DEFAULT_LEAD_TIMES_MINUTES = (15,)
