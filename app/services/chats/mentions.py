"""Who is meant by @…: ``@username`` of a member, ``@Group name`` of a user group, ``@all``. Clients only show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.errors import UserError
from app.extensions import db
from app.services.people.names import NAME_SQL

CONFIRM_ALL_ABOVE = 15
MAX_SPANS = 50
ALL = "all"

# An @ inside a word belongs to a mail address.
_AT = re.compile(r"(?<![\w@])@(?=\S)")
_WORD = re.compile(r"[^\s@]{1,64}")
_TRAILING = ".,;:!?)]}'\"…"

_CANDIDATES = text(f"""
SELECT 'user' AS kind, u.id, u.username AS token, {NAME_SQL} AS name, ARRAY[u.id] AS user_ids
FROM chat_members m JOIN ab_user u ON u.id = m.user_id
WHERE m.chat_id = :chat_id AND m.left_at IS NULL AND lower(u.username) = ANY(:words)
UNION ALL
-- A card's chat is open to every colleague: being mentioned lets them in.
SELECT 'user', u.id, u.username, {NAME_SQL}, ARRAY[u.id] FROM ab_user u
WHERE (SELECT kind FROM chats WHERE id = :chat_id) = 'card' AND u.active AND lower(u.username) = ANY(:words)
UNION ALL
SELECT 'group', g.id, g.name, coalesce(nullif(g.label, ''), g.name),
       ARRAY(SELECT u.id FROM ab_user_group ug JOIN ab_user u ON u.id = ug.user_id AND u.active
             LEFT JOIN chat_members m ON m.user_id = u.id AND m.chat_id = :chat_id AND m.left_at IS NULL
             WHERE ug.group_id = g.id
               AND (m.user_id IS NOT NULL OR (SELECT kind FROM chats WHERE id = :chat_id) = 'card'))
FROM ab_group g WHERE strpos(:body, '@' || lower(g.name)) > 0
""")


@dataclass(frozen=True, slots=True)
class Mentions:
    """``spans`` as clients show them, ``user_ids`` the members meant by name or group."""

    spans: tuple[dict[str, Any], ...] = ()
    user_ids: tuple[int, ...] = ()
    everybody: bool = False


NONE = Mentions()


def resolve(chat_id: int, author_id: int, body: str) -> Mentions:
    """Find whom a text means among the chat's members; what is not known stays text. No statement without an @."""
    starts = [match.end() for match in _AT.finditer(body)][:MAX_SPANS]
    if not starts:
        return NONE
    words = {form for start in starts for form in _forms(body, start)}
    rows = db.session.execute(_CANDIDATES, {"chat_id": chat_id, "words": sorted(words), "body": body.lower()}).all()
    tokens = {row.token.lower(): row for row in rows}
    spans, user_ids, everybody = [], set[int](), False
    for start in starts:
        token = _longest(body, start, [*tokens, ALL])
        if token is None:
            continue
        end = start + len(token)
        row = tokens.get(token)
        if row is None:
            everybody = True
            spans.append(_span(body, start, end, {"kind": ALL, "id": None, "name": ALL}))
        else:
            user_ids.update(row.user_ids)
            spans.append(_span(body, start, end, {"kind": row.kind, "id": row.id, "name": row.name}))
    return Mentions(tuple(spans), tuple(sorted(user_ids - {author_id})), everybody)


def require_confirmation(chat_id: int, confirmed: bool) -> None:
    """Refuse @all in a chat of more than CONFIRM_ALL_ABOVE members, until the author says that it is meant."""
    members = db.session.execute(
        text("SELECT count(*) FROM chat_members WHERE chat_id = :chat_id AND left_at IS NULL"), {"chat_id": chat_id}
    ).scalar_one()
    if members > CONFIRM_ALL_ABOVE and not confirmed:
        raise UserError("confirm_all", f"This would tell all {members} members. Send it?", "confirm_all", 409)


def named(body: str, spans: Sequence[Mapping[str, Any]]) -> str:
    """Return a text, or its beginning, in which who is mentioned has a name: what lists and notices show of it."""
    units, at = body.encode("utf-16-le"), 0
    shown: list[str] = []
    for span in spans:
        start, end = 2 * int(span["start"]), 2 * int(span["end"])
        if at <= start < end <= len(units):
            shown += [units[at:start].decode("utf-16-le", "replace"), f"@{span['name']}"]
            at = end
    return "".join([*shown, units[at:].decode("utf-16-le", "replace")])


def _forms(body: str, start: int) -> Iterable[str]:
    """The word behind an @ and what is left of it without the punctuation that follows it."""
    match = _WORD.match(body, start)
    word = match.group().lower() if match else ""
    while word:
        yield word
        word = word[:-1] if word[-1] in _TRAILING else ""


def _longest(body: str, start: int, tokens: Iterable[str]) -> str | None:
    found = [token for token in tokens if _is_at(body, start, token)]
    return max(found, key=len) if found else None


def _is_at(body: str, start: int, token: str) -> bool:
    end = start + len(token)
    if body[start:end].lower() != token:
        return False
    # "@ann" does not mean Ann in "@anna"; punctuation may follow.
    rest = body[end:]
    return not rest or not (rest[0].isalnum() or rest[0] in "_-@") or rest[0].isspace()


def _span(body: str, start: int, end: int, meant: Mapping[str, Any]) -> dict[str, Any]:
    return {"start": _utf16(body[: start - 1]), "end": _utf16(body[:end]), **meant}


def _utf16(text_before: str) -> int:
    """Length as JavaScript counts it."""
    return len(text_before.encode("utf-16-le")) // 2
