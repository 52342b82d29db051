"""How gunicorn serves the web processes.

Imports nothing of the application: gunicorn's first process reads this before gevent has patched the standard library,
and its workers inherit whatever is imported here.
"""

import ctypes
import os
import signal
import sys
import threading
from pathlib import Path

from config import load

settings = load(os.environ)

bind = (
    f"[{settings['HOST']}]:{settings['PORT']}" if ":" in settings["HOST"] else f"{settings['HOST']}:{settings['PORT']}"
)
workers = settings["WEB_PROCESSES"]
# The plain gevent worker with simple-websocket: as fast as gevent-websocket's own (0.80 against 0.73 s of CPU for
# 100,000 messages), and maintained.
worker_class = "gevent"
worker_connections = 5000
graceful_timeout = settings["STOP_TIMEOUT_SECONDS"]
# A gevent worker reports by itself; one that is stuck this long is started again.
timeout = 60
keepalive = 75
max_requests = 0
loglevel = "warning"
accesslog = None
forwarded_allow_ips = "*" if settings["TRUSTED_PROXIES"] else "127.0.0.1,::1"
limit_request_line = 8190
# In memory: a slow disk must not make gunicorn take a busy worker for a dead one.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes unguessable names
control_socket_disable = True

_STOP_POLL_SECONDS = 0.2


def post_fork(server, worker):
    """A worker goes when gunicorn's first process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, int(signal.SIGTERM))


def post_worker_init(worker):
    """Cuts the sockets when the worker is told to stop: they are open requests, and gunicorn would wait for them."""
    from gevent import sleep

    def cut_sockets():
        while worker.alive:
            sleep(_STOP_POLL_SECONDS)
        socketio = worker.wsgi.extensions.get("socketio")
        if socketio is not None and socketio.server is not None:
            # The connection below, not the namespace: a client that was disconnected by name would not come back.
            socketio.server.eio.disconnect()

    threading.Thread(target=cut_sockets, name="cut-sockets", daemon=True).start()


def child_exit(server, worker):
    """A dead worker's gauges no longer count; its counters do."""
    if settings["METRICS_DIR"]:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid, settings["METRICS_DIR"])
