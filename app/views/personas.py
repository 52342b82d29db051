"""The people of the demo account, as cards on its login page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.formatting import avatar_colour, initials
from app.models.people import User, full_name
from app.services.account import demo_end
from app.services.people import people_pictures

# In the order of the cards: the manager's center is the one to see first.
LINES = {
    "manager": lazy_gettext("Assigns tasks and leads, follows the Sales Office"),
    "staff": lazy_gettext("Own leads, contacts and tasks"),
    "staff2": lazy_gettext("The colleague who answers back"),
    "free": lazy_gettext("Workshop: only profile and center"),
    "admin": lazy_gettext("Users, groups, roles and every record"),
}


@dataclass(frozen=True, slots=True)
class Persona:
    """A card: one click signs in as this person."""

    username: str
    name: str
    role: str
    line: str
    initials: str
    colour: int
    # A data: address, since nobody is signed in yet who could load it.
    picture: str | None


def init_personas(app: Flask) -> None:
    """Offer the cards to the login page's template."""
    app.jinja_env.globals["demo_personas"] = demo_personas


def demo_personas() -> list[Persona]:
    """Return the demo's people while its data is there; an account in real use has none."""
    if not demo_end.is_demo():
        return []
    statement = select(User).where(User.username.in_(LINES), User.active).options(selectinload(User.roles))
    found = {user.username: user for user in db.session.scalars(statement)}
    return [_persona(found[username]) for username in LINES if username in found]


def demo_person(username: str) -> User | None:
    """Return who a card signs in without a password: one of the demo's people, in a demo only."""
    if username not in LINES or not demo_end.is_demo():
        return None
    return db.session.scalars(select(User).where(User.username == username, User.active)).one_or_none()


def _persona(user: User) -> Persona:
    role = user.roles[0].name if user.roles else ""
    name = full_name(user)
    return Persona(
        username=user.username,
        name=name,
        role="Free user" if role == "Free" else role,
        line=str(LINES[user.username]),
        initials=initials(name),
        colour=avatar_colour(user.id),
        picture=people_pictures.data_address(user),
    )
