"""What a file is, by its content; names and what a browser claims decide nothing.

An allow-list: what is not recognised is refused. Markup (HTML, SVG) counts as plain text, and programs are refused.
"""

from __future__ import annotations

import zipfile
from typing import BinaryIO

TEXT = "text/plain"
HEAD_BYTES = 4096

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIPPED = {
    "word/": f"{_OFFICE}wordprocessingml.document",
    "xl/": f"{_OFFICE}spreadsheetml.sheet",
    "ppt/": f"{_OFFICE}presentationml.presentation",
}
# Text in form only: what a double click runs.
_SCRIPTS = (b"#!", b"@echo off")


def recognise(stream: BinaryIO) -> str | None:
    """Return the media type of a file that may be shared, None for one that may not."""
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    for at, magic, kind in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return kind
    if head.startswith(b"PK\x03\x04"):
        return _zipped(stream)
    return TEXT if head and _is_text(stream, head) else None


def _zipped(stream: BinaryIO) -> str | None:
    try:
        with zipfile.ZipFile(stream) as archive:
            names = archive.namelist()[:2000]
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                kind = archive.read("mimetype").decode("ascii", "replace")
                if kind.startswith("application/vnd.oasis.opendocument."):
                    return kind[:100]
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        return None
    if any(name.startswith("META-INF/MANIFEST.MF") or name == "AndroidManifest.xml" for name in names):
        return None
    for folder, kind in _ZIPPED.items():
        if "[Content_Types].xml" in names and any(name.startswith(folder) for name in names):
            return kind
    return "application/zip"


def _is_text(stream: BinaryIO, head: bytes) -> bool:
    if head.lower().startswith(_SCRIPTS):
        return False
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    stream.seek(0)
    try:
        stream.read().decode(encoding)
    except UnicodeDecodeError:
        # An old Windows text: printable all the same.
        return b"\x00" not in head and not any(byte < 9 or 13 < byte < 32 for byte in head)
    return encoding == "utf-16" or b"\x00" not in head
