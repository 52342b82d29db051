"""News of the account itself: activity limits, its plan, its reports."""

from __future__ import annotations

from app.catalogue.kinds import Audience, Channel, Kind, Rule, Tab, per_role

_BILLING = per_role("PN", None, None, None)

KINDS = (
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
