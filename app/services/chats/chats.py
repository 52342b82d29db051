"""Chats: opened, made, renamed, pictured, archived, muted, read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app import access, clock
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.base import sort_key_of
from app.models.chats import Chat, ChatKind, ChatMember, ChatNotice, MemberRole, Mute
from app.models.people import Group, RoleName, User
from app.services import fields
from app.services.account import account
from app.services.chats import chat_files, chat_live, chat_members, chat_reading, drafts, mentions
from app.services.chats.chat_words import announce, describe, tell_added
from app.services.people.names import name_of
from app.transaction import on_commit

FIELDS = ("kind", "member_ids", "group_id", "linked", "name")
NAME_LENGTH = 100


def create(actor: User, changes: Mapping[str, Any]) -> tuple[ChatMember, bool]:
    """Open a chat; return the actor's place in it and whether it is new. Raises UserError naming the field."""
    fields.known(changes, FIELDS)
    kind = changes.get("kind")
    if kind == ChatKind.DIRECT:
        return _direct(actor, changes)
    if kind == ChatKind.GROUP:
        return _group(actor, changes), True
    raise UserError("invalid", "direct or group is needed", "kind")


_PRESENT = text("SELECT user_id FROM chat_members WHERE chat_id = :chat_id AND left_at IS NULL")


def update(actor: User, chat_id: int, changes: Mapping[str, Any]) -> ChatMember:
    """Rename, archive or bring back a group chat, which owners may. Raises UserError naming the field, Conflict."""
    own = access.access_chat(actor.id, chat_id)
    fields.known(changes, ("name", "archived"))
    chat = own.chat
    if chat.kind == ChatKind.CARD:
        raise Conflict("card_chat", "This chat has the name of its card, and is there as long as it")
    if chat.kind == ChatKind.DIRECT:
        raise Conflict("direct_chat", "A direct chat has no name and cannot be archived for everybody")
    chat_members.require_owner(own)
    if "archived" in changes:
        _archive(actor, chat, fields.flag(changes["archived"], "archived"))
    if "name" in changes:
        chat_members.require_group(chat)
        name = fields.needed_line(changes["name"], "name", NAME_LENGTH)
        if name != chat.name:
            chat.name, chat.sort_key = name, sort_key_of(name)
            db.session.flush()
            announce(chat, gettext("%(who)s named the chat “%(name)s”", who=name_of(actor), name=name))
    describe(chat)
    if "archived" in changes:
        # Everybody's row and counters follow at once.
        members = [row.user_id for row in db.session.execute(_PRESENT, {"chat_id": chat_id})]
        on_commit(lambda: chat_live.changed_items(chat_id, members))
    return own


def set_mine(user_id: int, chat_id: int, changes: Mapping[str, Any]) -> ChatMember:
    """Change one's own settings of a chat. Raises UserError on ``mute``."""
    own = access.access_chat(user_id, chat_id)
    fields.known(changes, ("mute",))
    mute = changes.get("mute")
    if mute not in set(Mute):
        raise UserError("invalid", f"Choose one of {', '.join(Mute)}", "mute")
    own.mute = str(mute)
    db.session.flush()
    _touch(own)
    if own.mute != Mute.NONE:
        chat_reading.cancel(chat_id, [user_id], "muted", but_mentions=own.mute == Mute.ALL_BUT_MENTIONS)
    on_commit(lambda: chat_live.changed_items(chat_id, [user_id]))
    return own


def set_picture(actor: User, chat_id: int, picture: str | None) -> ChatMember:
    """Give a group chat a picture that is stored already, or none. Raises like update."""
    own = access.access_chat(actor.id, chat_id)
    chat_members.require_group(own.chat)
    chat_members.require_owner(own)
    own.chat.picture = picture
    db.session.flush()
    describe(own.chat)
    return own


def boot(user: User) -> dict[str, Any]:
    """Return what the center's page needs to know about chats."""
    return {
        "can_create_groups": may_create_groups(user),
        "direct_chats": account.direct_chats_on(),
        "max_body": drafts.MAX_BODY,
        "max_file_bytes": chat_files.max_bytes(),
        "confirm_all_above": mentions.CONFIRM_ALL_ABOVE,
    }


def may_create_groups(user: User) -> bool:
    """Whether the account's setting lets this person create group chats; admins always may."""
    setting, names = account.group_chat_creators(), access.role_names(user)
    if RoleName.ADMIN in names or setting == "everyone":
        return True
    if setting == "managers":
        return RoleName.MANAGER in names
    return setting == "all_but_free" and not access.is_free(user)


