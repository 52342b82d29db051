"""Which queue serves a channel, and how its deliveries get there in batches."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from app import queue

DELIVER_JOB = "app.jobs.deliver.deliver_batch"
BATCH_SIZE = 100

# A delivery that was queued is left alone that long; then the sweep queues it again: the queue may have been lost.
QUEUED_FOR = dt.timedelta(seconds=60)

QUEUE_OF_CHANNEL = {
    "email": "mail",
    "mailbox": "mail",
    "browser": "push",
    "mobile": "push",
    "telegram": "push",
    "messenger": "push",
    "webhook": "push",
}


def enqueue(deliveries: Iterable[tuple[str, int]]) -> None:
    """Queue ``(channel, delivery id)`` pairs as jobs of at most BATCH_SIZE, one channel each."""
    by_channel: dict[str, list[int]] = defaultdict(list)
    for channel, delivery_id in deliveries:
        by_channel[channel].append(delivery_id)
    for channel, ids in by_channel.items():
        batches = [ids[start : start + BATCH_SIZE] for start in range(0, len(ids), BATCH_SIZE)]
        queue.enqueue_many(DELIVER_JOB, [(channel, batch) for batch in batches], queue=QUEUE_OF_CHANNEL[channel])
