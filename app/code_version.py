"""Tells whether the code has changed since the database was last prepared for it."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTING = "prepared_for"


def code_version() -> str:
    """A hash over everything that decides what a prepared database looks like: the code and the migrations."""
    digest = hashlib.sha256()
    folders = (ROOT / "app", ROOT / "migrations")
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for name in ("config.py", "environment.py", "requirements.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()
