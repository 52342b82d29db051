"""Where files that people bring or take are kept: a folder of the uploads per kind, for the product's user only."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from flask import current_app


def folder(kind: str) -> Path:
    """Return the folder of a kind; it is made where there is none."""
    path = Path(current_app.config["UPLOADS_DIR"]) / kind
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def keep(stream: BinaryIO, path: Path) -> None:
    """Write an upload to a new file. Raises FileExistsError."""
    stream.seek(0)
    with path.open("xb") as target:
        while piece := stream.read(1024 * 1024):
            target.write(piece)
