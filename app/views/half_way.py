"""Between the password and the code: the browser's session knows who has taken the first step, for some minutes."""

from __future__ import annotations

import time

from flask import session

from app.extensions import db
from app.models.people import User

SECONDS = 10 * 60
_KEY = "half_way"


def remember(user: User, *, stay: bool) -> None:
    """Note that somebody's password was right; nobody is signed in by that."""
    session.clear()
    session[_KEY] = {"id": user.id, "epoch": user.session_epoch, "stay": stay, "until": int(time.time()) + SECONDS}


def person() -> tuple[User, bool] | None:
    """Return who it is, and whether to stay signed in; None for too late, or who was put out meanwhile."""
    noted = session.get(_KEY)
    if not noted or noted["until"] < time.time():
        return None
    user = db.session.get(User, noted["id"])
    if user is None or not user.active or user.session_epoch != noted["epoch"]:
        return None
    return user, bool(noted["stay"])
