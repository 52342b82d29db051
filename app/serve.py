"""What gunicorn's gevent workers load."""

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402 - nothing may be imported before the patch

# Importing makes only what stays: looking for rubbish in it is a fifth of the start.
gc.disable()

import logging  # noqa: E402

import config  # noqa: E402
from app import create_app, logs  # noqa: E402
from app.services.processes import start_heartbeat  # noqa: E402

logs.configure(config.load(), logs.process_name())
app = create_app({"SOCKETIO_ASYNC_MODE": "gevent"})
gc.freeze()
gc.enable()
start_heartbeat(app, "web")
logging.getLogger(__name__).debug("web process is up")
