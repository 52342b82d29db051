"""Who is in a chat: added, removed, gone by themselves, or following a user group. Open sockets follow at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flask_babel import gettext
from sqlalchemy import text

from app import access, clock
from app.errors import Conflict, NotFound, UserError
from app.extensions import db
from app.models.chats import Chat, ChatKind, ChatMember, MemberRole
from app.models.people import User
from app.services import reading
from app.services.chats import chat_live, chat_reading
from app.services.chats.chat_words import announce, describe, names_of, tell_added
from app.services.people.names import name_of
from app.transaction import on_commit

MAX_MEMBERS = 1000

# Who was in the chat before comes back to what they had read; who is new starts at the end.
_JOIN = text("""
INSERT INTO chat_members AS m (chat_id, user_id, role, by_link, joined_at, last_read_seq)
SELECT c.id, asked.user_id, 'member', asked.by_link, :now, c.last_seq
FROM chats c, unnest(CAST(:user_ids AS int[]), CAST(:by_link AS boolean[])) AS asked(user_id, by_link)
WHERE c.id = :chat_id
ON CONFLICT (chat_id, user_id) DO UPDATE SET
    left_at = NULL, role = 'member', by_link = excluded.by_link, joined_at = excluded.joined_at,
    last_read_seq = excluded.last_read_seq, archived_seq = NULL, marked_unread = false,
    changed_at = clock_timestamp(), moved_at = clock_timestamp()
WHERE m.left_at IS NOT NULL
RETURNING user_id
""")

_GO = text("""
UPDATE chat_members SET left_at = :now, role = 'member', by_link = false, remind_at = NULL,
       changed_at = clock_timestamp(), moved_at = clock_timestamp()
WHERE chat_id = :chat_id AND user_id = ANY(:user_ids) AND left_at IS NULL
RETURNING user_id
""")

# One pass over all linked chats of the groups: who is missing, and who is no longer in the group.
_FOLLOWING = text("""
SELECT c.id AS chat_id, ug.user_id, true AS joins
FROM chats c JOIN ab_user_group ug ON ug.group_id = c.group_id
LEFT JOIN chat_members m ON m.chat_id = c.id AND m.user_id = ug.user_id AND m.left_at IS NULL
WHERE c.linked AND c.group_id = ANY(:group_ids) AND m.user_id IS NULL
UNION ALL
SELECT c.id, m.user_id, false
FROM chats c JOIN chat_members m ON m.chat_id = c.id AND m.left_at IS NULL AND m.by_link
WHERE c.linked AND c.group_id = ANY(:group_ids)
  AND NOT EXISTS (SELECT FROM ab_user_group ug WHERE ug.group_id = c.group_id AND ug.user_id = m.user_id)
""")


def add(actor: User, chat_id: int, user_ids: Sequence[int]) -> ChatMember:
    """Add active people to a group chat, as every member may. Raises UserError on ``user_ids``, Conflict, NotFound."""
    own = access.access_chat(actor.id, chat_id)
    require_group(own.chat)
    check_people(user_ids)
    if count(chat_id) + len(user_ids) > MAX_MEMBERS:
        raise UserError("too_many", f"A chat has at most {MAX_MEMBERS} members", "user_ids")
    joined = join(own.chat, user_ids)
    if joined:
        people = names_of(joined)
        announce(own.chat, gettext("%(name)s added %(people)s", name=name_of(actor), people=people))
        tell_added(actor, own.chat, joined)
        describe(own.chat)
    return own


def remove(actor: User, chat_id: int, user_id: int) -> ChatMember:
    """Take somebody out of a group chat, which owners may. Raises Forbidden, Conflict, NotFound."""
    own = access.access_chat(actor.id, chat_id)
    require_group(own.chat)
    require_owner(own)
    if user_id == actor.id:
        return leave(actor, chat_id)
    other = access_member(chat_id, user_id)
    _refuse_followers(other, own.chat)
    person = name_of(db.session.get_one(User, user_id))
    go(own.chat, [user_id])
    announce(own.chat, gettext("%(name)s removed %(person)s", name=name_of(actor), person=person))
    describe(own.chat)
    return own


def leave(actor: User, chat_id: int) -> ChatMember:
    """Leave a group chat; the last owner's place goes to who is in it the longest. Raises Conflict, NotFound."""
    own = access.access_chat(actor.id, chat_id)
    require_group(own.chat)
    _refuse_followers(own, own.chat)
    go(own.chat, [actor.id])
    announce(own.chat, gettext("%(name)s left", name=name_of(actor)))
    describe(own.chat)
    return own


def set_role(actor: User, chat_id: int, user_id: int, role: object) -> ChatMember:
    """Make a member an owner or the other way round, which owners may. Raises UserError on ``role``, Conflict."""
    own = access.access_chat(actor.id, chat_id)
    require_group(own.chat)
    require_owner(own)
    if role not in (MemberRole.OWNER, MemberRole.MEMBER):
        raise UserError("invalid", "owner or member is needed", "role")
    other = access_member(chat_id, user_id)
    other.role = str(role)
    db.session.flush()
    _keep_an_owner(chat_id)
    db.session.expire(other)
    describe(own.chat)
    return own


