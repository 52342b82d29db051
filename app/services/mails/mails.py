"""Reading mails: a thread with its files."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload, undefer

from app import access
from app.extensions import db
from app.models.mailboxes import Mail, MailFile
from app.models.people import User
from app.services import reading
from app.services.mails import mail_answers, mail_pictures
from app.services.mails.mail_news import subject_of

THREAD_MAX = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail of a thread; ``own`` and ``quoted`` are its text without and with what it repeats.

    ``files`` lie beside it; pictures inside its HTML are not among them. ``blocked``: it wanted to load others.
    """

    mail: Mail
    files: list[MailFile]
    own: str
    quoted: str
    has_html: bool
    blocked: bool
    may_answer: bool


def thread_of(user: User, mail: Mail) -> list[Letter]:
    """Return the newest mails of a thread that a person may open, oldest first. Two statements."""
    statement = (
        select(Mail)
        .where(
            Mail.mailbox_id == mail.mailbox_id,
            (Mail.thread_id == mail.thread_id) | (Mail.id == mail.id),
            access.visible_mails(user),
        )
        .options(joinedload(Mail.author), joinedload(Mail.mailbox), undefer(Mail.body), undefer(Mail.html))
        .order_by(Mail.received_at.desc(), Mail.id.desc())
        .limit(THREAD_MAX)
    )
    found = list(db.session.scalars(statement).unique())
    files: dict[int, list[MailFile]] = defaultdict(list)
    ids = [one.id for one in found if one.has_files]
    if ids:
        for file in db.session.scalars(select(MailFile).where(MailFile.mail_id.in_(ids)).order_by(MailFile.id)):
            files[file.mail_id].append(file)
    letters = []
    for one in reversed(found):
        own, quoted = _split(one.body)
        inside = mail_pictures.inside(one.html, files[one.id])
        letters.append(
            Letter(
                mail=one,
                files=[file for file in files[one.id] if file.id not in inside],
                own=own,
                quoted=quoted,
                has_html=one.html is not None,
                blocked=mail_pictures.has_others(one.html),
                may_answer=mail_answers.may_be_answered(one),
            )
        )
    return letters


def html_of(mail: Mail) -> str:
    """Return a mail's cleaned HTML with the pictures that came inside it."""
    if not mail.html or "cid:" not in mail.html:
        return mail.html or ""
    files = db.session.scalars(select(MailFile).where(MailFile.mail_id == mail.id).order_by(MailFile.id)).all()
    return mail_pictures.shown(mail.html, files)


def seen(user: User, mail: Mail) -> None:
    """A person opened a mail: its thread's notice is read for that person. Must run inside a transaction()."""
    reading.settle_subject(subject_of(mail.id, int(mail.thread_id or mail.id)).key, only_user_id=user.id)


def _split(body: str) -> tuple[str, str]:
    """What somebody wrote, and from the first block on that only repeats: lines that begin with >, to the end."""
    lines = body.splitlines()
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith(">")):
        end -= 1
    if end == len(lines) or not any(line.startswith(">") for line in lines[end:]):
        return body, ""
    # "… wrote:" belongs to what is repeated.
    if end and lines[end - 1].rstrip().endswith(":"):
        end -= 1
    own = "\n".join(lines[:end]).strip()
    return (own, "\n".join(lines[end:]).strip()) if own else (body, "")
