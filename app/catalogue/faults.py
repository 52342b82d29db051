"""News of what does not work, and of what works again."""

from __future__ import annotations

from app.catalogue.kinds import Audience, Kind, Rule, Tab, per_role

_ERRORS = dict.fromkeys((Rule.ADMIN, Rule.CONCERNED), per_role("PD", "P", "P", None))

KINDS = (
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
