"""What open tabs hear of chats. A group's sockets share one room, so that a message is one publish for 500 people;
a direct chat speaks to its two people's own rooms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from sqlalchemy import text

from app.errors import NotFound
from app.extensions import db, socketio
from app.services import feed_counters, live
from app.services.chats import chat_feed
from app.services.clients import visitor_live
from app.services.people.names import FREE_SQL, NAME_SQL

# Above that, who has read and who types is told only to those who have the chat open.
SMALL_CHAT = 100


class Addressed(Protocol):
    """What tells where a chat is heard; a Chat or a row with these columns."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def direct_key(self) -> str | None: ...


def room_of(chat_id: int) -> str:
    """Return the room of a group chat's members."""
    return f"chat:{chat_id}"


def focus_room_of(chat_id: int) -> str:
    """Return the room of those who have the chat open."""
    return f"focus:{chat_id}"


def rooms_of(chat: Addressed) -> list[str]:
    """Return the rooms in which all members hear the chat."""
    if chat.direct_key:
        return [live.room_of(int(user_id)) for user_id in chat.direct_key.split(":")]
    return [room_of(chat.id)]


def tell(event: str, chat: Addressed, payload: Mapping[str, Any]) -> None:
    """Emit to everybody in the chat. Who was asked about one talk of a client hears nothing of those before it."""
    quoted = payload.get("reply_to")
    if chat.kind == "client" and (event == "message.changed" or quoted):
        _tell_of_client(event, chat, payload, min(payload["seq"], quoted["seq"] if quoted else payload["seq"]))
    else:
        live.emit(event, payload, rooms_of(chat))


def _tell_of_client(event: str, chat: Addressed, payload: Mapping[str, Any], oldest: int) -> None:
    """``oldest``: the first message of which something is told. Usually everybody may read it."""
    statement = text(
        "SELECT m.user_id, m.from_seq FROM chat_members m WHERE m.chat_id = :id AND m.left_at IS NULL AND EXISTS ("
        "  SELECT FROM chat_members a WHERE a.chat_id = :id AND a.left_at IS NULL AND a.from_seq > :oldest)"
    )
    with db.engine.connect() as connection:
        members = connection.execute(statement, {"id": chat.id, "oldest": oldest}).all()
    if not members:
        live.emit(event, payload, rooms_of(chat))
        return
    live.emit(event, payload, [live.room_of(one.user_id) for one in members if one.from_seq <= oldest])
    without = [live.room_of(one.user_id) for one in members if oldest < one.from_seq <= payload["seq"]]
    live.emit(event, {**payload, "reply_to": None}, without)


def tell_nearby(event: str, chat: Addressed, members: int, payload: Mapping[str, Any], skip_sid: str = "") -> None:
    """Emit to everybody in a small chat, and in a big one to those who have it open."""
    rooms = rooms_of(chat) if members <= SMALL_CHAT else [focus_room_of(chat.id)]
    live.emit(event, payload, rooms, skip_sid=skip_sid)


def moved(chat: Addressed, user_ids: Collection[int], *, enter: bool) -> None:
    """Let the open sockets of people into a group chat's room, or take them out, in every process."""
    if chat.direct_key or not user_ids:
        return
    people = [live.room_of(user_id) for user_id in user_ids]
    socketio.server.manager.move(live.NAMESPACE, people, room_of(chat.id), enter=enter)
    if not enter:
        socketio.server.manager.move(live.NAMESPACE, people, focus_room_of(chat.id), enter=False)


def show_items(chat_id: int, user_ids: Collection[int], popups: Collection[int]) -> None:
    """Push the chat as a new unread item; ``popups`` says who sees a popup."""
    _push(chat_id, user_ids, "notification", popups)


def changed_items(chat_id: int, user_ids: Collection[int]) -> None:
    """Push the chat as an item that was read, archived or muted elsewhere."""
    _push(chat_id, user_ids, "notification.changed", ())


def _push(chat_id: int, user_ids: Collection[int], event: str, popups: Collection[int]) -> None:
    if not user_ids:
        return
    if len(user_ids) > live.PAYLOADS_UP_TO:
        live.emit("feed.stale", {}, [live.room_of(user_id) for user_id in user_ids])
        return
    with db.engine.connect() as connection:
        items = chat_feed.items_of(connection, user_ids, [chat_id])
        counters = feed_counters.counters(connection, [user_id for user_id, _ in items])
    for user_id, item in items:
        payload = item if event != "notification" else {**item, "popup": user_id in popups}
        live.emit(event, payload, [live.room_of(user_id)])
        live.emit("counters", counters[user_id], [live.room_of(user_id)])


def removed(chat_id: int, user_ids: Collection[int], taken_by: str | None = None) -> None:
    """Tell people's tabs that a chat is no longer theirs; a client's, because somebody has taken it."""
    all_removed({chat_id: user_ids}, taken_by)


def all_removed(by_chat: Mapping[int, Collection[int]], taken_by: str | None = None) -> None:
    """Tell people's tabs that chats are no longer theirs. What they count is looked up once, however many chats go."""
    for chat_id, user_ids in by_chat.items():
        payload = {"id": chat_id, "removed": True} | ({"taken_by": taken_by} if taken_by else {})
        live.emit("chat.changed", payload, [live.room_of(user_id) for user_id in user_ids])
    everybody = list(dict.fromkeys(user_id for user_ids in by_chat.values() for user_id in user_ids))
    live.changed_feed(*everybody[: live.PAYLOADS_UP_TO])
    # The others' tabs ask for their numbers with the feed.
    live.emit("feed.stale", {}, [live.room_of(user_id) for user_id in everybody[live.PAYLOADS_UP_TO :]])


def typing(user_id: int, chat_id: int, sid: str, *, note: bool = False) -> dict[str, Any] | None:
    """Show the others that somebody is writing; return what they hear where it is an answer to a client.

    Raises NotFound for everybody who is not in the chat.
    """
    row = db.session.execute(
        text(
            f"SELECT c.id, c.kind, c.direct_key, {NAME_SQL} AS name, {FREE_SQL} AS free, m.role,"
            " nullif(trim(concat(u.first_name, ' ', u.last_name)), '') AS shown_name,"
            " CASE c.kind WHEN 'client' THEN (SELECT v.key FROM visitors v WHERE v.chat_id = c.id) END AS visitor_key,"
            " (SELECT count(*) FROM chat_members t WHERE t.chat_id = c.id AND t.left_at IS NULL) AS members"
            " FROM chat_members m JOIN chats c ON c.id = m.chat_id JOIN ab_user u ON u.id = m.user_id"
            " WHERE m.chat_id = :chat_id AND m.user_id = :user_id AND m.left_at IS NULL"
        ),
        {"chat_id": chat_id, "user_id": user_id},
    ).one_or_none()
    db.session.rollback()
    if row is None:
        raise NotFound("Chat")
    payload = {"chat_id": chat_id, "user_id": user_id, "name": row.name, "free": row.free}
    payload["note"] = note and row.kind == "client"
    tell_nearby("chat.typing", row, row.members, payload, skip_sid=sid)
    if row.kind != "client" or note or row.role == "guest":
        return None
    visitor_live.tell("typing", row.visitor_key, {"name": row.shown_name or ""})
    return payload
