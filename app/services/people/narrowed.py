"""What somebody kept of clients and leads goes when a setting, a role or a user group lets them see less."""

from __future__ import annotations

from app.services.clients import client_members
from app.services.records import lead_sight


def put_away() -> None:
    """Take everybody out of clients' chats, and leads' notices from everybody, who may not see them any more.

    Whoever has a talk stays. Writes nothing while the account lets everybody see all.
    """
    client_members.part_unseen()
    lead_sight.put_away_unseen()
