"""Who is told about new messages outside the chat itself: decided after the commit, set-based, once per message.

``chat_notices`` remembers up to which message that was done: the outbox of chats. A job does it within a moment; what
a killed process or an emptied Redis left behind is found by the beat.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Row, text

from app import clock, queue
from app.catalogue import KINDS, Rule
from app.extensions import db, socketio
from app.models.chats import ChatKind, Mute
from app.services import audience, outbound
from app.services.audience import Recipient
from app.services.chats import chat_collected, chat_feed, chat_live, presence
from app.services.chats.chat_collected import HeldChat
from app.services.clients import client_news
from app.services.records import card_sight
from app.services.routing import DIGEST_OUTCOMES, POPUP_OUTCOMES, Decision, Outcome, choose_channels
from app.transaction import on_commit, transaction

NOTICE_JOB = "app.jobs.chat_notices.notice_chats"
# The first message of a quiet chat is decided at once; a busy chat at most that often in each process, however many
# messages it has: most of them change nothing for who was told already.
WAKE_SECONDS = 0.15
BUSY_SECONDS = 2.0
MAX_MESSAGES = 200
BATCH_SIZE = 50
FOLLOWED_UP_TO = 20
# What is younger than that is still the job's.
LEFT_BEHIND = dt.timedelta(seconds=3)

# Chat → when it is due, and when it was decided last, by the process's own clock.
_waiting: dict[int, float] = {}
_decided: dict[int, float] = {}
_lock = threading.Lock()

_CLAIM = text("""
SELECT n.noticed_seq, least(c.last_seq, n.noticed_seq + :most) AS upto, c.kind
FROM chat_notices n JOIN chats c ON c.id = n.chat_id
WHERE n.chat_id = :chat_id FOR UPDATE OF n SKIP LOCKED
""")

_CONCERNED = text("""
WITH news AS (
    SELECT seq, author_id, mentions_all, mentioned_ids FROM messages
    WHERE chat_id = :chat_id AND seq > :after AND seq <= :upto AND author_kind <> 'system' AND deleted_at IS NULL
), concerned AS (
    SELECT m.user_id, m.role, m.mute, m.last_read_seq,
           bool_or(n.mentions_all OR coalesce(m.user_id = ANY(n.mentioned_ids), false)) AS mentioned
    FROM chat_members m JOIN news n ON n.seq > m.last_read_seq AND n.author_id IS DISTINCT FROM m.user_id
    WHERE m.chat_id = :chat_id AND m.left_at IS NULL GROUP BY m.user_id, m.role, m.mute, m.last_read_seq
)
SELECT p.*, coalesce(before.any_unread, false) AS was_unread,
       coalesce(CASE p.mute WHEN 'none' THEN before.any_unread ELSE before.any_mention END, false) AS was_told
FROM concerned p LEFT JOIN LATERAL (
    SELECT true AS any_unread,
           bool_or(x.mentions_all OR coalesce(p.user_id = ANY(x.mentioned_ids), false)) AS any_mention
    FROM (SELECT mentions_all, mentioned_ids FROM messages x WHERE x.chat_id = :chat_id AND x.seq > p.last_read_seq
          AND x.seq <= :after AND x.author_kind <> 'system' AND x.deleted_at IS NULL
          AND x.author_id IS DISTINCT FROM p.user_id ORDER BY x.seq DESC LIMIT 100) x
    HAVING count(*) > 0
) before ON true
""")

# One per chat and address until it is read: the key says up to where it had been. What is held is told by a brief;
# its own row only says so, and that the chat was told.
_WRITE = text("""
INSERT INTO deliveries (dedupe_key, purpose, event_tag, channel, address, user_id, state, skip_reason, finished_at,
                        not_before, queued_until, data, created_at)
SELECT concat_ws(':', 'chat', CAST(:chat_id AS int), o.user_id, o.channel, o.address, o.read_seq), 'chat', o.tag,
       o.channel, o.address, o.user_id, CASE WHEN o.held THEN 'skipped' ELSE 'pending' END,
       CASE WHEN o.held THEN 'held' END, CASE WHEN o.held THEN CAST(:now AS timestamptz) END,
       o.not_before, CASE WHEN o.not_before <= :now THEN CAST(:queued_until AS timestamptz) END,
       jsonb_build_object('chat_id', CAST(:chat_id AS int), 'tag', o.tag, 'rule', o.rule, 'read_seq', o.read_seq), :now
