"""What gunicorn's gevent workers load."""

from gevent import monkey

monkey.patch_all()

import logging  # noqa: E402 - nothing may be imported before the patch

import config  # noqa: E402
from app import create_app, logs  # noqa: E402
from app.services.processes import start_heartbeat  # noqa: E402

logs.configure(config.load(), logs.process_name())
app = create_app({"SOCKETIO_ASYNC_MODE": "gevent"})
start_heartbeat(app, "web")
logging.getLogger(__name__).debug("web process is up")
