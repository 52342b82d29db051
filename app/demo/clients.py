"""What the demo's clients wrote: open talks, two that wait, and a month of scores."""

from __future__ import annotations

import datetime as dt
import secrets

from flask_babel import gettext
from sqlalchemy import select, text

from app import clock
from app.demo import client_story, work
from app.extensions import db
from app.models.crm import Contact
from app.models.people import Group, User
from app.models.talks import Talk, Widget
from app.services.chats.drafts import Draft
from app.services.clients import client_messages, saved_answers, visitors
from app.services.clients.clients import Who
from app.services.talks import talk_flow

MINUTES_BETWEEN = 7


def load(people: dict[str, User]) -> None:
    """Open the widget and write its talks; nobody is told about them outside the center."""
    group_id = db.session.scalars(select(Group.id).where(Group.name == "Sales Office")).one()
    widget = Widget(
        name="Bike shop",
        key=secrets.token_urlsafe(12),
        greeting=client_story.GREETING,
        offline_text=client_story.OFFLINE,
        group_id=group_id,
    )
    db.session.add(widget)
    db.session.flush()
    load_answers(people["manager"])
    now = clock.now()
    work.load(people, widget, {name for name, *_ in client_story.OPEN_TALKS})
    for position, (name, served, score, comment) in enumerate(client_story.CLOSED_TALKS):
        lines = (("client", "Thank you for the help."), (served, "You are welcome!"))
        talk = _talk(widget, _known(name, people[served]), lines, people)
        _move(talk, now - dt.timedelta(days=2 + position * 26 / len(client_story.CLOSED_TALKS)))
        _close(talk, people[served], score, comment)
    for name, asked, answered, minutes in client_story.OPEN_TALKS:
        talk = _talk(widget, _known(name, people[answered[0]]), (asked, answered), people)
        _move(talk, now - dt.timedelta(minutes=minutes))
    for name, email, words, minutes in client_story.WAITING_TALKS:
        talk = _talk(widget, Who(_key(), name=name, email=email), (("client", words),), people)
        _move(talk, now - dt.timedelta(minutes=minutes))


def load_answers(owner: User) -> None:
    """Save the answers that everybody uses."""
    for name, body in client_story.SAVED_ANSWERS:
        saved_answers.create(owner, {"name": name, "body": body, "shared": True})


def settle() -> None:
    """What the demo's clients wait for is not told by itself; their leads are the newest news."""
    for statement in (
        # The clients have read their answers on the website: none goes to them by mail.
        "DELETE FROM deliveries WHERE purpose = 'client'",
        "UPDATE talks SET unanswered_due_at = NULL, told_at = coalesce(told_at, opened_at)",
        "UPDATE feed_items i SET at = t.last_public_at, unread = true, read_at = NULL FROM talks t"
        " WHERE i.subject_type = 'lead' AND i.subject_id = t.lead_id",
    ):
        db.session.execute(text(statement))


def _known(name: str, responsible: User) -> Who:
    contact = db.session.scalars(select(Contact).where(Contact.name == name)).one()
    contact.responsible_id = responsible.id
    db.session.flush()
    return Who(_key(), name=name, email=contact.email)


def _key() -> str:
    return secrets.token_hex(16)


def _talk(widget: Widget, who: Who, lines: tuple[tuple[str, str], ...], people: dict[str, User]) -> Talk:
    chat_id = 0
    for position, (author, words) in enumerate(lines):
        draft = Draft(client_id=f"demo-{position}", body=words)
        if author == "client":
            chat_id = client_messages.receive(visitors.door_of(widget), who, draft).chat_id
        else:
            client_messages.answer(people[author].id, chat_id, draft)
    talk = talk_flow.current(chat_id)
    assert talk is not None
    return talk


def _move(talk: Talk, last_at: dt.datetime) -> None:
    """Let it have happened then, and be read by who has it."""
    values = {"chat_id": talk.chat_id, "last_at": last_at, "minutes": MINUTES_BETWEEN, "number": talk.number}
    db.session.flush()
    for statement in (
        "UPDATE messages m SET created_at = :last_at"
        " - make_interval(mins => CAST((c.last_seq - m.seq) * :minutes AS int))"
        " FROM chats c WHERE c.id = m.chat_id AND c.id = :chat_id",
        "UPDATE chats SET last_message_at = :last_at, created_at = :last_at - interval '1 hour' WHERE id = :chat_id",
        "UPDATE chat_members m SET joined_at = :last_at - interval '1 hour', last_read_seq = c.last_seq"
        " FROM chats c WHERE c.id = m.chat_id AND c.id = :chat_id",
        "UPDATE chat_notices n SET noticed_seq = c.last_seq FROM chats c WHERE c.id = n.chat_id AND c.id = :chat_id",
        "UPDATE talks SET opened_at = :last_at - make_interval(mins => CAST(:minutes AS int)),"
        " last_public_at = :last_at,"
        " waiting_since = CASE WHEN waiting_since IS NOT NULL THEN CAST(:last_at AS timestamptz) END,"
        " taken_at = CASE WHEN responsible_id IS NOT NULL THEN CAST(:last_at AS timestamptz) END,"
        " first_reply_at = CASE WHEN first_reply_at IS NOT NULL THEN CAST(:last_at AS timestamptz) END"
        " WHERE number = :number",
        "UPDATE events e SET created_at = :last_at WHERE e.subject_type = 'talk' AND e.subject_id = :number",
    ):
        db.session.execute(text(statement), values)
    db.session.refresh(talk)


def _close(talk: Talk, by: User, score: int | None, comment: str) -> None:
    at = talk.last_public_at + dt.timedelta(minutes=5)
    talk.state, talk.closed_at, talk.closed_by_id = "closed", at, by.id
    talk.survey_asked_at, talk.score, talk.comment = at, score, comment or None
    talk.scored_at = at if score is not None else None
    db.session.flush()
    if score is not None:
        client_messages.announce(talk.chat_id, gettext("The client gave %(score)s of 10", score=score))
        _move(talk, talk.last_public_at)
