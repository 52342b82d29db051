"""Chats in digests and briefs: what quiet hours held and what is set to digest, told as one line per chat.

A chat is no notice: it is put in with the newest message that it is about, and worded from what is unread when the
digest or brief leaves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import text

from app import clock
from app.catalogue import KINDS, Channel, Rule
from app.extensions import db
from app.models.chats import Mute
from app.services import audience
from app.services.briefs import OPEN_BRIEF
from app.services.chats import chat_feed
from app.services.routing import Outcome, choose_channels

# What "send my digest now" looks through.
MAX_AGAIN = 200


class Collected(Protocol):
    """A delivery that may hold chats."""

    @property
    def id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class HeldChat:
    """A chat that waits for the end of a hold, for one address."""

    chat_id: int
    user_id: int
    channel: str
    address: str
    until: dt.datetime
    tag: str
    rule: str
    seq: int


@dataclass(frozen=True, slots=True)
class ChatContent:
    """One chat that a digest or brief is made of; ``item`` is how the center shows it now, None for who has left."""

    delivery_id: int
    chat_id: int
    user_id: int
    tag: str
    rule: str
    seq: int
    item: Mapping[str, Any] | None

    @property
    def why_not(self) -> str | None:
        """Tell why there is nothing to say about it any more."""
        if self.item is None:
            return "not_a_member"
        chat = self.item["chat"]
        if not self.item["unread"] or self.item["archived"] or chat["last_read_seq"] >= self.seq:
            return "already_read"
        if chat["mute"] == Mute.ALL or (chat["mute"] == Mute.ALL_BUT_MENTIONS and not chat["mention"]):
            return "muted"
        return None


_HOLD = text(f"""
WITH held AS (
    SELECT * FROM unnest(CAST(:chat_ids AS int[]), CAST(:user_ids AS int[]), CAST(:channels AS text[]),
                         CAST(:addresses AS text[]), CAST(:untils AS timestamptz[]), CAST(:tags AS text[]),
                         CAST(:rules AS text[]), CAST(:seqs AS bigint[]))
        AS held(chat_id, user_id, channel, address, until, tag, rule, seq)
),
{OPEN_BRIEF}
INSERT INTO delivery_chats (delivery_id, chat_id, tag, rule, seq)
SELECT brief.id, held.chat_id, held.tag, held.rule, held.seq FROM held JOIN brief USING (user_id, channel, address)
ON CONFLICT (delivery_id, chat_id) DO UPDATE SET
    tag = excluded.tag, rule = excluded.rule, seq = greatest(delivery_chats.seq, excluded.seq)
""")

# A mention is the stronger reason: it stays when others write after it.
_WAIT = text("""
INSERT INTO chats_for_digest AS w (user_id, chat_id, tag, rule, seq)
SELECT user_id, chat_id, tag, rule, seq
FROM unnest(CAST(:user_ids AS int[]), CAST(:chat_ids AS int[]), CAST(:tags AS text[]), CAST(:rules AS text[]),
            CAST(:seqs AS bigint[])) AS news(user_id, chat_id, tag, rule, seq) ORDER BY user_id, chat_id
ON CONFLICT (user_id, chat_id) DO UPDATE SET
    tag = CASE w.tag WHEN 'chat:mention' THEN w.tag ELSE excluded.tag END,
    rule = CASE w.tag WHEN 'chat:mention' THEN w.rule ELSE excluded.rule END,
    seq = greatest(w.seq, excluded.seq)
""")

_CONTENTS = text("""
SELECT c.delivery_id, c.chat_id, d.user_id, c.tag, c.rule, c.seq
FROM delivery_chats c JOIN deliveries d ON d.id = c.delivery_id
WHERE c.delivery_id = ANY(:ids) ORDER BY c.delivery_id, c.chat_id
""")

_UNREAD = text(f"""
SELECT c.id, c.kind, c.last_seq, m.mute, coalesce(n.mention, false) AS mention,
       c.kind = 'client' AND m.user_id IS DISTINCT FROM (
           SELECT t.responsible_id FROM talks t WHERE t.chat_id = c.id ORDER BY t.number DESC LIMIT 1) AS of_group
