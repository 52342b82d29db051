"""Who becomes a free user keeps the profile and the chats with colleagues; what else was theirs to see leaves."""

from __future__ import annotations

from sqlalchemy import text

from app.catalogue import KINDS
from app.extensions import db
from app.models.chats import Chat
from app.models.people import User
from app.services import live
from app.services.chats import chat_members
from app.services.talks import talk_release
from app.transaction import on_commit

# Clients' chats, and those of cards that nobody shared with the person.
_CHATS = text("""
SELECT c.id FROM chat_members m JOIN chats c ON c.id = m.chat_id
WHERE m.user_id = :user_id AND m.left_at IS NULL AND (c.kind = 'client' OR c.kind = 'card' AND NOT EXISTS (
    SELECT FROM card_shares s WHERE s.user_id = m.user_id AND s.subject_type = c.subject_type
       AND s.subject_id = c.subject_id))
ORDER BY c.id
""")


def settle(user: User) -> None:
    """Take from a new free user the open talks, clients' chats and notices of what free users do not see."""
    talk_release.release(user, free=True)
    for chat_id in db.session.execute(_CHATS, {"user_id": user.id}).scalars().all():
        chat_members.go(db.session.get_one(Chat, chat_id), [user.id])
    hidden = [kind.tag for kind in KINDS.values() if not any(kind.reaches_free(rule) for rule in kind.defaults)]
    # Notices and what waits to be sent about them go with their item.
    db.session.execute(
        text("DELETE FROM feed_items WHERE user_id = :user_id AND event_tag = ANY(:tags)"),
        {"user_id": user.id, "tags": hidden},
    )
    user_id = int(user.id)
    on_commit(lambda: live.changed_feed(user_id))
