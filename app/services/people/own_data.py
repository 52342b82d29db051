"""What is kept about a colleague: handed out, and after deactivation erased; what the person wrote to others stays."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select, text

from app.errors import Conflict
from app.extensions import db
from app.models.mailboxes import Mailbox
from app.models.people import User
from app.services.mails import mailboxes
from app.services.people import people_pictures
from app.services.people.people import require_admin

AT_MOST = 10_000
FORMER = ("Former", "colleague")

_PARTS = {
    "person": (
        "SELECT to_jsonb(u) - '{password,sort_key,session_epoch,fail_login_count}'::text[] AS r FROM ab_user u"
        " WHERE id = :id"
    ),
    "settings": "SELECT to_jsonb(s) AS r FROM user_settings s WHERE user_id = :id",
    "choices": "SELECT to_jsonb(c) AS r FROM preference_cells c WHERE user_id = :id",
    "devices": "SELECT jsonb_build_object('name', name, 'kind', kind, 'last_used_at', last_used_at) AS r"
    " FROM devices WHERE user_id = :id",
    "messages": "SELECT jsonb_build_object('at', created_at, 'chat', chat_id, 'text', body) AS r FROM messages"
    " WHERE author_id = :id ORDER BY id DESC",
    "notes": "SELECT to_jsonb(n) AS r FROM notes n WHERE author_id = :id ORDER BY id DESC",
    "mailboxes": "SELECT to_jsonb(m) - '{password,sort_key}'::text[] AS r FROM mailboxes m WHERE owner_id = :id",
    "mails": "SELECT jsonb_build_object('at', a.received_at, 'from', a.from_address, 'to', a.to_line,"
    " 'subject', a.subject, 'text', a.body) AS r FROM mails a JOIN mailboxes m ON m.id = a.mailbox_id"
    " WHERE m.owner_id = :id OR a.author_id = :id ORDER BY a.id DESC",
    "tasks": "SELECT to_jsonb(t) AS r FROM tasks t WHERE responsible_id = :id OR author_id = :id ORDER BY id DESC",
}
_SENT = (
    "user_id = :id OR (purpose = 'invitation'"
    " AND data ->> 'invitation_id' IN (SELECT CAST(id AS text) FROM invitations WHERE user_id = :id))"
)
_ERASE = (
    "DELETE FROM paused_addresses WHERE address IN (SELECT lower(email) FROM ab_user WHERE id = :id)",
    # Where there is no mail server, mails were kept.
    f"DELETE FROM kept_mails WHERE delivery_id IN (SELECT id FROM deliveries WHERE {_SENT})",
    f"DELETE FROM deliveries WHERE {_SENT}",
    "DELETE FROM invitations WHERE user_id = :id",
    "DELETE FROM devices WHERE user_id = :id",
    "DELETE FROM telegram_links WHERE user_id = :id",
    "DELETE FROM telegram_codes WHERE user_id = :id",
    "DELETE FROM ab_api_key WHERE user_id = :id",
    "DELETE FROM two_steps WHERE user_id = :id",
    "DELETE FROM recovery_codes WHERE user_id = :id",
    "DELETE FROM user_settings WHERE user_id = :id",
    "DELETE FROM preference_cells WHERE user_id = :id",
    "DELETE FROM saved_filters WHERE user_id = :id",
    "DELETE FROM list_columns WHERE user_id = :id",
    "DELETE FROM feed_items WHERE user_id = :id",
    "UPDATE events SET data = data - '{reason,email}'::text[] WHERE subject_type = 'user' AND subject_id = :id",
)
_UNTOLD = (
    "UPDATE audit_log SET old = '{}', new = '{}' WHERE (table_name = 'ab_user' AND row_id = CAST(:id AS text))"
    " OR (table_name = 'mailboxes' AND row_id = ANY(:mailboxes))"
)


def of(user: User) -> dict[str, Any]:
    """Return what is kept about a person, the newest 10,000 of each kind."""
    return {
        name: list(
            db.session.execute(text(f"SELECT r FROM ({part}) AS part LIMIT {AT_MOST}"), {"id": user.id}).scalars()
        )
        for name, part in _PARTS.items()
    }


def erase(actor: User, user: User) -> None:
    """Make a deactivated person nobody. Raises Forbidden but for admins, Conflict while the person is active."""
    require_admin(actor)
    if user.active:
        raise Conflict("active", "Deactivate the person first, and hand over what is theirs")
    for statement in _ERASE:
        db.session.execute(text(statement), {"id": user.id})
    people_pictures.remove(user)
    owned = db.session.scalars(select(Mailbox).where(Mailbox.owner_id == user.id)).all()
    gone = [str(mailbox.id) for mailbox in owned]
    for mailbox in owned:
        mailboxes.delete(actor, mailbox)
    user.first_name, user.last_name = FORMER
    user.username, user.email = f"erased-{user.id}", f"erased-{user.id}@invalid"
    user.phone, user.deactivated_reason = None, None
    user.password = secrets.token_hex()
    db.session.flush()
    # Last: the names from before are in what the audit log says of this, too.
    db.session.execute(text(_UNTOLD), {"id": user.id, "mailboxes": gone})
