"""Waiting for what other processes do: on a condition, never for a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_LOOK_AGAIN_SECONDS = 0.02


def eventually(condition: Callable[[], T], seconds: float = 20, what: str = "what was waited for") -> T:
    """Return the condition's first true value; fail when there is none in time."""
    deadline = time.monotonic() + seconds
    never = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        never.wait(_LOOK_AGAIN_SECONDS)
    return value
