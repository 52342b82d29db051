"""`/healthz`, `/readyz` and `/metrics`, for probes and Prometheus. They need no session and touch none."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterator

import redis
from flask import Blueprint, Flask, Response, abort, current_app, g, jsonify, request
from flask_jwt_extended import current_user as token_user
from flask_jwt_extended import verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import access
from app.errors import UserError
from app.extensions import db, redis_client
from app.queue import QUEUES
from app.security import security_manager
from app.services.account.processes import alive_kinds
from app.services.mails import mailbox_health

blueprint = Blueprint("health", __name__)

# run.py gives all processes one folder for these (PROMETHEUS_MULTIPROC_DIR), so the sums hold with several of them.
REQUESTS = Counter("frontdesk_http_requests", "Answered requests", ("method", "endpoint", "status"))
SECONDS = Histogram(
    "frontdesk_http_request_seconds",
    "Time to answer",
    ("endpoint",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def init_app(app: Flask) -> None:
    """Adds the three addresses and counts every request."""
    app.register_blueprint(blueprint)
    app.before_request(_start)
    app.after_request(_count)


@blueprint.get("/healthz")
def healthz() -> Response:
    """This process serves."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Database, Redis and a worker per queue answer; else 503 that says which one does not."""
    checks = {"database": _database(), "redis": _redis()}
    alive = _alive() if checks["database"] == "ok" else set()
    for queue in QUEUES:
        checks[f"worker:{queue}"] = "ok" if f"worker:{queue}" in alive else "no worker has reported lately"
    failing = [name for name, state in checks.items() if state != "ok"]
    status = "unavailable" if failing else "ok"
    return jsonify(status=status, failing=failing, checks=checks), 503 if failing else 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text of all processes together, for METRICS_TOKEN as a bearer or `?token=`, or an admin's program."""
    expected = current_app.config["METRICS_TOKEN"]
    header = request.headers.get("Authorization", "")
    given = header[7:] if header.lower().startswith("bearer ") else request.args.get("token", "")
    if not (expected and hmac.compare_digest(given.encode(), expected.encode())) and not (header and _is_admin()):
        abort(401 if expected or header else 404)
    registry = CollectorRegistry()
    if current_app.config["METRICS_DIR"]:
        MultiProcessCollector(registry, path=current_app.config["METRICS_DIR"])
    registry.register(StateCollector())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_admin() -> bool:
    """Whether the bearer is an admin's API key or access token: what a program has anyhow."""
    try:
        if (key := security_manager().extract_api_key_from_request()) is not None:
            user = security_manager().validate_api_key(key)
        else:
            user = token_user if verify_jwt_in_request(optional=True) else None
        return user is not None and access.is_admin(user)
    except (UserError, PyJWTError, JWTExtendedException):
        return False


class StateCollector:
    """What database and Redis know, asked once per scrape: the same whichever process answers."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("frontdesk_up", "1 when the part answers", labels=["part"])
        deliveries = GaugeMetricFamily("frontdesk_deliveries", "Deliveries by state", labels=["channel", "state"])
        processes = GaugeMetricFamily("frontdesk_processes", "Processes that reported lately", labels=["kind"])
        mailboxes = GaugeMetricFamily("frontdesk_mailboxes", "Mailboxes by state of their connection", labels=["state"])
        queued = GaugeMetricFamily("frontdesk_queued_jobs", "Jobs waiting in a queue", labels=["queue"])
        try:
            rows = db.session.execute(text("SELECT channel, state, count(*) FROM deliveries GROUP BY 1, 2")).all()
            for channel, state, count in rows:
                deliveries.add_metric([channel, state], count)
            for state, number in sorted(mailbox_health.counts().items()):
                mailboxes.add_metric([state], number)
            for kind in sorted(alive_kinds()):
                processes.add_metric([kind], 1)
            up.add_metric(["database"], 1)
        except SQLAlchemyError:
            db.session.rollback()
            up.add_metric(["database"], 0)
        try:
            for queue in QUEUES:
                queued.add_metric([queue], redis_client().llen(f"rq:queue:{queue}"))  # type: ignore[arg-type]
            up.add_metric(["redis"], 1)
        except redis.RedisError:
            up.add_metric(["redis"], 0)
        yield from (up, deliveries, mailboxes, processes, queued)


def _start() -> None:
    g.metrics_started = time.perf_counter()


def _count(response: Response) -> Response:
    # The endpoint, not the path: paths hold ids, and every new label value costs memory for ever.
    endpoint = request.endpoint or "none"
    REQUESTS.labels(request.method, endpoint, str(response.status_code)).inc()
    if "metrics_started" in g:
        SECONDS.labels(endpoint).observe(time.perf_counter() - g.metrics_started)
    return response


def _database() -> str:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        db.session.rollback()
        return f"does not answer ({type(error).__name__})"
    return "ok"


def _redis() -> str:
    try:
        redis_client().ping()
    except (redis.RedisError, OSError) as error:
        return f"does not answer ({type(error).__name__})"
    return "ok"


def _alive() -> set[str]:
    try:
        return alive_kinds()
    except SQLAlchemyError:
        db.session.rollback()
        return set()
