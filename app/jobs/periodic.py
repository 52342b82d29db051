"""What the clock does, as data: the beat calls each of these at its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.services import delivery, reading, reminders, tasks
from app.transaction import transaction


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """``run`` does one bounded piece and returns how much it found; a full piece is followed by the next at once."""

    name: str
    interval_seconds: float
    run: Callable[[], int]


def _in_transaction(service: Callable[[], int]) -> Callable[[], int]:
    def run() -> int:
        with transaction():
            return service()

    return run


PERIODIC_JOBS: tuple[PeriodicJob, ...] = (
    PeriodicJob("deliveries", 1, delivery.sweep),
    PeriodicJob("task reminders", 1, _in_transaction(reminders.remind_due)),
    PeriodicJob("expired tasks", 1, _in_transaction(tasks.expire_due)),
    PeriodicJob("reminded items", 1, _in_transaction(reading.wake_reminded)),
)
