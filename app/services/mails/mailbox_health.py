"""Whether a mailbox can be read: its people are told once when it cannot, with the cure, and once when it is again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import joinedload

from app import clock
from app.catalogue import Rule
from app.extensions import db
from app.models.mailboxes import Mailbox, MailboxState
from app.services import audience
from app.services.notify import Subject, record_event
from app.services.people.held_roles import TEAM
from app.transaction import transaction

BEGUN, OVER = "error:mailbox", "error:mailbox_works"
# A server that is restarted is no news: two tries more, then it is told.
TELL_AFTER = 3
RETRY_DELAYS_SECONDS = (20, 60, 300, 900, 1800)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, at which field of the mailbox, and what to do. ``lasting``: it will not pass by itself."""

    field: str
    what: str
    cure: str
    lasting: bool = False

    @property
    def text(self) -> str:
        """Both sentences."""
        return f"{self.what}. {self.cure}"


def worked(mailbox_id: int) -> None:
    """Note that a connection works; tell who heard that it does not."""
    with transaction():
        state = _locked(mailbox_id)
        if state is None:
            return
        told = state.told_at is not None
        state.last_ok_at, state.next_try_at = clock.now(), None
        state.failures, state.failing_since, state.told_at = 0, None, None
        state.problem = state.problem_field = None
        if told:
            _tell(OVER, mailbox_id, {})


def failed(mailbox_id: int, problem: Problem) -> None:
    """Note that a connection could not be made or broke, and when to try again."""
    now = clock.now()
    with transaction():
        state = _locked(mailbox_id)
        if state is None:
            return
        state.failures += 1
        delay = RETRY_DELAYS_SECONDS[min(state.failures, len(RETRY_DELAYS_SECONDS)) - 1]
        state.next_try_at = now + dt.timedelta(seconds=delay)
        state.failing_since = state.failing_since or now
        state.problem, state.problem_field = problem.text, problem.field
        if state.told_at is None and (problem.lasting or state.failures >= TELL_AFTER):
            state.told_at = now
            _tell(BEGUN, mailbox_id, {"problem": problem.what, "cure": problem.cure})


def try_again(mailbox_id: int) -> None:
    """Forget the waiting time: somebody has changed something. Whether it works is told as ever."""
    db.session.execute(
        text("UPDATE mailbox_states SET next_try_at = NULL, failures = 0 WHERE mailbox_id = :id"), {"id": mailbox_id}
    )


def owners(mailbox: Mailbox) -> list[int]:
    """Return who reads a mailbox: its owner, or the group's members; nobody who is deactivated or free."""
    rows = db.session.execute(
        text(
            "SELECT u.id FROM ab_user u WHERE u.active AND (u.id = :owner_id OR EXISTS ("
            " SELECT FROM ab_user_group ug WHERE ug.user_id = u.id AND ug.group_id = :group_id))"
            f" AND {TEAM} ORDER BY u.id"
        ),
        {"owner_id": mailbox.owner_id, "group_id": mailbox.group_id},
    )
    return [row.id for row in rows]


def overview(limit: int = 200) -> list[Mailbox]:
    """Return the mailboxes with their states, for who looks after the channels; those that fail first."""
    statement = (
        select(Mailbox)
        .outerjoin(MailboxState, MailboxState.mailbox_id == Mailbox.id)
        .options(joinedload(Mailbox.state), joinedload(Mailbox.owner), joinedload(Mailbox.group))
        .order_by(MailboxState.failing_since.is_(None), Mailbox.sort_key, Mailbox.id)
        .limit(limit)
    )
    return list(db.session.scalars(statement).unique())


def counts() -> dict[str, int]:
    """Return how many mailboxes work, fail, wait for their first connection and are switched off."""
    rows = db.session.execute(
        text(
            "SELECT CASE WHEN NOT m.active THEN 'off' WHEN s.failing_since IS NOT NULL THEN 'failing'"
            " WHEN s.last_ok_at IS NOT NULL THEN 'ok' ELSE 'waiting' END AS state, count(*) AS number"
            " FROM mailboxes m LEFT JOIN mailbox_states s ON s.mailbox_id = m.id GROUP BY 1"
        )
    )
    return {row.state: row.number for row in rows}


def _locked(mailbox_id: int) -> MailboxState | None:
    return db.session.get(MailboxState, mailbox_id, with_for_update=True, populate_existing=True)


def _tell(tag: str, mailbox_id: int, data: dict[str, Any]) -> None:
    mailbox = db.session.get_one(Mailbox, mailbox_id)
    mine = mailbox.owner_id is not None
    told = dict.fromkeys(audience.admins(), Rule.ADMIN)
    if mine or not told:
        told |= dict.fromkeys(owners(mailbox), Rule.CONCERNED)
    shown = {
        "text": mailbox.address,
        "name": mailbox.name,
        "address": mailbox.address,
        "url": f"/mailboxview/show/{mailbox_id}",
        **data,
    }
    record_event(tag, None, Subject("mailbox", mailbox_id), shown, told=told)
