"""What happened on the demo's cards over the last weeks: how leads went through the stages, notes, and talk about them.

Rows of the past, written at once: nobody is told of them.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import insert, select, text

from app import clock
from app.demo import story
from app.extensions import db
from app.models.chats import MemberRole
from app.models.crm import Company, Contact, Lead, Stage, Task
from app.models.notifications import Event
from app.models.people import User, full_name
from app.models.records import Note
from app.services.chats import chat_messages
from app.services.chats.drafts import read_draft
from app.services.clients import client_members
from app.services.records import card_chats
from app.services.tasks.task_news import person

# Younger than that is what the center shows as news: the cards' history stops there.
QUIET = dt.timedelta(hours=36)
CARD_CHAT_MINUTES = 9
Row = dict[str, Any]


def load(people: Mapping[str, User]) -> None:
    """Write the past of all cards, oldest first, as it would have been written."""
    chance, now = random.Random(11), clock.now()
    leads = list(db.session.scalars(select(Lead).order_by(Lead.id.desc())))
    stages = list(db.session.scalars(select(Stage).order_by(Stage.position)))
    by_id = {user.id: user for user in people.values()}
    rows = [row for record in _contacts_and_companies() for row in _made(record, people["admin"], now)]
    for number, lead in enumerate(leads):
        actor = by_id.get(lead.responsible_id or 0, people["manager"])
        rows += _of_lead(number, lead, actor, people["manager"], stages, chance, now)
    _link_tasks(leads)
    rows.sort(key=lambda row: row["created_at"])
    db.session.execute(insert(Event), rows)
    _talk(leads, people, now)


def settle() -> None:
    """Leads were last changed when something happened to them, not when the demo was made."""
    db.session.flush()
    db.session.execute(
        text(
            "UPDATE leads l SET changed_at = greatest(l.created_at, e.at)"
            " FROM (SELECT subject_id, max(created_at) AS at FROM events"
            " WHERE subject_type = 'lead' GROUP BY subject_id) e WHERE e.subject_id = l.id"
        )
    )


def _contacts_and_companies() -> Sequence[Contact | Company]:
    return [*db.session.scalars(select(Company)), *db.session.scalars(select(Contact))]


def _made(record: Contact | Company, actor: User, now: dt.datetime) -> list[Row]:
    record.created_at = now - dt.timedelta(days=61 - record.id % 3, hours=record.id)
    kind = type(record).__name__.lower()
    return [_event(f"{kind}:created", actor, kind, record.id, record.created_at, name=record.name, source="manual")]


def _of_lead(
    number: int,
    lead: Lead,
    actor: User,
    manager: User,
    stages: Sequence[Stage],
    chance: random.Random,
    now: dt.datetime,
) -> list[Row]:
    """Its making, how it came to where it is, who got it, and what was written down on the way."""
    at, end = lead.created_at, min(lead.closed_at or now, now - QUIET)
    rows = [_event("lead:created", actor if lead.source == "manual" else None, "lead", lead.id, at, **_named(lead))]
    if lead.responsible_id is None or at >= end:
        return rows
    if lead.source != "manual":
        lead.incoming_at, lead.answered_at, lead.answered_by_id = at, at + dt.timedelta(minutes=14), actor.id
        rows.append(_event("lead:accepted", actor, "lead", lead.id, lead.answered_at, **_named(lead)))
    steps = _way(stages, lead.stage_id, lost_after=chance.randint(1, 3))
    moments = sorted(at + (end - at) * chance.uniform(0.15, 1) for _ in steps)
    if lead.closed_at is not None and moments:
        moments[-1] = lead.closed_at
    for (before, after), moment in zip(steps, moments, strict=True):
        act = after.kind if after.kind in ("won", "lost") else "stage"
        rows.append(
            _event(f"lead:{act}", actor, "lead", lead.id, moment, **_named(lead), old=before.name, new=after.name)
        )
    if number % 5 == 2 and actor is not manager:
        names = {"old": full_name(manager), "new": full_name(actor)}
        rows.append(_event("lead:assigned", manager, "lead", lead.id, at + (end - at) * 0.1, **_named(lead), **names))
    if number % 2 == 0:
        words = story.NOTES[number // 2 % len(story.NOTES)]
        moment = at + (end - at) * chance.uniform(0.3, 0.9)
        note = Note(subject_type="lead", subject_id=lead.id, author_id=actor.id, body=words, created_at=moment)
        db.session.add(note)
        db.session.flush()
        rows.append(_event("lead:note", actor, "lead", lead.id, moment, note_id=note.id))
    return rows


def _way(stages: Sequence[Stage], stage_id: int, *, lost_after: int) -> list[tuple[Stage, Stage]]:
    """Return the steps from the first open stage to where the lead is; a lost one leaves earlier."""
    open_ones = [stage for stage in stages if stage.kind == "open"]
    here = next(stage for stage in stages if stage.id == stage_id)
    if here.kind == "open":
        path = open_ones[: open_ones.index(here) + 1]
    else:
        path = [*(open_ones if here.kind == "won" else open_ones[: lost_after + 1]), here]
    return list(pairwise(path))


def _link_tasks(leads: Sequence[Lead]) -> None:
    """A task about a contact is about the contact's newest lead."""
    newest: dict[int | None, int] = {}
    for lead in leads:
        newest.setdefault(lead.contact_id, lead.id)
    for task in db.session.scalars(select(Task)):
        task.lead_id = newest.get(task.contact_id)
    db.session.flush()


