"""Files that people brought, handed out so that nothing in them runs."""

from __future__ import annotations

from pathlib import Path

from flask import Response, send_file

from app.errors import NotFound
from app.models.chats import ChatFile, ThumbnailState
from app.models.mailboxes import MailFile
from app.services.chats import chat_files

# Whatever a browser makes of it: no script, no plug-in, no other origin.
NOTHING_RUNS = "default-src 'none'; sandbox"


def download(file: ChatFile | MailFile) -> Response:
    """Answer a file, always as a download. Raises NotFound."""
    # What a browser could run is told to be bytes; the name keeps its ending.
    kind = "application/octet-stream" if file.type.startswith("text/") else file.type
    return _answer(chat_files.path_of(str(file.stored_as)), kind, "private, no-store", name=file.name)


def preview(file: ChatFile) -> Response:
    """Answer the picture of a file that we have drawn ourselves. Raises NotFound."""
    if file.thumbnail != ThumbnailState.DONE:
        raise NotFound("Preview")
    return _answer(chat_files.thumbnail_of(file.stored_as), "image/webp", "private, max-age=3600")


def _answer(path: Path, kind: str, caching: str, name: str | None = None) -> Response:
    if not path.exists():
        raise NotFound("File")
    answer = send_file(path, mimetype=kind, as_attachment=name is not None, download_name=name, max_age=0)
    answer.headers["Content-Security-Policy"] = NOTHING_RUNS
    answer.headers["Cache-Control"] = caching
    return answer
