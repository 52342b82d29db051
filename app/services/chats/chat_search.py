"""Find people, user groups, chats, messages and clients as one types: at most 20 of each, only what one may read."""

from __future__ import annotations

import re
from typing import Any

from flask_appbuilder.security.sqla.models import assoc_user_group
from sqlalchemy import func, or_, select, text

from app import access
from app.extensions import db
from app.models.base import sort_key_of
from app.models.chats import ChatKind
from app.models.crm import Contact
from app.models.people import Group, User, full_name
from app.models.talks import Talk
from app.services.chats import chat_feed
from app.services.chats.message_pages import author_of
from app.services.people.names import FREE_SQL, NAME_SQL
from app.services.searching import contact_has, escaped

LIMIT = 20
# So many matching clients are looked at for the first ones by name.
CLIENTS_MAX = 500
MAX_QUERY = 100
MAX_WORDS = 8
MAX_DIGITS = 18
_WORD = re.compile(r"\w+")
# Marks that no text holds: they become numbers before anything is shown.
_START, _STOP = "\ue000", "\ue001"
_HEADLINE = f"StartSel={_START}, StopSel={_STOP}, MaxWords=28, MinWords=12, ShortWord=0, MaxFragments=1"

_CHATS = text("""
SELECT c.id, c.kind, c.name AS title, c.picture, c.archived_at IS NOT NULL AS archived,
       (SELECT count(*) FROM chat_members t WHERE t.chat_id = c.id AND t.left_at IS NULL) AS members
FROM chat_members m JOIN chats c ON c.id = m.chat_id
WHERE m.user_id = :user_id AND m.left_at IS NULL AND c.kind IN ('group', 'card')
  AND (c.sort_key LIKE :starts OR c.sort_key LIKE :word)
ORDER BY c.archived_at IS NOT NULL, c.sort_key LIKE :starts DESC, c.last_message_at DESC NULLS LAST LIMIT :limit
""")

# The newest matches of the person's own chats; the snippet is only made for those that are shown.
_MESSAGES = f"""
WITH hits AS MATERIALIZED (
    SELECT x.id FROM messages x
    WHERE x.words @@ to_tsquery('simple', :query) AND x.deleted_at IS NULL AND x.author_kind <> 'system'
      AND EXISTS (SELECT FROM chat_members m WHERE m.chat_id = x.chat_id AND m.user_id = :user_id
                  AND m.left_at IS NULL AND m.from_seq <= x.seq)
      {{in_chat}}
    ORDER BY x.id DESC LIMIT :limit
)
SELECT x.id, x.chat_id, x.seq, x.created_at, x.author_id, x.author_kind, c.kind,
       CASE x.author_kind WHEN 'visitor' THEN (SELECT k.name FROM contacts k WHERE k.id = c.contact_id)
           ELSE {NAME_SQL} END AS author, {FREE_SQL} AS author_free,
       ts_headline('simple', translate(x.body, '{_START}{_STOP}', ''), to_tsquery('simple', :query), '{_HEADLINE}')
           AS snippet,
       CASE WHEN c.kind IN ('group', 'card') THEN c.name
           WHEN c.kind = 'client' THEN (SELECT k.name FROM contacts k WHERE k.id = c.contact_id) ELSE (
           SELECT {NAME_SQL} FROM chat_members t JOIN ab_user u ON u.id = t.user_id
           WHERE t.chat_id = c.id AND t.user_id <> :user_id LIMIT 1) END AS title
FROM hits JOIN messages x ON x.id = hits.id JOIN chats c ON c.id = x.chat_id LEFT JOIN ab_user u ON u.id = x.author_id
ORDER BY x.id DESC
"""


