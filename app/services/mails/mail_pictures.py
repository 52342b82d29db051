"""The pictures that came inside a mail, put into its cleaned HTML: the frame that shows it loads nothing."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from urllib.parse import unquote

from app.models.mailboxes import MailFile
from app.services.chats import chat_files

TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# Of one mail: they are a third larger inside the page.
MOST_BYTES = 12 * 1024 * 1024
_PICTURE = re.compile(r' src="cid:([^"]{1,1200})"')
_FROM_ELSEWHERE = re.compile(r"<img(?![^>]* src=)[^>]*>")


def shown(source: str, files: Sequence[MailFile]) -> str:
    """Return the HTML with its pictures; those that are missing, of another kind or too much stay empty."""
    known = {file.content_id: file for file in files if _may_be_shown(file)}
    left = MOST_BYTES

    def put(found: re.Match[str]) -> str:
        nonlocal left
        file = known.get(_id_of(found[1]))
        if file is None or file.size > left:
            return ""
        path = chat_files.path_of(str(file.stored_as))
        if not path.exists():
            return ""
        left -= file.size
        return f' src="data:{file.type};base64,{base64.b64encode(path.read_bytes()).decode()}"'

    return _PICTURE.sub(put, source)


def inside(source: str | None, files: Sequence[MailFile]) -> set[int]:
    """Return the ids of the files that the HTML shows as pictures: they are no enclosures."""
    named = {_id_of(one) for one in _PICTURE.findall(source or "")}
    return {file.id for file in files if file.content_id in named and _may_be_shown(file)}


def has_others(source: str | None) -> bool:
    """Whether the mail wanted to load pictures from elsewhere: that would tell its sender who read it, and when."""
    return bool(source and _FROM_ELSEWHERE.search(source))


def _may_be_shown(file: MailFile) -> bool:
    return file.content_id is not None and file.stored_as is not None and file.type in TYPES


def _id_of(named: str) -> str:
    return unquote(html.unescape(named))
