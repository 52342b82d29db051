"""A worker without a process: what stands in the queue is done here and now, as RQ does it."""

from __future__ import annotations

from flask import current_app
from rq import Queue
from rq.serializers import JSONSerializer

from app.extensions import redis_client
from app.queue import AllowedJob


def work_off(queue: str = "mail") -> int:
    """Do every job that stands in the queue; return how many there were."""
    waiting, done = Queue(queue, connection=redis_client(), serializer=JSONSerializer), 0
    while job_id := redis_client().lpop(waiting.key):
        # A context of its own, as in the worker: the test's records stay as they are.
        with current_app.app_context():
            AllowedJob.fetch(job_id.decode(), connection=redis_client(), serializer=JSONSerializer).perform()
        done += 1
    return done