def _direct(actor: User, changes: Mapping[str, Any]) -> tuple[ChatMember, bool]:
    # Some programs name both, some only the other one.
    people = [one for one in drafts.checked_ids(changes.get("member_ids"), "member_ids", 2) if one != actor.id]
    if len(people) != 1:
        raise UserError("invalid", "Choose one colleague", "member_ids")
    low, high = sorted((actor.id, people[0]))
    key = f"{low}:{high}"
    existing = db.session.scalar(select(Chat.id).where(Chat.direct_key == key))
    if existing is not None:
        return access.access_chat(actor.id, existing), False
    chat_members.check_people(people, "member_ids")
    if not account.direct_chats_on():
        raise UserError("direct_chats_off", "Direct chats are switched off", status=403)
    # Two people may open it at the same moment: the second one waits for the first and finds its chat.
    made = db.session.execute(
        insert(Chat)
        .values(kind=ChatKind.DIRECT, direct_key=key, created_by_id=actor.id, created_at=clock.now())
        .on_conflict_do_nothing(index_elements=["direct_key"])
        .returning(Chat.id)
    ).scalar()
    chat = db.session.scalars(select(Chat).where(Chat.direct_key == key)).one()
    if made is not None:
        db.session.add(ChatNotice(chat_id=chat.id))
        chat_members.join(chat, [low, high])
    return access.access_chat(actor.id, chat.id), made is not None


def _group(actor: User, changes: Mapping[str, Any]) -> ChatMember:
    if not may_create_groups(actor):
        raise UserError("group_chats_off", "You may not create group chats", status=403)
    chosen = drafts.checked_ids(changes.get("member_ids") or [], "member_ids", 500)
    group = _user_group(actor, changes.get("group_id"))
    linked = fields.flag(changes.get("linked", False), "linked")
    if linked and group is None:
        raise UserError("required", "Choose the user group that members follow", "group_id")
    name = fields.line(changes.get("name"), "name", NAME_LENGTH) or (group.label or group.name if group else None)
    if name is None:
        raise UserError("required", "Give the chat a name", "name")
    followers = {user.id for user in group.users if user.active or linked} if group else set()
    guests = [user_id for user_id in chosen if user_id not in followers and user_id != actor.id]
    if guests:
        chat_members.check_people(guests, "member_ids")
    elif not followers - {actor.id}:
        raise UserError("required", "Choose at least one colleague", "member_ids")
    if len(followers) + len(guests) >= chat_members.MAX_MEMBERS:
        raise UserError("too_many", f"A chat has at most {chat_members.MAX_MEMBERS} members", "member_ids")
    chat = Chat(
        kind=ChatKind.GROUP,
        name=name,
        sort_key=sort_key_of(name),
        group_id=group.id if group else None,
        linked=linked,
        created_by_id=actor.id,
    )
    db.session.add(chat)
    db.session.flush()
    db.session.add(ChatNotice(chat_id=chat.id))
    chat_members.join(chat, [actor.id, *sorted((followers | set(guests)) - {actor.id})], followers if linked else ())
    own = access.access_chat(actor.id, chat.id)
    own.role = MemberRole.OWNER
    db.session.flush()
    announce(chat, gettext("%(name)s started this chat", name=name_of(actor)))
    tell_added(actor, chat, sorted((followers | set(guests)) - {actor.id}))
    describe(chat)
    return own


def _user_group(actor: User, group_id: object) -> Group | None:
    if group_id is None:
        return None
    try:
        return access.access_group(actor, drafts.checked_id(group_id, "group_id"))
    except UserError as error:
        raise UserError("invalid", "Choose a user group", "group_id", 422) from error


def _archive(actor: User, chat: Chat, archived: bool) -> None:
    if archived == (chat.archived_at is not None):
        return
    words = gettext("%(name)s archived this chat") if archived else gettext("%(name)s brought this chat back")
    chat.archived_at = clock.now() if archived else None
    db.session.flush()
    announce(chat, words % {"name": name_of(actor)})


def _touch(own: ChatMember) -> None:
    db.session.execute(
        text("UPDATE chat_members SET changed_at = clock_timestamp() WHERE chat_id = :chat_id AND user_id = :user_id"),
        {"chat_id": own.chat_id, "user_id": own.user_id},
    )