def find(user: User, q: str, chat_id: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return what matches ``q``, or only the messages of one chat. Raises NotFound for the chat."""
    words = q.replace("\x00", "").strip()[:MAX_QUERY]
    if chat_id is not None:
        access.access_chat(user.id, chat_id)
        return {"messages": _messages(user.id, words, chat_id)}
    key = escaped(sort_key_of(words))
    if not key:
        return {"people": [], "groups": [], "chats": [], "messages": [], "clients": []}
    return {
        "people": _people(user, words, key),
        "groups": _groups(user, key),
        "chats": chats(user.id, words),
        "messages": _messages(user.id, words, None),
        "clients": _clients(user, words),
    }


def mentionable(user_id: int, chat_id: int, typed: str) -> dict[str, Any]:
    """Return who can be mentioned in a chat, by what was typed behind the @. Raises NotFound."""
    own = access.access_chat(user_id, chat_id)
    key = escaped(sort_key_of(typed[:MAX_QUERY]))
    values = {"chat_id": chat_id, "user_id": user_id, "starts": f"{key}%", "word": f"% {key}%"}
    is_card = own.chat.kind == ChatKind.CARD
    # Whoever is mentioned on a card is let in: all colleagues are offered.
    among = "" if is_card else "m.chat_id = :chat_id AND m.left_at IS NULL AND"
    join = "" if is_card else "JOIN chat_members m ON u.id = m.user_id"
    people = db.session.execute(
        text(
            f"SELECT u.id, u.username, {NAME_SQL} AS name, u.picture, {FREE_SQL} AS free"
            f" FROM ab_user u {join}"
            f" WHERE {among} u.active AND u.id <> :user_id"
            " AND (u.sort_key LIKE :starts OR u.sort_key LIKE :word OR lower(u.username) LIKE :starts)"
            " ORDER BY u.sort_key, u.id LIMIT 8"
        ),
        values,
    )
    groups = db.session.execute(
        text(
            "SELECT g.id, g.name FROM ab_group g WHERE (g.sort_key LIKE :starts OR g.sort_key LIKE :word)"
            " AND (:is_card OR EXISTS (SELECT FROM ab_user_group ug JOIN chat_members m ON m.user_id = ug.user_id"
            "  WHERE ug.group_id = g.id AND m.chat_id = :chat_id AND m.left_at IS NULL))"
            " ORDER BY g.sort_key, g.id LIMIT 8"
        ),
        values | {"is_card": is_card},
    )
    is_group = own.chat.kind == ChatKind.GROUP or is_card
    return {
        "people": [
            {"id": row.id, "username": row.username, "name": row.name, "picture_url": row.picture, "free": row.free}
            for row in people
        ],
        "groups": [{"id": row.id, "name": row.name} for row in groups] if is_group else [],
        "all": is_group and "all".startswith(typed.strip().lower()),
    }


def _people(user: User, words: str, key: str) -> list[dict[str, Any]]:
    starts = or_(_like(User.sort_key, f"{key}%"), _like(User.username, f"{escaped(words.lower())}%"))
    rows = db.session.scalars(
        select(User)
        .where(access.visible_users(user), User.active, User.id != user.id)
        .where(or_(starts, _like(User.sort_key, f"% {key}%")))
        .order_by(starts.desc(), User.sort_key, User.id)
        .limit(LIMIT)
    ).all()
    return [
        {
            "id": row.id,
            "username": row.username,
            "name": full_name(row),
            "free": row.limited,
            "picture_url": row.picture,
        }
        for row in rows
    ]


def _groups(user: User, key: str) -> list[dict[str, Any]]:
    members = (
        select(func.count())
        .select_from(assoc_user_group)
        .join(User, User.id == assoc_user_group.c.user_id)
        .where(assoc_user_group.c.group_id == Group.id, User.active)
        .scalar_subquery()
    )
    statement = (
        select(Group.id, Group.name, Group.label, members.label("members"))
        .where(access.visible_groups(user))
        .where(or_(_like(Group.sort_key, f"{key}%"), _like(Group.sort_key, f"% {key}%")))
        .order_by(Group.sort_key, Group.id)
        .limit(LIMIT)
    )
    return [
        {"id": row.id, "name": row.label or row.name, "members": row.members} for row in db.session.execute(statement)
    ]


def chats(user_id: int, words: str) -> list[dict[str, Any]]:
    """Return the person's group and card chats of which a word begins like that."""
    key = escaped(sort_key_of(words))
    values = {"user_id": user_id, "starts": f"{key}%", "word": f"% {key}%", "limit": LIMIT}
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "title": row.title,
            "members": row.members,
            "archived": row.archived,
            "picture_url": chat_feed.picture_url(row.id, row.picture),
            "url": chat_feed.url_of(row.id),
        }
        for row in db.session.execute(_CHATS, values)
    ]