FROM unnest(CAST(:user_ids AS int[]), CAST(:channels AS text[]), CAST(:addresses AS text[]),
            CAST(:times AS timestamptz[]), CAST(:read_seqs AS bigint[]), CAST(:tags AS text[]), CAST(:rules AS text[]),
            CAST(:helds AS boolean[]))
    AS o(user_id, channel, address, not_before, read_seq, tag, rule, held)
ON CONFLICT (dedupe_key) DO NOTHING
RETURNING id, channel, address, user_id, state = 'skipped' AS held, queued_until IS NOT NULL AS due
""")


@dataclass(frozen=True, slots=True)
class Way:
    """One channel and address by which one person is told."""

    person: Recipient
    decision: Decision
    address: str
    read_seq: int
    tag: str


def wake(chat_id: int) -> None:
    """Have it decided soon who is told about a chat's new messages; costs the sender nothing."""
    now = time.monotonic()
    with _lock:
        first = not _waiting
        _waiting.setdefault(chat_id, max(now + WAKE_SECONDS, _decided.get(chat_id, 0.0) + BUSY_SECONDS))
    if first:
        socketio.start_background_task(_flush, current_app._get_current_object())  # type: ignore[attr-defined]


def decide(chat_id: int) -> int:
    """Tell about the messages of a chat that nobody was told about yet; return how many were looked at.

    The number of statements does not depend on how many members there are. Somebody else at it: 0.
    """
    with transaction():
        claimed = db.session.execute(_CLAIM, {"chat_id": chat_id, "most": MAX_MESSAGES}).one_or_none()
        if claimed is None or claimed.upto <= claimed.noticed_seq:
            return 0
        _tell(chat_id, claimed)
        db.session.execute(
            text("UPDATE chat_notices SET noticed_seq = :upto WHERE chat_id = :chat_id"),
            {"chat_id": chat_id, "upto": claimed.upto},
        )
        return int(claimed.upto - claimed.noticed_seq)


def sweep(limit: int = 100) -> int:
    """Decide what was left behind. Return how many chats."""
    rows = db.session.execute(
        text(
            "SELECT c.id FROM chats c JOIN chat_notices n ON n.chat_id = c.id WHERE c.last_seq > n.noticed_seq"
            " AND c.changed_at < clock_timestamp() - CAST(:age AS interval) LIMIT :limit"
        ),
        {"limit": limit, "age": LEFT_BEHIND},
    ).all()
    db.session.rollback()
    return sum(1 for row in rows if decide(row.id))


def correct_unread(chat_id: int, seq: int) -> None:
    """A message was deleted: correct the counters of those who had not read it, and take it off the screen."""
    with db.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT user_id FROM chat_members WHERE chat_id = :id AND left_at IS NULL AND last_read_seq < :seq"),
            {"id": chat_id, "seq": seq},
        ).all()
    chat_live.changed_items(chat_id, [row.user_id for row in rows])


def _tell(chat_id: int, claimed: Row[Any]) -> None:
    rows = db.session.execute(
        _CONCERNED, {"chat_id": chat_id, "after": claimed.noticed_seq, "upto": claimed.upto}
    ).all()
    if rows and claimed.kind == ChatKind.CARD:
        rows = card_sight.concerned(chat_id, rows)
    looking = presence.looking_at(chat_id) if rows else frozenset()
    told = {row.user_id: row for row in rows if _is_told(row) and row.user_id not in looking}
    popups: set[int] = set()
    ways: list[Way] = []
    for_digest: list[tuple[int, int, str, str, int]] = []
    for tag, of_tag in _by_tag(chat_id, claimed, told).items():
        if not of_tag:
            continue
        kind = KINDS[tag]
        people = audience.recipients(kind, of_tag)
        account = audience.account_defaults(kind.row)
        chosen = {facts: choose_channels(kind, facts, account) for facts in {person.facts for person in people}}
        for person in people:
            row = told[person.user_id]
            for decision in chosen[person.facts]:
                if decision.outcome in POPUP_OUTCOMES and not row.was_told:
                    popups.add(person.user_id)
                if decision.outcome in DIGEST_OUTCOMES:
                    for_digest.append((person.user_id, chat_id, tag, person.facts.rule.value, claimed.upto))
                if decision.leaves_the_house or decision.outcome is Outcome.HELD:
                    for address in person.addresses(decision.channel):
                        ways.append(Way(person, decision, address, row.last_read_seq, tag))
    _write(chat_id, claimed.upto, ways)
    chat_collected.wait_for_digest(for_digest)
    became_unread = [row.user_id for row in rows if not row.was_unread or row.user_id in popups]
    on_commit(lambda: chat_live.show_items(chat_id, became_unread, popups))
    # Who has it unread already sees its row move up with the new words; in bigger chats the message itself says it.
    follow = [row.user_id for row in rows if row.user_id not in became_unread]
    if len(follow) <= FOLLOWED_UP_TO:
        on_commit(lambda: chat_live.changed_items(chat_id, follow))


