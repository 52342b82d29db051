"""News of clients: their messages and talks, their leads, their scores.

Messages are decided by services/clients/client_news.py; what is answered and closed only makes the stream of the team.
"""

from __future__ import annotations

from app.catalogue.kinds import PMTW, Audience, Kind, P, Rule, Tab, per_role

_UNCLAIMED = per_role("–", "PD", "PMT", None)
_LOW = {Rule.RESPONSIBLE: per_role("PMTN", "PMTN", "–", None), Rule.SERVED: P}

KINDS = (
    Kind(
        tag="chat:client_message",
        row="chat_client",
        tab=Tab.CLIENTS,
        audience=Audience.MEMBERS,
        defaults={Rule.RESPONSIBLE: PMTW, Rule.GROUP: _UNCLAIMED},
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
