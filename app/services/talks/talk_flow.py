"""What messages do to a talk: open it, let it wait, take it by the first answer, reopen it, or be its score.

Every change locks the chat first and its talk after it.
"""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext
from sqlalchemy import select, text

from app import access, clock
from app.catalogue import Rule
from app.errors import Forbidden
from app.extensions import db
from app.models.chats import MemberRole
from app.models.crm import Contact
from app.models.people import User, full_name
from app.models.talks import Talk, TalkState
from app.services import audience, reading
from app.services.clients import client_members, door_faults, incoming
from app.services.clients.clients import Door
from app.services.notify import Subject, record_event
from app.services.records.responsible import may_have
from app.services.talks import nps, talk_live, talk_offers, working_hours
from app.services.tasks.task_news import person
from app.transaction import on_commit

# Working minutes without an answer until responsible and group, then the group's manager are told.
UNANSWERED_MINUTES = (5, 15)


def current(chat_id: int) -> Talk | None:
    """Return the newest talk of a chat, both locked; it may be closed."""
    db.session.execute(text("SELECT 1 FROM chats WHERE id = :id FOR NO KEY UPDATE"), {"id": chat_id})
    statement = select(Talk).where(Talk.chat_id == chat_id).order_by(Talk.number.desc()).limit(1)
    return db.session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one_or_none()


def on_client_message(door: Door, talk: Talk | None, chat_id: int, seq: int, body: str, *, unknown: bool) -> Talk:
    """Move the talk on by what the client wrote; return the talk that the message belongs to."""
    now = clock.now()
    if talk is not None and nps.takes_score(talk, body, now):
        nps.score_by_message(talk, body)
        return talk
    before = (talk.number, talk.state, talk.waiting_since) if talk is not None else None
    if talk is None or talk.state == TalkState.CLOSED:
        talk = open_talk(chat_id, door, seq, now, unknown=unknown, body=body)
    elif talk.state == TalkState.CLOSING:
        # Once per talk: the question is not asked again.
        talk.state = TalkState.OPEN
        announce(talk, gettext("The client wrote again: talk %(number)s is open", number=talk.number))
    talk.last_public_at = now
    _begin_waiting(talk, door, now)
    if talk_offers.offer(talk, now):
        announce(talk, talk_offers.words(talk))
    db.session.flush()
    # One who writes on while waiting changes nothing that anybody has to hear of besides the message.
    if before != (talk.number, talk.state, talk.waiting_since):
        talk_live.changed(talk)
    return talk


def on_answer(author_id: int, talk: Talk | None, chat_id: int, seq: int, body: str) -> Talk:
    """Move the talk on by a colleague's answer: it waits no more, and an untaken one is taken by it."""
    now, author = clock.now(), db.session.get_one(User, author_id)
    if access.is_free(author):
        guest_answers(author, chat_id)
    if talk is None or talk.state == TalkState.CLOSED:
        # We write first: the talk is the author's, or who had the one before keeps it.
        before, owner = talk, author
        if access.is_free(author):
            owner = before.responsible if before and before.responsible and may_have(before.responsible) else None
        talk = Talk(
            chat_id=chat_id,
            contact_id=before.contact_id if before else None,
            group_id=before.group_id if before else None,
            opened_at=now,
            first_seq=seq,
            last_public_at=now,
        )
        db.session.add(talk)
        db.session.flush()
        client_members.put(chat_id, [owner.id] if owner else group_of(talk), MemberRole.MEMBER)
        talk.responsible_id, talk.taken_at = (owner.id, now) if owner else (None, None)
    elif talk.state == TalkState.CLOSING:
        # A colleague has written since: the question is taken back.
        talk.state = TalkState.OPEN
    if talk.responsible_id != author_id and talk_offers.may_be_taken(talk) and not access.is_free(author):
        take(talk, author, gettext("%(name)s answered and has this talk now", name=full_name(author)))
    if talk.first_reply_at is None:
        talk.first_reply_at = now
        record_event("talk:answered", author_id, subject_of(talk), snapshot(talk) | {"by": person(author)}, told={})
    talk.last_public_at = now
    end_waiting(talk)
    db.session.flush()
    talk_live.changed(talk)
    return talk