def _by_tag(chat_id: int, claimed: Row[Any], told: Mapping[int, Row[Any]]) -> dict[str, dict[int, Rule]]:
    """Who is told about which kind of news, and by which rule."""
    mentioned = {user_id: Rule.MENTIONED for user_id, row in told.items() if row.mentioned}
    others = [user_id for user_id in told if user_id not in mentioned]
    if claimed.kind == ChatKind.CLIENT:
        rules = client_news.rules_of(chat_id, claimed.noticed_seq, claimed.upto, others)
        return {"chat:client_message": rules, "chat:mention": mentioned}
    return {chat_feed.tag_of(claimed.kind): dict.fromkeys(others, Rule.MEMBER), "chat:mention": mentioned}


def _is_told(row: Row[Any]) -> bool:
    """A mention still comes through, unless the chat is muted altogether."""
    return row.mute == Mute.NONE or (row.mute == Mute.ALL_BUT_MENTIONS and bool(row.mentioned))


def _write(chat_id: int, upto: int, ways: list[Way]) -> None:
    if not ways:
        return
    now = clock.now()
    written = db.session.execute(
        _WRITE,
        {
            "chat_id": chat_id,
            "now": now,
            "queued_until": now + outbound.QUEUED_FOR,
            "user_ids": [way.person.user_id for way in ways],
            "channels": [way.decision.channel.value for way in ways],
            "addresses": [way.address for way in ways],
            "times": [_not_before(way, now) for way in ways],
            "read_seqs": [way.read_seq for way in ways],
            "tags": [way.tag for way in ways],
            "rules": [way.person.facts.rule.value for way in ways],
            "helds": [way.decision.is_held for way in ways],
        },
    ).all()
    chat_collected.hold(
        _held(chat_id, upto, ways, {(row.user_id, row.channel, row.address) for row in written if row.held})
    )
    due = [(row.channel, row.id) for row in written if row.due]
    on_commit(lambda: outbound.enqueue(due))


def _held(chat_id: int, upto: int, ways: list[Way], new: set[tuple[int, str, str]]) -> list[HeldChat]:
    """What goes into briefs: a chat that its reader was told about before, and has not read, is not told again."""
    held = []
    for way in ways:
        person, channel, hold = way.person, way.decision.channel.value, way.person.facts.held
        if hold is not None and (person.user_id, channel, way.address) in new:
            rule = person.facts.rule.value
            held.append(HeldChat(chat_id, person.user_id, channel, way.address, hold.until, way.tag, rule, upto))
    return held


def _not_before(way: Way, now: dt.datetime) -> dt.datetime:
    """Held news waits for the end of what holds it; what is read until then is not sent."""
    held = way.person.facts.held
    if way.decision.outcome is Outcome.HELD and held is not None:
        return held.until
    return now + dt.timedelta(seconds=way.decision.delay_seconds)


def _flush(app: Any) -> None:
    """Queue what is due until nothing waits any more."""
    while True:
        socketio.sleep(WAKE_SECONDS)
        now = time.monotonic()
        with _lock:
            due = sorted(chat_id for chat_id, at in _waiting.items() if at <= now)
            for chat_id in due:
                del _waiting[chat_id]
            for chat_id in [chat_id for chat_id, at in _decided.items() if at < now - BUSY_SECONDS]:
                del _decided[chat_id]
            _decided.update(dict.fromkeys(due, now))
            done = not _waiting
        if due:
            batches = [due[start : start + BATCH_SIZE] for start in range(0, len(due), BATCH_SIZE)]
            with app.app_context():
                queue.enqueue_many(NOTICE_JOB, [(batch,) for batch in batches], queue="push")
        if done:
            return
