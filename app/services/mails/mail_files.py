"""Files that go out with a mail: known by what they hold, kept where those of mails that came in are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import select

from app.channels.base import Attachment
from app.errors import UserError
from app.extensions import db
from app.models.mailboxes import Mail, MailFile
from app.services.chats import chat_files, file_types

MOST_FILES = 10
# In a mail they are a third larger, and many servers refuse more than 25 MB.
MOST_BYTES = 18 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody chose; its name is anything."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that may go out. ``type`` was found out from its content."""

    name: str
    size: int
    type: str
    stream: BinaryIO


def check(uploads: Sequence[Upload]) -> list[Enclosure]:
    """Return what may go out; writes nothing. Raises UserError on ``files``."""
    if len(uploads) > MOST_FILES:
        raise UserError("too_many", f"At most {MOST_FILES} files", "files")
    checked = []
    for upload in uploads:
        name, size = chat_files.clean_name(upload.name), upload.stream.seek(0, 2)
        if size == 0:
            raise UserError("required", f"{name} is empty", "files")
        kind = file_types.recognise(upload.stream)
        if kind is None:
            raise UserError("file_type", f"{name} is of a kind that cannot be sent", "files")
        checked.append(Enclosure(name, size, kind, upload.stream))
    if sum(one.size for one in checked) > MOST_BYTES:
        raise UserError("file_too_big", f"All files together at most {MOST_BYTES // 1024 // 1024} MB", "files", 413)
    return checked


def keep(mail: Mail, files: Sequence[Enclosure], written: list[str]) -> None:
    """Store the files of a mail; ``written`` gets what must be deleted again where the transaction fails."""
    for file in files:
        stored_as = chat_files.put(file.stream)
        written.append(stored_as)
        db.session.add(MailFile(mail_id=mail.id, name=file.name, size=file.size, type=file.type, stored_as=stored_as))
    mail.has_files = bool(files)


def of_mail(mail: Mail) -> tuple[Attachment, ...]:
    """Return a mail's files as they are sent. Raises LookupError where one is gone."""
    if not mail.has_files:
        return ()
    rows = db.session.scalars(select(MailFile).where(MailFile.mail_id == mail.id).order_by(MailFile.id)).all()
    made = []
    for row in rows:
        path = chat_files.path_of(str(row.stored_as))
        if not path.exists():
            raise LookupError(f"the file {row.name} is gone")
        made.append(Attachment(row.name, path.read_bytes(), row.type))
    return tuple(made)
