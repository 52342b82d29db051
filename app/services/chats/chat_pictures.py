"""A group chat's own picture, and previews that become ready after their message was sent."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import text

from app import access, queue
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.people import User
from app.services import stored_files
from app.services.chats import chat_files, chat_live, chat_members, chats, file_types, message_pages
from app.services.chats.chat_messages import Place
from app.services.clients import client_messages
from app.transaction import on_commit

PICTURE_JOB = "app.jobs.thumbnails.make_chat_picture"
SIDE = 256
MAX_BYTES = 10 * 1024 * 1024
ENDING = ".picture"


def upload(actor: User, chat_id: int, stream: BinaryIO) -> None:
    """Take a new picture for a chat, which owners may; a job cuts it. Raises UserError on ``file``, NotFound."""
    own = access.access_chat(actor.id, chat_id)
    chat_members.require_group(own.chat)
    chat_members.require_owner(own)
    if stream.seek(0, 2) > MAX_BYTES:
        raise UserError("file_too_big", f"At most {MAX_BYTES // 1024 // 1024} MB", "file", 413)
    if not (file_types.recognise(stream) or "").startswith("image/"):
        raise UserError("file_type", "A picture is needed: PNG, JPEG, GIF or WebP", "file")
    stored_as = secrets.token_hex(20)
    stored_files.keep(stream, chat_files.path_of(stored_as))
    actor_id = actor.id
    on_commit(lambda: queue.enqueue(PICTURE_JOB, chat_id, actor_id, stored_as, queue="slow"))


def make_picture(chat_id: int, user_id: int, stored_as: str) -> None:
    """Cut an uploaded picture and show it; one that cannot be read changes nothing."""
    source, name = chat_files.path_of(stored_as), f"{stored_as}{ENDING}"
    actor = db.session.get(User, user_id)
    size = chat_files.scale(source, chat_files.path_of(name), (SIDE, SIDE), crop=True)
    source.unlink(missing_ok=True)
    if actor is None or size is None:
        return
    try:
        before = access.access_chat(user_id, chat_id).chat.picture
        chats.set_picture(actor, chat_id, name)
    except UserError:  # meanwhile archived, or no longer the owner's to change
        chat_files.path_of(name).unlink(missing_ok=True)
        return
    if before:
        on_commit(lambda: chat_files.path_of(before).unlink(missing_ok=True))


def remove(actor: User, chat_id: int) -> None:
    """Take a chat's picture away. Raises like upload."""
    before = access.access_chat(actor.id, chat_id).chat.picture
    chats.set_picture(actor, chat_id, None)
    if before:
        on_commit(lambda: chat_files.path_of(before).unlink(missing_ok=True))


def path_for(user_id: int, chat_id: int) -> Path:
    """Return the picture of one of the person's chats. Raises NotFound."""
    picture = access.access_chat(user_id, chat_id).chat.picture
    path = chat_files.path_of(picture) if picture else None
    if path is None or not path.exists():
        raise NotFound("Picture")
    return path


def show_preview(message_id: int) -> None:
    """Push a message again whose picture's preview is ready now."""
    row = db.session.execute(
        text(
            "UPDATE messages m SET changed_at = clock_timestamp() FROM chats c WHERE m.id = :id AND c.id = m.chat_id"
            " RETURNING c.id, c.kind, c.direct_key"
        ),
        {"id": message_id},
    ).one_or_none()
    if row is None:
        return
    db.session.execute(text("UPDATE chats SET changed_at = clock_timestamp() WHERE id = :id"), {"id": row.id})
    message = message_pages.one(db.session(), message_id)
    place = Place(row.id, row.kind, row.direct_key)
    on_commit(lambda: chat_live.tell("message.changed", place, message))
    if row.kind == "client":
        client_messages.changed(row.id, message_id)
