"""What somebody kept of clients and leads goes when a setting, a role or a user group lets them see less."""

from __future__ import annotations

from app.services.account import account
from app.services.clients import client_members
from app.services.records import lead_sight

# Whether there is more than one piece of it: the beat goes on then.
_UNFINISHED = "sight_narrowed"


def put_away() -> None:
    """Take everybody out of clients' chats, and leads' notices from everybody, who may not see them any more.

    Whoever has a talk stays. The first thousand goes at once. Nothing goes while the account lets everybody see all.
    """
    _note(_piece() > 0)


def go_on() -> int:
    """Take away one more piece of what was too much for one.

    Return 0, so that the beat does something else before the next.
    """
    if account.get_setting(_UNFINISHED, False):
        _note(_piece() > 0)
    return 0


def _piece() -> int:
    return client_members.part_unseen() + lead_sight.put_away_unseen()


def _note(unfinished: bool) -> None:
    if account.get_setting(_UNFINISHED, False) != unfinished:
        account.set_setting(_UNFINISHED, unfinished)
