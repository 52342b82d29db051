"""The yardstick: a bare Flask-SocketIO handler that stores a message by the same statement, commits, and emits.

No sessions, no rights, no words: what the library and the database cost by themselves. Served like the product: one
gunicorn gevent worker, psycopg connections from a plain queue, Redis between processes.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402 - nothing may be imported before the patch
from typing import Any  # noqa: E402

import psycopg  # noqa: E402
from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO, join_room  # noqa: E402
from gevent.queue import Queue  # noqa: E402

from bench.chat_statement import SEND  # noqa: E402

NAMESPACE = "/center"
app = Flask(__name__)
socketio = SocketIO(
    app,
    message_queue=os.environ["REDIS_URL"],
    channel="bench-bare",
    async_mode="gevent",
    transports=["websocket"],
    cors_allowed_origins="*",
)
_people: dict[str, int] = {}
_connections: Queue = Queue()


@app.get("/ready")
def ready() -> str:
    return "ready"


@socketio.on("connect", namespace=NAMESPACE)
def connect(auth: dict[str, Any]) -> None:
    _people[request.sid] = int(auth["user_id"])  # type: ignore[attr-defined]
    for chat_id in auth["chats"]:
        join_room(f"chat:{chat_id}")


@socketio.on("message.send", namespace=NAMESPACE)
def send(payload: dict[str, Any]) -> dict[str, Any]:
    author = _people[request.sid]  # type: ignore[attr-defined]
    values = {
        "chat": payload["chat_id"],
        "author": author,
        "client_id": payload["client_id"],
        "body": payload["body"],
    }
    connection = _connections.get()
    try:
        row = connection.execute(SEND, values).fetchone()
        connection.commit()
    finally:
        _connections.put(connection)
    message = {
        "id": row[0],
        "chat_id": values["chat"],
        "seq": row[1],
        "author": {"kind": "user", "id": author, "name": ""},
        "body": values["body"],
        "client_id": values["client_id"],
        "created_at": row[2].isoformat(),
        "reactions": [],
        "files": [],
    }
    socketio.emit("message", message, to=f"chat:{values['chat']}", namespace=NAMESPACE)
    return {"message": message}


@socketio.on("shout", namespace=NAMESPACE)
def shout(payload: dict[str, Any]) -> dict[str, Any]:
    """Emit without storing anything: what a room of many costs."""
    socketio.emit("message", payload, to=f"chat:{payload['chat_id']}", namespace=NAMESPACE)
    return {}


for _ in range(10):
    _connections.put(psycopg.connect(os.environ["BENCH_DSN"]))
