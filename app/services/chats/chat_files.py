"""Files in chats: kept under random names outside of anything that is served, handed out to members only."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from flask import current_app
from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import select, text

from app import access, clock, queue
from app.errors import UserError
from app.extensions import db
from app.models.chats import ChatFile, ThumbnailState
from app.services import stored_files
from app.services.chats import file_types
from app.transaction import on_commit

THUMBNAIL_JOB = "app.jobs.thumbnails.make_thumbnail"
THUMBNAIL_SIZE = (640, 480)
# A picture that unpacks to more is not opened: a small file can claim to be a huge one.
MAX_PIXELS = 50_000_000
LOOSE_FOR = dt.timedelta(hours=24)
NAME_LENGTH = 150
FOLDER = "chat"


def url_of(file_id: int) -> str:
    """Return where a file is downloaded."""
    return f"/api/v1/files/{file_id}"


def thumbnail_url_of(file_id: int) -> str:
    """Return where a picture's preview is."""
    return f"/api/v1/files/{file_id}/thumbnail"


def max_bytes() -> int:
    """Return how big one file may be."""
    return int(current_app.config["MAX_CONTENT_LENGTH"])


def store(user_id: int, chat_id: int, name: str, stream: BinaryIO) -> ChatFile:
    """Keep an uploaded file until it is sent with a message. Raises UserError on ``file``, NotFound for the chat."""
    chat = access.access_chat(user_id, chat_id).chat
    if chat.archived_at is not None:
        raise UserError("archived", "This chat is archived", status=409)
    return keep(chat_id, name, stream, uploader_id=user_id)


def keep(
    chat_id: int, name: str, stream: BinaryIO, *, uploader_id: int | None = None, by_visitor: bool = False
) -> ChatFile:
    """Keep a file of somebody who may write into the chat. Raises UserError on ``file``."""
    size = stream.seek(0, 2)
    if size == 0:
        raise UserError("required", "This file is empty", "file")
    if size > max_bytes():
        raise UserError("file_too_big", f"At most {max_bytes() // 1024 // 1024} MB", "file", 413)
    kind = file_types.recognise(stream)
    if kind is None:
        raise UserError("file_type", "Files of this kind cannot be shared here", "file")
    stored_as = put(stream)
    picture = kind.startswith("image/")
    file = ChatFile(
        chat_id=chat_id,
        uploader_id=uploader_id,
        by_visitor=by_visitor,
        name=clean_name(name),
        size=size,
        type=kind,
        stored_as=stored_as,
        thumbnail=ThumbnailState.PENDING if picture else ThumbnailState.NONE,
    )
    db.session.add(file)
    db.session.flush()
    if picture:
        file_id = file.id
        on_commit(lambda: queue.enqueue(THUMBNAIL_JOB, file_id, queue="slow"))
    return file


def loose(user_id: int | None, chat_id: int, file_ids: Sequence[int]) -> list[int]:
    """Return the ids of a person's files that wait for a message, locked; None is the chat's client.

    Raises UserError on ``file_ids``.
    """
    rows = db.session.execute(
        text(
            "SELECT id FROM chat_files WHERE id = ANY(:ids) AND chat_id = :chat_id"
            f" AND {'by_visitor' if user_id is None else 'uploader_id = :user_id'}"
            " AND message_id IS NULL AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE"
        ),
        {"ids": list(file_ids), "chat_id": chat_id, "user_id": user_id},
    )
    found = [row.id for row in rows]
    if len(found) != len(set(file_ids)):
        raise UserError("invalid", "Upload these files to this chat first", "file_ids")
    return found


def attach(file_ids: Sequence[int], message_id: int) -> None:
    """Let files go with a message."""
    db.session.execute(
        text("UPDATE chat_files SET message_id = :message_id WHERE id = ANY(:ids)"),
        {"message_id": message_id, "ids": list(file_ids)},
    )


