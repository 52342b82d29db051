"""People's pictures: cut to a square by a job, served to everybody who is signed in.

``User.picture`` holds the picture's address. Its name is random and new with every picture, so browsers may keep it.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from pathlib import Path
from typing import BinaryIO

from app import queue
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.people import User
from app.services import stored_files
from app.services.chats import chat_files, file_types
from app.transaction import on_commit

JOB = "app.jobs.thumbnails.make_person_picture"
SIDE = 256
MAX_BYTES = 10 * 1024 * 1024
FOLDER = "people"
ADDRESS = "/people/pictures/"
ENDING = ".webp"


def upload(actor: User, stream: BinaryIO | None) -> None:
    """Take a new picture of oneself; a job cuts it. Raises UserError on ``picture``."""
    if stream is None:
        raise UserError("required", "Choose a picture first", "picture")
    if stream.seek(0, 2) > MAX_BYTES:
        raise UserError("file_too_big", f"At most {MAX_BYTES // 1024 // 1024} MB", "picture", 413)
    if not (file_types.recognise(stream) or "").startswith("image/"):
        raise UserError("file_type", "A picture is needed: PNG, JPEG, GIF or WebP", "picture")
    token = secrets.token_hex(20)
    stored_files.keep(stream, stored_files.folder(FOLDER) / token)
    actor_id = actor.id
    on_commit(lambda: queue.enqueue(JOB, actor_id, token, queue="slow"))


def make(user_id: int, token: str) -> None:
    """Cut an upload to the person's picture; one that cannot be read changes nothing."""
    source = stored_files.folder(FOLDER) / token
    user = db.session.get(User, user_id)
    if user is not None and chat_files.scale(
        source, stored_files.folder(FOLDER) / f"{token}{ENDING}", (SIDE, SIDE), crop=True
    ):
        _replace(user, f"{ADDRESS}{token}{ENDING}")
    on_commit(lambda: source.unlink(missing_ok=True))


def remove(actor: User) -> None:
    """Take one's own picture away."""
    _replace(actor, None)


def path_of(name: str) -> Path:
    """Return where a picture of this name is. Raises NotFound."""
    token = name.removesuffix(ENDING)
    path = stored_files.folder(FOLDER) / name
    if len(token) != 40 or not token.isalnum() or not name.endswith(ENDING) or not path.exists():
        raise NotFound("Picture")
    return path


def data_address(user: User) -> str | None:
    """Return a picture as a ``data:`` address, None where there is none."""
    if not user.picture:
        return None
    try:
        content = path_of(user.picture.removeprefix(ADDRESS)).read_bytes()
    except NotFound:
        return None
    return f"data:image/webp;base64,{b64encode(content).decode()}"


def new_address() -> tuple[str, Path]:
    """Return a picture's address that nobody has yet, and the path to draw it to."""
    name = f"{secrets.token_hex(20)}{ENDING}"
    return f"{ADDRESS}{name}", stored_files.folder(FOLDER) / name


def _replace(user: User, address: str | None) -> None:
    before, user.picture = user.picture, address
    db.session.flush()
    if before:
        on_commit(lambda: (stored_files.folder(FOLDER) / before.removeprefix(ADDRESS)).unlink(missing_ok=True))
