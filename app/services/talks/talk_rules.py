"""What the account's rules do about talks by themselves: one that fails is told, and disturbs nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from app.errors import UserError
from app.models.talks import Talk
from app.services.account import faults
from app.transaction import savepoint

log = logging.getLogger(__name__)


def carry_out(rule: str, act: Callable[[], None], data: Mapping[str, object]) -> bool:
    """Carry out a rule; return whether it worked. Of one that fails nothing is kept, and admins are told once.

    ``rule`` is auto_close or follow_up: however many talks fail for it, it is one cause. The caller says when it is
    over.
    """
    try:
        with savepoint():
            act()
    except Exception as error:
        reason = error.message if isinstance(error, UserError) else type(error).__name__
        log.exception("rule %s failed", rule)
        faults.note(rule, f"{rule}_failed", {**data, "reason": reason})
        return False
    return True


def about(talk: Talk) -> dict[str, object]:
    """Return what words about a rule and a talk are made of."""
    return {"name": str(talk.number), "url": f"/center/?chat={talk.chat_id}"}