def follow(group_ids: Collection[int]) -> None:
    """Let the members of linked chats follow their user groups; called by whatever changes who is in a group.

    A number of statements per linked chat that changes, none for the others.
    """
    if not group_ids:
        return
    db.session.flush()
    moves = db.session.execute(_FOLLOWING, {"group_ids": list(group_ids)}).all()
    for chat_id in sorted({move.chat_id for move in moves}):
        chat = db.session.get_one(Chat, chat_id)
        coming = [move.user_id for move in moves if move.chat_id == chat_id and move.joins]
        going = [move.user_id for move in moves if move.chat_id == chat_id and not move.joins]
        joined = join(chat, coming, by_link=set(coming)) if coming else []
        if going:
            go(chat, going)
        words = [
            gettext("%(people)s joined with the user group", people=names_of(joined)) if joined else "",
            gettext("%(people)s left with the user group", people=names_of(going)) if going else "",
        ]
        announce(chat, " · ".join(filter(None, words)))
        if joined:
            tell_added(None, chat, joined)
        describe(chat)


def join(chat: Chat, user_ids: Sequence[int], by_link: Collection[int] = ()) -> list[int]:
    """Put people into a chat; return those who were not in it before. One statement, however many they are."""
    rows = db.session.execute(
        _JOIN,
        {
            "chat_id": chat.id,
            "user_ids": list(user_ids),
            "by_link": [user_id in by_link for user_id in user_ids],
            "now": clock.now(),
        },
    )
    joined = [row.user_id for row in rows]
    on_commit(lambda: chat_live.moved(chat, joined, enter=True))
    return joined


def go(chat: Chat, user_ids: Sequence[int]) -> None:
    """Take people out of a chat; what waited to be told about it is cancelled, their tabs close it."""
    rows = db.session.execute(_GO, {"chat_id": chat.id, "user_ids": list(user_ids), "now": clock.now()})
    gone = [row.user_id for row in rows]
    reading.settle_subjects([f"chat:{chat.id}"], only_user_ids=gone, archived=True)
    chat_reading.cancel(chat.id, gone, "not_a_member")
    _keep_an_owner(chat.id)
    chat_id = chat.id
    on_commit(lambda: chat_live.moved(chat, gone, enter=False))
    on_commit(lambda: chat_live.removed(chat_id, gone))


def count(chat_id: int) -> int:
    """Return how many people are in a chat."""
    statement = text("SELECT count(*) FROM chat_members WHERE chat_id = :id AND left_at IS NULL")
    return int(db.session.execute(statement, {"id": chat_id}).scalar_one())


def check_people(user_ids: Sequence[int], field: str = "user_ids") -> None:
    """Refuse unknown and deactivated people. Raises UserError."""
    if not user_ids:
        raise UserError("required", "Choose at least one colleague", field)
    statement = text("SELECT count(*) FROM ab_user WHERE id = ANY(:ids) AND active")
    if db.session.execute(statement, {"ids": list(user_ids)}).scalar_one() != len(set(user_ids)):
        raise UserError("invalid", "Choose active colleagues", field)


def access_member(chat_id: int, user_id: int) -> ChatMember:
    """Return somebody's place in a chat that the caller may see. Raises NotFound."""
    member = db.session.get(ChatMember, (chat_id, user_id), populate_existing=True) if user_id <= 2**31 - 1 else None
    if member is None or member.left_at is not None:
        raise NotFound("Member")
    return member


def require_group(chat: Chat) -> None:
    """Refuse what only groups do, and what an archived one does not do any more."""
    if chat.kind == ChatKind.CARD:
        raise Conflict("card_chat", "This chat belongs to a card: share the card instead")
    if chat.kind == ChatKind.CLIENT:
        raise Conflict("client_chat", "This chat is a client's: pass the talk on, or ask a colleague")
    if chat.kind == ChatKind.DIRECT:
        raise Conflict("direct_chat", "This is not possible in a direct chat")
    if chat.archived_at is not None:
        raise Conflict("archived", "This chat is archived")


def require_owner(own: ChatMember) -> None:
    """Refuse everybody but owners."""
    if own.role != MemberRole.OWNER:
        raise UserError("not_owner", "Only an owner of this chat may do this", status=403)


def _refuse_followers(member: ChatMember, chat: Chat) -> None:
    if chat.linked and member.by_link and chat.group is not None:
        raise Conflict("linked", f"The members of this chat follow the user group {chat.group.name}")


def _keep_an_owner(chat_id: int) -> None:
    db.session.execute(
        text(
            "UPDATE chat_members SET role = 'owner', changed_at = clock_timestamp()"
            " WHERE chat_id = :id AND EXISTS (SELECT FROM chats WHERE id = :id AND kind = 'group')"
            " AND left_at IS NULL AND user_id = ("
            "  SELECT user_id FROM chat_members WHERE chat_id = :id AND left_at IS NULL"
            "  ORDER BY joined_at, user_id LIMIT 1)"
            " AND NOT EXISTS (SELECT FROM chat_members WHERE chat_id = :id AND left_at IS NULL AND role = 'owner')"
        ),
        {"id": chat_id},
    )
