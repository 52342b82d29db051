"""What gunicorn's gevent workers load."""

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402 - nothing may be imported before the patch

# Importing makes only what stays: looking for rubbish in it is a fifth of the start.
gc.disable()

import logging  # noqa: E402

import gevent  # noqa: E402

import config  # noqa: E402
from app import create_app, logs  # noqa: E402
from app.services.account.processes import start_heartbeat  # noqa: E402

FULL_COLLECTION_EVERY_SECONDS = 900


def collect_everything() -> None:
    """Look for rubbish among everything that lives, now and then, for as long as the process runs."""
    while True:
        gevent.sleep(FULL_COLLECTION_EVERY_SECONDS)
        gc.collect()


logs.configure(config.load(), logs.process_name())
app = create_app({"SOCKETIO_ASYNC_MODE": "gevent"})
gc.freeze()
# Looking for rubbish among everything that lives takes 0.1 ms per open connection, and under load Python would do it
# every few seconds: everybody would wait a quarter of a second. It is done at a time of its own instead.
gc.set_threshold(2000, 20, 1_000_000)
gc.enable()
start_heartbeat(app, "web")
gevent.spawn(collect_everything)
logging.getLogger(__name__).debug("web process is up")