def guest_answers(author: User, chat_id: int) -> None:
    """A free user answers a client only when invited to. Raises Forbidden."""
    role = client_members.role_of(chat_id, author.id)
    if role not in (MemberRole.MEMBER, MemberRole.HELPER):
        raise Forbidden("You were asked by a colleague: only notes are possible here")


def open_talk(chat_id: int, door: Door, seq: int, now: dt.datetime, *, unknown: bool, body: str) -> Talk:
    """Begin a talk. A known client's goes to who is responsible for the contact, any other to the door's group."""
    contact_id = db.session.execute(text("SELECT contact_id FROM chats WHERE id = :id"), {"id": chat_id}).scalar()
    contact = db.session.get(Contact, contact_id) if contact_id else None
    owner = contact.responsible if contact and contact.responsible_id else None
    if owner is not None and not may_have(owner):
        door_faults.note_deactivated(owner)
        owner = None
    talk = Talk(
        chat_id=chat_id,
        contact_id=contact_id,
        group_id=door.group_id or incoming.pipeline_group_id(),
        responsible_id=owner.id if owner else None,
        opened_at=now,
        first_seq=seq,
        last_public_at=now,
    )
    db.session.add(talk)
    db.session.flush()
    if owner is not None:
        client_members.put(chat_id, [owner.id], MemberRole.MEMBER)
    elif unknown and contact is not None:
        # The incoming lead carries the text and tells the group: the chat is not told as well.
        talk.told_at = now
        door_faults.check(talk.group_id, door)
        talk.lead_id = incoming.from_talk(contact, talk, door, body)
    else:
        door_faults.check(talk.group_id, door)
        client_members.put(chat_id, group_of(talk), MemberRole.MEMBER)
    return talk


def group_of(talk: Talk) -> list[int]:
    """Return who is told about an untaken talk: its group, else the admins."""
    return audience.members(talk.group_id) or audience.admins()


def take(talk: Talk, user: User, words: str) -> None:
    """Make an untaken talk somebody's; the others' copies say so, are read, and what was not sent is cancelled."""
    now = clock.now()
    talk.responsible_id, talk.taken_at, talk.offered_at = user.id, now, None
    db.session.flush()
    db.session.expire(talk, ["responsible"])
    contact = db.session.get(Contact, talk.contact_id) if talk.contact_id else None
    if contact is not None and contact.responsible_id is None:
        contact.responsible_id = user.id
    client_members.taken(talk.chat_id, user.id)
    reading.settle_subject(subject_of(talk).key, taken_by=full_name(user))
    if talk.lead_id is not None:
        incoming.taken(talk.lead_id, user)
    announce(talk, words)
    talk_live.changed(talk)


def end_waiting(talk: Talk) -> None:
    """Somebody answered, closed, or said that no answer is needed."""
    talk.waiting_since, talk.unanswered_due_at, talk.told_unanswered = None, None, 0
    talk_offers.withdraw(talk)
    reading.settle_subject(subject_of(talk).key)


def announce(talk: Talk, words: str) -> None:
    """Write a line of the system into the chat, for the team only."""
    from app.services.clients import client_messages

    client_messages.announce(talk.chat_id, words)


def subject_of(talk: Talk) -> Subject:
    """Return what notices about the talk itself are about."""
    return Subject("talk", talk.number)


def snapshot(talk: Talk) -> dict[str, object]:
    """Return what words about the talk are made of."""
    contact = db.session.get(Contact, talk.contact_id) if talk.contact_id else None
    return {
        "number": talk.number,
        "chat_id": talk.chat_id,
        "contact": contact.name if contact else "",
        "responsible": person(talk.responsible) if talk.responsible else None,
        "url": f"/center/?chat={talk.chat_id}",
    }


def told_to_group(talk: Talk, but: int | None = None) -> dict[int, Rule]:
    """Return the people of the talk's group by the rule that finds them."""
    return {user_id: Rule.GROUP for user_id in group_of(talk) if user_id != but}


def _begin_waiting(talk: Talk, door: Door, now: dt.datetime) -> None:
    if talk.waiting_since is not None:
        return
    talk.waiting_since, talk.told_unanswered = now, 0
    talk.unanswered_due_at = working_hours.minutes_later(door.working_hours, door.zone, now, UNANSWERED_MINUTES[0])
    on_commit(talk_live.waiting_changed)
