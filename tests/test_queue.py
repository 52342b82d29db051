"""What stands in the queue is one of our own jobs, or is not done: Redis is no way into the machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from rq import Queue
from rq.serializers import JSONSerializer

from app.extensions import redis_client
from tests.bad_moments.queued import work_off


@pytest.mark.parametrize(
    "name", ["os.mkdir", "app.jobs.deliver.delivery.os.mkdir", "app.queue.os.mkdir", "app.jobs..mkdir", "pathlib.Path"]
)
def test_only_jobs_of_ours_are_done(context: Flask, tmp_path: Path, name: str) -> None:
    made = tmp_path / "made"
    Queue("mail", connection=redis_client(), serializer=JSONSerializer).enqueue(name, str(made))
    with pytest.raises(PermissionError):
        work_off()
    assert not made.exists()