def _talk(leads: Sequence[Lead], people: Mapping[str, User], now: dt.datetime) -> None:
    """The internal chats of a few cards; what is mentioned there shares the card, as in real life."""
    for number, (name, lines) in enumerate(story.CARD_CHATS):
        lead = next(lead for lead in leads if lead.name == name)
        chat_id = card_chats.open_chat(people[lines[0][0]], lead)
        for position, (username, words) in enumerate(lines):
            client_members.put(chat_id, [people[username].id], MemberRole.MEMBER, news=0)
            draft = read_draft({"client_id": f"demo-card-{number}-{position}", "body": words})
            chat_messages.send(people[username].id, chat_id, draft)
        values = {"chat_id": chat_id, "at": now - dt.timedelta(hours=40 + 5 * number), "minutes": CARD_CHAT_MINUTES}
        for statement in (
            "UPDATE messages m SET created_at = :at"
            " - make_interval(mins => CAST((c.last_seq - m.seq) * :minutes AS int))"
            " FROM chats c WHERE c.id = m.chat_id AND c.id = :chat_id",
            "UPDATE chats SET last_message_at = :at, created_at = :at - interval '1 day' WHERE id = :chat_id",
            "UPDATE chat_members m SET joined_at = :at - interval '1 day', last_read_seq = c.last_seq"
            " FROM chats c WHERE c.id = m.chat_id AND c.id = :chat_id",
            "UPDATE chat_notices n SET noticed_seq = c.last_seq FROM chats c"
            " WHERE c.id = n.chat_id AND c.id = :chat_id",
            "UPDATE card_shares s SET created_at = :at FROM chats c"
            " WHERE c.id = :chat_id AND s.subject_type = c.subject_type AND s.subject_id = c.subject_id",
            "UPDATE events e SET created_at = :at FROM chats c WHERE c.id = :chat_id AND e.tag = 'lead:shared'"
            " AND e.subject_type = c.subject_type AND e.subject_id = c.subject_id",
        ):
            db.session.execute(text(statement), values)


def _named(lead: Lead) -> dict[str, Any]:
    return {"name": lead.name, "source": lead.source}


def _event(tag: str, actor: User | None, kind: str, record_id: int, at: dt.datetime, **data: Any) -> Row:
    return {
        "tag": tag,
        "actor_id": actor.id if actor else None,
        "subject_type": kind,
        "subject_id": record_id,
        "data": {"by": person(actor)} | data,
        "created_at": at,
    }
