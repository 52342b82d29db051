"""From something that happened to the rows that tell people about it: Event → FeedItem, Notification, Delivery.

The number of statements does not depend on how many people are told.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, text

from app import clock
from app.catalogue import KINDS, Channel, Kind, Rule, Tab
from app.extensions import db
from app.models.notifications import Event
from app.services import audience, briefs, live, outbound
from app.services.audience import Recipient
from app.services.briefs import Held
from app.services.routing import (
    DIGEST_OUTCOMES,
    POPUP_OUTCOMES,
    AccountDefaults,
    Decision,
    Facts,
    Outcome,
    choose_channels,
)
from app.transaction import on_commit


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about. Notices about one subject collapse into one row of the center.

    ``row`` names another row than the subject's own: calls of one number are one.
    """

    type: str
    id: int
    row: str = ""

    @property
    def key(self) -> str:
        """Return e.g. ``task:5``."""
        return self.row or f"{self.type}:{self.id}"


_UPSERT_ITEMS = text("""
INSERT INTO feed_items AS item
    (user_id, subject_key, subject_type, subject_id, tab, event_tag, event_id, rule, at, unread, read_at)
SELECT told.user_id, :subject_key, :subject_type, :subject_id, :tab, :tag, :event_id, told.rule, :at,
       CAST(:unread AS boolean), CASE WHEN NOT CAST(:unread AS boolean) THEN CAST(:at AS timestamptz) END
FROM unnest(CAST(:user_ids AS int[]), CAST(:rules AS text[])) AS told(user_id, rule)
ON CONFLICT (user_id, subject_key) DO UPDATE SET
    count = CASE WHEN NOT item.unread OR item.archived THEN 1
                 WHEN item.event_tag = ANY(CAST(:replaces AS text[])) THEN item.count
                 ELSE item.count + 1 END,
    subject_type = excluded.subject_type, subject_id = excluded.subject_id,
    event_tag = excluded.event_tag, event_id = excluded.event_id, rule = excluded.rule, tab = excluded.tab,
    at = excluded.at, unread = excluded.unread, archived = false, remind_at = NULL, read_at = excluded.read_at,
    taken = NULL,
    changed_at = clock_timestamp()
RETURNING item.id, item.user_id
""")

# Decisions repeat: they travel once each, people refer to them by number.
_TELL = text("""
WITH told AS (
    INSERT INTO notifications (event_id, user_id, feed_item_id, rule, decisions, for_digest, created_at)
    SELECT :event_id, person.user_id, person.item_id, person.rule, CAST(:choices AS jsonb) -> person.choice,
           (CAST(:choices AS jsonb) -> person.choice ->> 'email') = ANY(CAST(:digest_outcomes AS text[])), :at
    FROM unnest(CAST(:user_ids AS int[]), CAST(:item_ids AS bigint[]), CAST(:rules AS text[]), CAST(:choice AS int[]))
        AS person(user_id, item_id, rule, choice)
    ON CONFLICT (event_id, user_id) DO NOTHING
    RETURNING id, user_id
),
written AS (
    INSERT INTO deliveries (dedupe_key, purpose, event_tag, channel, address, user_id, notification_id, state,
                            not_before, queued_until, created_at)
    SELECT 'n:' || told.id || ':' || out.channel || ':' || out.address, 'notice', :tag, out.channel, out.address,
           told.user_id, told.id, 'pending', CAST(:at AS timestamptz) + make_interval(secs => out.delay_seconds),
           CASE WHEN out.delay_seconds = 0 THEN CAST(:queued_until AS timestamptz) END, :at
    FROM unnest(CAST(:out_user_ids AS int[]), CAST(:out_channels AS text[]), CAST(:out_addresses AS text[]),
                CAST(:out_delays AS int[])) AS out(user_id, channel, address, delay_seconds)
    JOIN told ON told.user_id = out.user_id
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id, channel, queued_until
)
SELECT id, channel, NULL AS user_id FROM written WHERE queued_until IS NOT NULL
UNION ALL
SELECT id, NULL, user_id FROM told WHERE user_id = ANY(CAST(:held_user_ids AS int[]))
""")


