"""Free users are invited by mail: a link that works once, for two weeks; sending it again ends the one before."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app
from flask_babel import gettext
from itsdangerous import BadSignature
from sqlalchemy import func, select, text
from sqlalchemy.orm import joinedload

from app import access, clock
from app.channels.base import Message
from app.errors import Conflict, NotFound, UserError
from app.extensions import db
from app.models.invitations import Invitation
from app.models.people import Role, RoleName, User, full_name
from app.services import fields, outbound, signing
from app.services.account import account
from app.services.claimed import Claimed
from app.services.notify import Subject
from app.services.people import passwords, people_fields
from app.services.people.people import require_admin
from app.services.records import history
from app.services.render import Headline, letter
from app.transaction import on_commit

PURPOSE = "invitation"
VALID_FOR = dt.timedelta(days=14)
PATH = "/invitation"
SHOWN_MAX = 100
# One address is not written to more often, whoever presses the button.
AGAIN_AFTER = dt.timedelta(minutes=1)
FIELDS = ("email", "first_name", "last_name", "message")
OWN_FIELDS = ("first_name", "last_name", "username", "password", "zone")
_SALT = "invitation"


def invite(actor: User, changes: Mapping[str, Any]) -> Invitation:
    """Invite an address. Raises UserError naming the field, Forbidden for everybody but admins."""
    require_admin(actor)
    fields.known(changes, FIELDS)
    email = fields.email(fields.needed_line(changes.get("email"), "email", 254)) or ""
    names = {name: fields.line(changes.get(name), name, 64) for name in ("first_name", "last_name")}
    message = fields.line(changes.get("message"), "message", 500)
    if db.session.scalar(select(User.id).where(func.lower(User.email) == email.lower())) is not None:
        raise UserError("taken", gettext("Somebody has this email address already"), "email")
    # Two admins who invite the same address at once: the second one waits, and finds it invited.
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:email))"), {"email": email.lower()})
    is_open = select(Invitation.id).where(func.lower(Invitation.email) == email.lower(), *_open())
    if db.session.scalar(is_open) is not None:
        raise UserError("invited", gettext("This address is invited already; send it again from the list"), "email")
    now = clock.now()
    invitation = Invitation(
        email=email, message=message, invited_by_id=actor.id, nonce="", sent_at=now, expires_at=now, **names
    )
    db.session.add(invitation)
    _send(invitation)
    return invitation


def send_again(actor: User, invitation: Invitation) -> None:
    """Send an open invitation again, with a new link. Raises Conflict for a used or withdrawn one, UserError (429)."""
    require_admin(actor)
    _lock(invitation)
    _require_open(invitation)
    if clock.now() - invitation.sent_at < AGAIN_AFTER:
        raise UserError("too_many_requests", gettext("It was sent a moment ago; wait a minute"), status=429)
    invitation.invited_by_id = actor.id
    _send(invitation)


def withdraw(actor: User, invitation: Invitation) -> None:
    """End an open invitation: its link is dead. Raises Conflict for a used or withdrawn one."""
    require_admin(actor)
    _lock(invitation)
    _require_open(invitation)
    invitation.withdrawn_at = clock.now()
    db.session.flush()


def accept(token: str, changes: Mapping[str, Any]) -> User:
    """Make the free user of a link. Raises Conflict for one that is used or expired, UserError naming the field."""
    invitation = of_token(token)
    if invitation is None:
        raise NotFound("Invitation")
    _lock(invitation)
    if reason := why_closed(invitation, token):
        raise Conflict("closed", reason)
    fields.known(changes, OWN_FIELDS)
    given = (
        {"first_name": None, "last_name": None, "zone": account.zone()} | dict(changes) | {"email": invitation.email}
    )
    given.pop("password", None)
    username = people_fields.checked_username(given.pop("username", None))
    values = people_fields.checked(given)
    password = passwords.check_quality(changes.get("password"), username, invitation.email)
    user = User(username=username, active=True, **values)
    user.password = passwords.hashed(password)
    user.roles = [db.session.scalars(select(Role).where(Role.name == RoleName.FREE)).one()]
    db.session.add(user)
    taken = {
        "username": gettext("Somebody has this user name already"),
        "email": gettext("This address has an account"),
    }
    fields.flush_unique("ab_user", taken)
    invitation.accepted_at, invitation.user_id = clock.now(), user.id
    db.session.flush()
    history.record("user:invited", invitation.invited_by, Subject("user", user.id), {"email": invitation.email})
    return user


def waiting(actor: User) -> list[Invitation]:
    """Return the invitations that nobody has used yet, the newest first. Raises Forbidden but for admins."""
    require_admin(actor)
    statement = select(Invitation).where(*_open()).options(joinedload(Invitation.invited_by))
    return list(db.session.scalars(statement.order_by(Invitation.id.desc()).limit(SHOWN_MAX)).unique())


def find(actor: User, invitation_id: int) -> Invitation:
    """Return an invitation. Raises NotFound, Forbidden but for admins."""
    require_admin(actor)
    found = db.session.get(Invitation, invitation_id) if 0 < invitation_id <= access.LARGEST_ID else None
    if found is None:
        raise NotFound("Invitation")
    return found


def of_token(token: str) -> Invitation | None:
    """Return the invitation that a link names, open or not; None for a link that is not ours."""
    try:
        invitation_id, _nonce = signing.loads(token, _SALT)
        return db.session.get(Invitation, int(invitation_id))
    except (BadSignature, ValueError, TypeError):
        return None


def why_closed(invitation: Invitation, token: str) -> str:
    """Return why a link does not work any more, and what to do; empty while it does."""
    who = invitation.invited_by
    ask = gettext("Ask %(name)s (%(email)s) for a new one.", name=full_name(who), email=who.email) if who else ""
    if invitation.accepted_at is not None:
        return gettext("This invitation was used already. Sign in with the account that was made with it.")
    if invitation.withdrawn_at is not None:
        return " ".join((gettext("This invitation was withdrawn."), ask))
    if signing.loads(token, _SALT)[1] != invitation.nonce:
        return gettext("A newer mail was sent to you: use the link in that one.")
    if invitation.expires_at <= clock.now():
        return " ".join((gettext("This invitation has expired."), ask))
    return ""


def is_expired(invitation: Invitation) -> bool:
    """Whether the link of an open invitation is too old."""
    return invitation.expires_at <= clock.now()


def refuse(deliveries: Sequence[Claimed]) -> dict[int, str]:
    """What was used, withdrawn or sent again meanwhile stays in."""
    sent = {one.id: one.data or {} for one in deliveries}
    wanted = {int(data.get("invitation_id") or 0) for data in sent.values()}
    rows = db.session.execute(select(Invitation.id, Invitation.nonce).where(Invitation.id.in_(wanted), *_open()))
    good = {(row.id, row.nonce) for row in rows}
    gone = [key for key, data in sent.items() if (data.get("invitation_id"), data.get("nonce")) not in good]
    return dict.fromkeys(gone, "taken_back")


def message_of(delivery: Claimed) -> Message:
    """Word the mail."""
    invitation = db.session.get_one(Invitation, int((delivery.data or {})["invitation_id"]))
    by = full_name(invitation.invited_by) if invitation.invited_by else gettext("An admin")
    title = gettext("%(name)s invites you to %(account)s", name=by, account=current_app.config["APP_NAME"])
    link = f"{current_app.config['PUBLIC_URL']}{PATH}/{token_of(invitation)}"
    line = Headline(title, gettext("Chat with the team and see what they share with you."), link, "user-plus")
    return letter(delivery, "invitation", PURPOSE, line, invitation=invitation, days=VALID_FOR.days)


def token_of(invitation: Invitation) -> str:
    """Return what the mail's link carries."""
    return signing.dumps([invitation.id, invitation.nonce], _SALT)


