"""CPU work off the hub: a password check on the event loop would stall every connected socket of the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


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
    return cast(R, get_hub().threadpool.apply(function, args, kwargs))