def make_thumbnail(file_id: int) -> ChatFile | None:
    """Make a picture's preview; return the file when something changed. A picture that cannot be read gets none."""
    file = db.session.scalars(select(ChatFile).where(ChatFile.id == file_id).with_for_update()).one_or_none()
    if file is None or file.deleted_at is not None or file.thumbnail != ThumbnailState.PENDING:
        return None
    size = scale(path_of(file.stored_as), thumbnail_of(file.stored_as), THUMBNAIL_SIZE)
    if size is None:
        file.thumbnail = ThumbnailState.NONE
    else:
        file.thumbnail = ThumbnailState.DONE
        file.width, file.height = size
    db.session.flush()
    return file


def scale(source: Path, target: Path, box: tuple[int, int], *, crop: bool = False) -> tuple[int, int] | None:
    """Write a picture as WebP that fits ``box`` (``crop``: fills it); return its own size, None when it is none.

    Written anew: whatever else the file held, places and dates included, does not come along.
    """
    try:
        with Image.open(source, formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return None
            upright = ImageOps.exif_transpose(picture)
            size = upright.size
            still = upright.convert("RGBA" if upright.mode in ("RGBA", "LA", "P", "PA") else "RGB")
            if crop:
                still = ImageOps.fit(still, box)
            else:
                still.thumbnail(box)
            scratch = target.with_suffix(".new")
            still.save(scratch, "WEBP", quality=82, exif=b"")
            scratch.replace(target)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return size


def enqueue_pending() -> int:
    """Queue previews whose job was lost. Each is made once: what is done is not done again. Return 0: all at once."""
    rows = db.session.execute(
        text(
            "SELECT id FROM chat_files WHERE thumbnail = 'pending' AND deleted_at IS NULL AND created_at < :before"
            " ORDER BY id LIMIT 100"
        ),
        {"before": clock.now() - dt.timedelta(seconds=30)},
    ).all()
    queue.enqueue_many(THUMBNAIL_JOB, [(row.id,) for row in rows], queue="slow")
    return 0


def remove_loose(limit: int = 200) -> int:
    """Forget files that were never sent, and the contents of deleted ones. Return how many."""
    rows = db.session.execute(
        text(
            "DELETE FROM chat_files WHERE id IN (SELECT id FROM chat_files WHERE message_id IS NULL"
            " AND created_at < :before ORDER BY created_at LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING stored_as"
        ),
        {"before": clock.now() - LOOSE_FOR, "limit": limit},
    ).all()
    names = [row.stored_as for row in rows]
    on_commit(lambda: unlink(names))
    return len(names)


def remove_contents(message_id: int) -> None:
    """Delete what the files of a deleted message held, once that is committed."""
    rows = db.session.execute(text("SELECT stored_as FROM chat_files WHERE message_id = :id"), {"id": message_id})
    names = [row.stored_as for row in rows]
    on_commit(lambda: unlink(names))


def put(stream: BinaryIO) -> str:
    """Keep what may be shared under a new random name; return the name."""
    stored_as = secrets.token_hex(20)
    stored_files.keep(stream, path_of(stored_as))
    return stored_as


def path_of(stored_as: str) -> Path:
    """Return where a file is kept."""
    return stored_files.folder(FOLDER) / stored_as


def thumbnail_of(stored_as: str) -> Path:
    """Return where a picture's preview is kept."""
    return stored_files.folder(FOLDER) / f"{stored_as}.webp"


def clean_name(name: str) -> str:
    """Keep a name's last part without what could end a header or hide its ending."""
    last = name.replace("\\", "/").rpartition("/")[2]
    cleaned = " ".join("".join(char for char in last if char.isprintable()).split()).strip(". ")
    if len(cleaned) > NAME_LENGTH:
        stem, dot, ending = cleaned.rpartition(".")
        cleaned = f"{stem[: NAME_LENGTH - 20]}{dot}{ending[:19]}" if dot else cleaned[:NAME_LENGTH]
    return cleaned or "file"


def unlink(names: Sequence[str]) -> None:
    """Delete stored files and their previews; after the commit that forgot them."""
    for name in names:
        path_of(name).unlink(missing_ok=True)
        thumbnail_of(name).unlink(missing_ok=True)
