"""What the clock does, as data: the beat calls each of these at its interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app import queue
from app.services import delivery, digests, reading
from app.services.account import retention
from app.services.calls import calls
from app.services.chats import chat_files, chat_news, chat_reading
from app.services.clients import door_faults
from app.services.exports import exports
from app.services.imports import import_run
from app.services.payments import billing, payments
from app.services.people import hand_over_run, narrowed
from app.services.records import trash
from app.services.reports import activity_days, report_runs
from app.services.talks import nps, talk_clock, talks
from app.services.tasks import reminders, tasks
from app.transaction import transaction


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """``run`` does one bounded piece and returns how much it found; a full piece is followed by the next at once."""

    name: str
    interval_seconds: float
    run: Callable[[], int]


def _check_channels() -> int:
    # A mail server that does not answer must not hold up the beat.
    queue.enqueue("app.jobs.health.check_channels", queue="slow")
    return 0


def _in_transaction(service: Callable[[], int]) -> Callable[[], int]:
    def run() -> int:
        with transaction():
            return service()

    return run


PERIODIC_JOBS: tuple[PeriodicJob, ...] = (
    PeriodicJob("deliveries", 1, delivery.sweep),
    PeriodicJob("task reminders", 1, _in_transaction(reminders.remind_due)),
    PeriodicJob("expired tasks", 1, _in_transaction(tasks.expire_due)),
    PeriodicJob("channels", 60, _check_channels),
    PeriodicJob("digests", 1, _in_transaction(digests.prepare_due)),
    PeriodicJob("digest plans", 5, _in_transaction(digests.plan_missing)),
    PeriodicJob("reminded items", 1, _in_transaction(reading.wake_reminded)),
    PeriodicJob("reminded chats", 1, _in_transaction(chat_reading.wake_reminded)),
    PeriodicJob("messages left behind", 2, chat_news.sweep),
    PeriodicJob("clients left waiting", 5, _in_transaction(talk_clock.tell_unanswered)),
    PeriodicJob("silent talks", 30, _in_transaction(talks.close_silent)),
    PeriodicJob("scores not given", 30, _in_transaction(nps.close_unrated)),
    PeriodicJob("calls without an end", 30, _in_transaction(calls.give_up)),
    PeriodicJob("activity numbers", 60, _in_transaction(activity_days.refresh)),
    PeriodicJob("payments", 1, _in_transaction(payments.take_waiting)),
    PeriodicJob("end of the plan", 5, _in_transaction(billing.tell_due)),
    PeriodicJob("reports", 1, _in_transaction(report_runs.prepare_due)),
    PeriodicJob("reports left behind", 2, report_runs.sweep),
    PeriodicJob("reports sent", 2, _in_transaction(report_runs.settle)),
    PeriodicJob("old reports", 600, _in_transaction(report_runs.remove_old)),
    PeriodicJob("exports", 30, exports.sweep),
    PeriodicJob("imports", 10, import_run.sweep),
    PeriodicJob("hand-overs", 30, hand_over_run.sweep),
    PeriodicJob("what may not be seen any more", 5, _in_transaction(narrowed.go_on)),
    PeriodicJob("clients of who left", 30, _in_transaction(door_faults.settle_deactivated)),
    PeriodicJob("deleted records", 600, _in_transaction(trash.remove_old)),
    PeriodicJob("old notices", 600, _in_transaction(retention.remove_notices)),
    PeriodicJob("old delivery traces", 600, _in_transaction(retention.remove_traces)),
    PeriodicJob("old idempotency keys", 600, _in_transaction(retention.remove_keys)),
    PeriodicJob("files never sent", 600, _in_transaction(chat_files.remove_loose)),
    PeriodicJob("previews left behind", 30, chat_files.enqueue_pending),
)
