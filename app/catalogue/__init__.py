"""The event catalogue (SPEC 3): one entry per kind of news, and what each role receives by default.

To add a kind: an entry in the file of its noun, words in ``services/wording.py``, mails, its ``record_event`` call, a
test.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.catalogue import account, clients, faults, sources, team
from app.catalogue.kinds import OFF, ON, ROLES, Audience, Channel, Kind, Mail, Rule, Tab

KINDS: Mapping[str, Kind] = MappingProxyType(
    {kind.tag: kind for part in (team, clients, sources, account, faults) for kind in part.KINDS}
)

LEAD_TIMES_MINUTES = (5, 15, 30, 60)
DEFAULT_LEAD_TIMES_MINUTES = (15,)

__all__ = [
    "DEFAULT_LEAD_TIMES_MINUTES",
    "KINDS",
    "LEAD_TIMES_MINUTES",
    "OFF",
    "ON",
    "ROLES",
    "Audience",
    "Channel",
    "Kind",
    "Mail",
    "Rule",
    "Tab",
]