def record_event(
    tag: str,
    actor_id: int | None,
    subject: Subject,
    data: Mapping[str, Any],
    *,
    told: Mapping[int, Rule] | None = None,
) -> int:
    """Record what happened and tell everybody concerned; return the event's id.

    ``data`` is the snapshot that words are made of, JSON; it is never re-read from the records. ``told`` names the
    people where the caller knows them; otherwise the kind's audience rule finds them. Must run inside a transaction().
    """
    kind = KINDS[tag]
    at = clock.now()
    event_id: int = db.session.execute(
        insert(Event)
        .values(
            tag=tag,
            actor_id=actor_id,
            subject_type=subject.type,
            subject_id=subject.id,
            data=dict(data),
            created_at=at,
        )
        .returning(Event.id)
    ).scalar_one()
    told = audience.people_of(kind, data, actor_id) if told is None else told
    url = str(data.get("url") or "")
    people = audience.recipients(kind, told, url=url)
    if not people and told and kind.tab is Tab.LEADS:  # a client whom nobody of these may open is not lost by that
        people = audience.recipients(kind, dict.fromkeys(audience.admins(), Rule.GROUP), url=url)
    # A kind that is hidden from free users is nothing for their center either.
    people = [person for person in people if person.facts.role != "free" or kind.reaches_free(person.facts.rule)]
    if people:
        _tell(kind, event_id, subject, people, at)
    return event_id


def _tell(kind: Kind, event_id: int, subject: Subject, people: list[Recipient], at: dt.datetime) -> None:
    chosen = _choose(kind, people, {} if kind.silent else audience.account_defaults(kind.row))
    rules = [person.facts.rule.value for person in people]
    user_ids = audience.ids(people)
    item_ids = {
        row.user_id: row.id
        for row in db.session.execute(
            _UPSERT_ITEMS,
            {
                "subject_key": subject.key,
                "subject_type": subject.type,
                "subject_id": subject.id,
                "tab": kind.tab.value,
                "tag": kind.tag,
                "event_id": event_id,
                "at": at,
                "replaces": sorted(kind.replaces),
                "unread": not kind.silent,
                "user_ids": user_ids,
                "rules": rules,
            },
        )
    }
    leaving = [
        (person, decision, address)
        for person in people
        for decision in chosen[person.facts]
        if decision.leaves_the_house
        for address in person.addresses(decision.channel)
    ]
    held = [person for person in people if any(decision.is_held for decision in chosen[person.facts])]
    choices = list(chosen)
    number = {facts: position for position, facts in enumerate(choices)}
    written = db.session.execute(
        _TELL,
        {
            "event_id": event_id,
            "tag": kind.tag,
            "at": at,
            "queued_until": at + outbound.QUEUED_FOR,
            "choices": json.dumps([_as_json(chosen[facts]) for facts in choices]),
            "user_ids": user_ids,
            "item_ids": [item_ids[user_id] for user_id in user_ids],
            "rules": rules,
            "choice": [number[person.facts] for person in people],
            "digest_outcomes": sorted(DIGEST_OUTCOMES),
            "out_user_ids": [person.user_id for person, _, _ in leaving],
            "out_channels": [decision.channel.value for _, decision, _ in leaving],
            "out_addresses": [address for _, _, address in leaving],
            "out_delays": [decision.delay_seconds for _, decision, _ in leaving],
            "held_user_ids": audience.ids(held),
        },
    ).all()
    due = [(row.channel, row.id) for row in written if row.user_id is None]
    if held:
        notices = {row.user_id: row.id for row in written if row.user_id is not None}
        briefs.hold(_held(held, notices, chosen))
    popups = {person.user_id for person in people if _pops_up(chosen[person.facts])}
    on_commit(lambda: live.show_items(item_ids, popups))
    on_commit(lambda: outbound.enqueue(due))


def _choose(kind: Kind, people: list[Recipient], account: AccountDefaults) -> dict[Facts, tuple[Decision, ...]]:
    """Decide once per distinct set of facts: thousands of people share a handful."""
    chosen = {person.facts for person in people}
    if kind.silent:
        nothing = tuple(Decision(channel, Outcome.SILENT) for channel in Channel)
        return dict.fromkeys(chosen, nothing)
    return {facts: choose_channels(kind, facts, account) for facts in chosen}


def _held(
    people: list[Recipient], notices: Mapping[int, int], chosen: Mapping[Facts, tuple[Decision, ...]]
) -> list[Held]:
    return [
        Held(notices[person.user_id], person.user_id, decision.channel.value, address, person.facts.held.until)
        for person in people
        if person.facts.held is not None and person.user_id in notices
        for decision in chosen[person.facts]
        if decision.is_held
        for address in person.addresses(decision.channel)
    ]


def _as_json(decisions: tuple[Decision, ...]) -> dict[str, str]:
    return {decision.channel.value: decision.outcome.value for decision in decisions}


def _pops_up(decisions: tuple[Decision, ...]) -> bool:
    return any(decision.outcome in POPUP_OUTCOMES for decision in decisions)
