"""Notes on cards: what somebody wrote down for colleagues."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app import access
from app.errors import Forbidden, NotFound, UserError
from app.extensions import db
from app.models.people import User
from app.models.records import Note
from app.services.notify import Subject
from app.services.records import history

LENGTH_MAX = 10_000
SHOWN_MAX = 50


def add(actor: User, subject: Subject, body: object) -> Note:
    """Write a note on a card that the caller may open. Raises UserError on ``body``."""
    cleaned = str(body or "").replace("\x00", "").strip()
    if not cleaned:
        raise UserError("required", "Write something first", "body")
    if len(cleaned) > LENGTH_MAX:
        raise UserError("too_long", f"At most {LENGTH_MAX} characters", "body")
    note = Note(subject_type=subject.type, subject_id=subject.id, author_id=actor.id, body=cleaned)
    db.session.add(note)
    db.session.flush()
    history.record(f"{subject.type}:note", actor, subject, {"note_id": note.id})
    return note


def delete(actor: User, subject: Subject, note_id: int) -> None:
    """Delete a note: its author's or an admin's right. Raises NotFound, Forbidden."""
    note = db.session.get(Note, note_id) if 0 < note_id <= access.LARGEST_ID else None
    if note is None or (note.subject_type, note.subject_id) != (subject.type, subject.id):
        raise NotFound("Note")
    if note.author_id != actor.id and not access.is_admin(actor):
        raise Forbidden("Only its author and admins may delete this note")
    db.session.delete(note)
    db.session.flush()


def of(subject: Subject) -> list[Note]:
    """Return a card's notes, the newest first."""
    statement = (
        select(Note)
        .where(Note.subject_type == subject.type, Note.subject_id == subject.id)
        .options(joinedload(Note.author))
        .order_by(Note.id.desc())
        .limit(SHOWN_MAX)
    )
    return list(db.session.scalars(statement))