FROM chat_members m JOIN chats c ON c.id = m.chat_id
LEFT JOIN LATERAL {chat_feed.WAITING} n ON true
WHERE m.user_id = :user_id AND {chat_feed.PRESENT} AND NOT {chat_feed.PUT_AWAY} AND {chat_feed.UNREAD}
ORDER BY c.last_message_at DESC NULLS LAST LIMIT :limit
""")


def hold(held: Sequence[HeldChat]) -> None:
    """Put chats into their address's open brief: one statement."""
    if not held:
        return
    db.session.execute(
        _HOLD,
        {
            "chat_ids": [one.chat_id for one in held],
            "user_ids": [one.user_id for one in held],
            "channels": [one.channel for one in held],
            "addresses": [one.address for one in held],
            "untils": [one.until for one in held],
            "tags": [one.tag for one in held],
            "rules": [one.rule for one in held],
            "seqs": [one.seq for one in held],
            "now": clock.now(),
        },
    )


def wait_for_digest(news: Sequence[tuple[int, int, str, str, int]]) -> None:
    """Let chats wait for their people's next digest; each is (user id, chat id, tag, rule, newest message)."""
    # Two reasons for one chat at once would touch the row twice: the later one stands.
    known = {(user_id, chat_id): (user_id, chat_id, tag, rule, seq) for user_id, chat_id, tag, rule, seq in news}
    if not known:
        return
    user_ids, chat_ids, tags, rules, seqs = zip(*known.values(), strict=True)
    values = {"user_ids": user_ids, "chat_ids": chat_ids, "tags": tags, "rules": rules, "seqs": seqs}
    db.session.execute(_WAIT, {name: list(column) for name, column in values.items()})


def contents_of(deliveries: Sequence[Collected]) -> list[ChatContent]:
    """Return the chats that digests and briefs are made of, as they are now: two statements, however many."""
    if not deliveries:
        return []
    rows = db.session.execute(_CONTENTS, {"ids": [delivery.id for delivery in deliveries]}).all()
    if not rows:
        return []
    items = chat_feed.items_of(db.session(), {row.user_id for row in rows}, {row.chat_id for row in rows})
    known = {(user_id, item["chat"]["id"]): item for user_id, item in items}
    return [ChatContent(**row._mapping, item=known.get((row.user_id, row.chat_id))) for row in rows]


def again(user_id: int) -> None:
    """Let a person's unread chats wait for the digest that was asked for, where their kind's mails are set to it."""
    rows = db.session.execute(_UNREAD, {"user_id": user_id, "limit": MAX_AGAIN}).all()
    found: list[tuple[int, int, str, str, int]] = []
    digest: dict[tuple[str, Rule], bool] = {}
    for row in rows:
        if row.mute == Mute.ALL or (row.mute == Mute.ALL_BUT_MENTIONS and not row.mention):
            continue
        tag = "chat:mention" if row.mention else chat_feed.tag_of(row.kind)
        rule = Rule.GROUP if row.of_group else Rule.RESPONSIBLE if row.kind == "client" else Rule.MEMBER
        rule = Rule.MENTIONED if row.mention else rule
        if (tag, rule) not in digest:
            digest[tag, rule] = _is_digest(user_id, tag, rule)
        if digest[tag, rule]:
            found.append((user_id, row.id, tag, rule.value, row.last_seq))
    wait_for_digest(found)


def _is_digest(user_id: int, tag: str, rule: Rule) -> bool:
    kind = KINDS[tag]
    account = audience.account_defaults(kind.row)
    return any(
        decision.channel is Channel.EMAIL and decision.outcome is Outcome.DIGEST
        for person in audience.recipients(kind, {user_id: rule})
        for decision in choose_channels(kind, person.facts, account)
    )
