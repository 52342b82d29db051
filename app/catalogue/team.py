"""News among colleagues: tasks and chats."""

from __future__ import annotations

from app.catalogue.kinds import PMTW, Audience, Kind, P, Rule, Tab, per_role

_EVERYONE_PMT = per_role("PMT", "PMT", "PMT", None)

KINDS = (
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
    # Messages themselves are no events: services/chats/chat_news.py decides about them by these kinds.
    Kind(
        tag="chat:direct",
        row="chat_direct",
        tab=Tab.CHATS,
        audience=Audience.MEMBERS,
        defaults={Rule.MEMBER: PMTW},
        icon="user",
    ),
    Kind(
        tag="chat:mention",
        row="chat_direct",
        tab=Tab.CHATS,
        audience=Audience.MEMBERS,
        defaults={Rule.MENTIONED: PMTW},
        icon="at",
    ),
    Kind(
        tag="chat:group",
        row="chat_group",
        tab=Tab.CHATS,
        audience=Audience.MEMBERS,
        defaults={Rule.MEMBER: P},
        icon="hash",
    ),
    Kind(
        tag="chat:added",
        row="chat_group",
        tab=Tab.CHATS,
        audience=Audience.MEMBERS,
        defaults={Rule.MEMBER: P},
        icon="user-plus",
    ),
)
