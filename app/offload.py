"""CPU work off the hub: a password check on the event loop would stall every connected socket of the process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

# On a machine with few cores several checks at once would take turns with the hub: they go behind it.
_NICENESS = 10


def offload(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return ``function(*args)``: in gevent's threadpool when the process is monkey-patched, else called directly.

    The function must not touch the database session, Flask's contexts or anything else bound to the greenlet.
    """
    try:
        from gevent import get_hub, monkey
    except ImportError:
        return function(*args, **kwargs)
    if not monkey.is_module_patched("threading"):
        return function(*args, **kwargs)
    return cast(R, get_hub().threadpool.apply(_behind_the_hub, (function, args, kwargs)))


def _behind_the_hub(function: Callable[..., R], args: tuple[object, ...], kwargs: dict[str, object]) -> R:
    # Linux gives every thread a niceness of its own; elsewhere it would slow down the whole process.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    return function(*args, **kwargs)
