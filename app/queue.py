"""RQ as an executor: named jobs with JSON arguments, nothing else.

The database is the truth; a job only says "look there". Losing the queue therefore loses nothing: the beat
enqueues again whatever is due.
"""

from __future__ import annotations

import importlib
import logging
import re
from typing import Any

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from app.extensions import db, redis_client

log = logging.getLogger(__name__)

QUEUES = ("mail", "push", "slow")
JOB_TIMEOUT_SECONDS = 300
WORKER_TTL_SECONDS = 30
MAINTENANCE_SECONDS = 10
_JOB_NAME = re.compile(r"^app\.jobs\.[a-z_]+\.[a-z][a-z_]*$")


class AllowedJob(Job):
    """A job whose function must be one of ours: whoever can write to Redis must not get to run ``os.system``."""

    def perform(self) -> Any:
        if not is_allowed(self.func_name or "") or self.instance is not None:
            raise PermissionError(f"job function not allowed: {self.func_name}")
        try:
            return super().perform()
        finally:
            # The worker lives in one app context: the next job starts with a session of its own.
            db.session.remove()


def is_allowed(job_name: str) -> bool:
    """Tell whether ``job_name`` names a public function that its module under ``app.jobs`` itself defines."""
    if not _JOB_NAME.match(job_name):
        return False
    module_name, _, function_name = job_name.rpartition(".")
    try:
        function = getattr(importlib.import_module(module_name), function_name, None)
    except ImportError:
        return False
    return callable(function) and getattr(function, "__module__", None) == module_name


def enqueue(job_name: str, *args: Any, queue: str = "mail") -> None:
    """Ask a worker of ``queue`` to call ``job_name(*args)``; ``args`` must be JSON.

    A Redis that is down is logged, not raised: the beat finds the same rows again.
    """
    enqueue_many(job_name, [args], queue=queue)


def enqueue_many(job_name: str, calls: list[tuple[Any, ...]], queue: str = "mail") -> None:
    """Like :func:`enqueue` for many calls in one round trip."""
    if not calls:
        return
    if queue not in QUEUES:
        raise ValueError(f"no such queue: {queue}")
    target = _queue(queue, redis_client())
    try:
        target.enqueue_many(
            [
                Queue.prepare_data(job_name, args=args, timeout=JOB_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=3600)
                for args in calls
            ]
        )
    except (RedisError, OSError) as error:
        log.error("queue %s did not take %s: %s; the beat will", queue, job_name, error)


def _queue(name: str, connection: Redis) -> Queue:
    return Queue(
        name,
        connection=connection,
        serializer=JSONSerializer,
        job_class=AllowedJob,
        default_timeout=JOB_TIMEOUT_SECONDS,
    )


class QueueWorker(SimpleWorker):
    """RQ's worker without a process for each job; the process keeps the name that the supervisor gave it."""

    def procline(self, message: str) -> None:
        """RQ would rename the process at every job."""


def run_worker(name: str) -> None:
    """Work on one queue until told to stop.

    One queue per process: a worker of several loses the job that it popped when it is killed (BLPOP instead of BLMOVE).
    """
    if name not in QUEUES:
        raise ValueError(f"no such queue: {name}")
    connection = Redis.from_url(current_app.config["REDIS_URL"], health_check_interval=15)
    worker = QueueWorker(
        [_queue(name, connection)],
        connection=connection,
        job_class=AllowedJob,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_SECONDS,
        maintenance_interval=MAINTENANCE_SECONDS,
        log_job_description=False,
    )
    worker.work(logging_level="WARNING")
