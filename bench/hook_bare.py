"""The yardstick: a bare Flask route that inserts what it was sent as one row and commits.

No signature, no rules, nobody told. Served like the product: one gunicorn gevent worker, psycopg connections from a
plain queue.
"""

from gevent import monkey

monkey.patch_all()

import os  # noqa: E402 - nothing may be imported before the patch

import psycopg  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402
from flask.typing import ResponseReturnValue  # noqa: E402
from gevent.queue import Queue  # noqa: E402

app = Flask(__name__)
_connections: Queue = Queue()


@app.get("/ready")
def ready() -> str:
    return "ready"


@app.post("/hook")
def hook() -> ResponseReturnValue:
    connection = _connections.get()
    try:
        row = connection.execute("INSERT INTO bench_hooks (body) VALUES (%s) RETURNING id", [request.get_data(True)])
        row_id = row.fetchone()[0]
        connection.commit()
    finally:
        _connections.put(connection)
    return jsonify(ok=True, id=row_id)


for _ in range(10):
    _connections.put(psycopg.connect(os.environ["BENCH_DSN"]))