def _send(invitation: Invitation) -> None:
    now = clock.now()
    invitation.nonce, invitation.sent_at, invitation.expires_at = secrets.token_hex(8), now, now + VALID_FOR
    db.session.flush()
    row = db.session.execute(
        text(
            "INSERT INTO deliveries (dedupe_key, purpose, channel, address, state, not_before, queued_until, data,"
            " created_at) VALUES ('invitation:' || :id || ':' || :nonce, :purpose, 'email', :email, 'pending', :now,"
            " :leased, jsonb_build_object('invitation_id', CAST(:id AS int), 'nonce', CAST(:nonce AS text)), :now)"
            " RETURNING id"
        ),
        {
            "id": invitation.id,
            "nonce": invitation.nonce,
            "purpose": PURPOSE,
            "email": invitation.email,
            "now": now,
            "leased": now + outbound.QUEUED_FOR,
        },
    ).scalar_one()
    on_commit(lambda: outbound.enqueue([("email", row)]))


def _lock(invitation: Invitation) -> None:
    db.session.refresh(invitation, with_for_update={"of": Invitation})


def _require_open(invitation: Invitation) -> None:
    if invitation.accepted_at is not None:
        raise Conflict("used", gettext("This invitation was used already"))
    if invitation.withdrawn_at is not None:
        raise Conflict("withdrawn", gettext("This invitation was withdrawn already"))


def _open() -> tuple[Any, Any]:
    return Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None)
