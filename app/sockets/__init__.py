"""Socket.IO namespaces. Sockets only accelerate: whatever they say can be fetched again."""

from __future__ import annotations

from flask import Flask

from app.extensions import socketio
from app.services import live
from app.sockets import staff, visitor


def init_app(app: Flask) -> None:
    """Register the namespaces' handlers."""
    staff.register()
    visitor.register()
    socketio.server.manager.on_resubscribed = lambda: socketio.server.manager.emit(
        "feed.stale", {}, namespace=live.NAMESPACE, ignore_queue=True
    )