def _messages(user_id: int, words: str, chat_id: int | None) -> list[dict[str, Any]]:
    query = _query(words)
    if not query:
        return []
    statement = _MESSAGES.format(in_chat="AND x.chat_id = :chat_id" if chat_id is not None else "")
    values = {"query": query, "user_id": user_id, "limit": LIMIT}
    rows = db.session.execute(text(statement), values | ({"chat_id": chat_id} if chat_id is not None else {}))
    return [_hit(row) for row in rows]


def _hit(row: Any) -> dict[str, Any]:
    snippet, highlights = _highlighted(" ".join(row.snippet.split()))
    return {
        "id": row.id,
        "chat_id": row.chat_id,
        "seq": row.seq,
        "chat_title": row.title,
        "chat_kind": row.kind,
        "author": author_of(row.author_kind, row.author_id, row.author, row.author_free),
        "snippet": snippet,
        "highlights": highlights,
        "at": row.created_at.isoformat(),
        "url": chat_feed.url_of(row.chat_id, row.seq),
    }


def _clients(user: User, words: str) -> list[dict[str, Any]]:
    # Found first and sorted then: sorting first would read on and on for the last rare one.
    found = (
        select(Contact.id, Contact.name, Contact.email, Contact.sort_key)
        .where(access.visible_contacts(user), contact_has(words))
        .limit(CLIENTS_MAX)
        .cte()
        .prefix_with("MATERIALIZED")
    )
    chat = (
        select(func.max(Talk.chat_id))
        .where(Talk.contact_id == found.c.id, access.visible_talks(user))
        .scalar_subquery()
    )
    statement = select(found, chat.label("chat_id")).order_by(found.c.sort_key, found.c.id).limit(LIMIT)
    by_number = _by_talk_number(user, words)
    numbered = {one["id"] for one in by_number}
    named = [
        {
            "id": row.id,
            "name": row.name,
            "email": row.email,
            "chat_id": row.chat_id,
            "url": f"/contactview/show/{row.id}",
        }
        for row in db.session.execute(statement)
    ]
    return [*by_number, *(one for one in named if one["id"] not in numbered)][:LIMIT]


def _by_talk_number(user: User, words: str) -> list[dict[str, Any]]:
    """Return the client of the talk whose number was typed, with where that talk begins."""
    digits = words.removeprefix("#")
    if not digits.isascii() or not digits.isdigit() or len(digits) > MAX_DIGITS:
        return []
    statement = (
        select(Talk.number, Talk.chat_id, Talk.first_seq, Contact.id, Contact.name, Contact.email)
        .join(Contact, Contact.id == Talk.contact_id)
        .where(Talk.number == int(digits), access.visible_talks(user))
    )
    return [
        {
            "id": row.id,
            "name": row.name,
            "email": row.email,
            "chat_id": row.chat_id,
            "talk": row.number,
            "seq": row.first_seq,
            "url": f"/contactview/show/{row.id}",
        }
        for row in db.session.execute(statement)
    ]


def _query(words: str) -> str:
    """All words must be there, the last one may still be unfinished. Nothing of it is query language."""
    found = _WORD.findall(words.lower())[:MAX_WORDS]
    return " & ".join(f"'{word}':*" for word in found)


def _highlighted(marked: str) -> tuple[str, list[list[int]]]:
    """Turn marks into offsets as JavaScript counts them."""
    plain, spans, at = "", [], 0
    for piece in re.split(f"([{_START}{_STOP}])", marked):
        if piece == _START:
            spans.append([at, at])
        elif piece == _STOP:
            spans[-1][1] = at
        else:
            plain += piece
            at += len(piece.encode("utf-16-le")) // 2
    return plain, spans


def _like(column: Any, pattern: str) -> Any:
    return column.like(pattern, escape="\\")
