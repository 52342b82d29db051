"""The only clock. In test mode all processes of an installation read an offset from one file in the data folder."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_offset_file: Path | None = None


def use_offset_file(path: Path | None) -> None:
    """Let :func:`now` follow the offset that :func:`set_test_now` writes; None, as outside test mode, is real time."""
    global _offset_file
    _offset_file = path


def real_now() -> dt.datetime:
    """Return the machine's time, aware UTC. Only for what must not follow a moved clock (leases of processes)."""
    return dt.datetime.now(dt.UTC)


def now() -> dt.datetime:
    """Return the current moment, aware, in UTC."""
    return real_now() + offset()


def zone_of(name: str) -> ZoneInfo:
    """Return the zone, or UTC where the name is none: news must not fail for it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def set_test_now(moment: dt.datetime | None) -> None:
    """Move the clock of every process to ``moment`` (it goes on ticking from there), or back to real time with None.

    Raises RuntimeError outside test mode.
    """
    if _offset_file is None:
        raise RuntimeError("the clock can only be moved in test mode")
    if moment is None:
        _offset_file.unlink(missing_ok=True)
        return
    seconds = (moment - real_now()).total_seconds()
    scratch = _offset_file.with_suffix(".new")
    scratch.write_text(json.dumps({"offset_seconds": seconds}))
    scratch.replace(_offset_file)


def offset() -> dt.timedelta:
    """Return by how much :func:`now` differs from real time; nothing outside test mode."""
    if _offset_file is None:
        return dt.timedelta()
    try:
        return dt.timedelta(seconds=json.loads(_offset_file.read_text())["offset_seconds"])
    except FileNotFoundError:
        return dt.timedelta()
