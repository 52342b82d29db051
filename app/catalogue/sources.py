"""News from outside: telephone systems, mailboxes and Stripe."""

from __future__ import annotations

from app.catalogue.kinds import Audience, Channel, Kind, Rule, Tab, per_role

_TOGETHER = (Rule.RESPONSIBLE, Rule.GROUP)
_STRIPE = {Rule.ADMIN: per_role("PD", "P", "P", None), Rule.RESPONSIBLE: per_role("PD", "P", "P", None)}

KINDS = (
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
)
