"""Webhooks, kept by admins: other programs that hear of what happens here."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from app import clock
from app.catalogue import Rule
from app.errors import UserError
from app.extensions import db
from app.models.people import User, full_name
from app.models.webhooks import Webhook
from app.services import audience, fields, outbound, reading, sealed
from app.services.notify import Subject, record_event
from app.services.people.people import require_admin
from app.transaction import on_commit

FIELDS = ("name", "url", "topics", "active")
# The first halves of the events' tags.
TOPICS = (
    "lead",
    "contact",
    "company",
    "task",
    "call",
    "mail",
    "talk",
    "chat",
    "nps",
    "stripe",
    "billing",
    "limit",
    "error",
)
SECRET_PREFIX = "whsec_"  # noqa: S105 - how the standard marks secrets
LOG_LENGTH = 50
TEST_TAG = "webhook:test"


def create(actor: User, changes: Mapping[str, Any]) -> Webhook:
    """Add a webhook with a secret of its own. Raises UserError naming the field, Forbidden but for admins."""
    require_admin(actor)
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    webhook = Webhook(secret=sealed.seal(secret), **_checked(changes, None))
    db.session.add(webhook)
    db.session.flush()
    return webhook


def update(actor: User, webhook: Webhook, changes: Mapping[str, Any]) -> Webhook:
    """Change the given fields; switching on forgets what had failed. Raises like create."""
    require_admin(actor)
    values = _checked(changes, webhook)
    back = bool(values.get("active") and not webhook.active and webhook.disabled_reason)
    if values.get("active") and not webhook.active:
        values |= {"failures": 0, "failing_since": None, "disabled_reason": None}
    for field, value in values.items():
        setattr(webhook, field, value)
    db.session.flush()
    if back:
        _tell_back(actor, webhook)
    return webhook


def delete(actor: User, webhook: Webhook) -> None:
    """Remove a webhook with its log. Raises Forbidden but for admins."""
    require_admin(actor)
    db.session.execute(
        text("DELETE FROM deliveries WHERE purpose = 'webhook' AND address = :a"), {"a": address(webhook)}
    )
    db.session.delete(webhook)
    db.session.flush()


def _tell_back(actor: User, webhook: Webhook) -> None:
    """Tell who heard that it was switched off that it is on again; whoever did it knows."""
    subject = Subject("webhook", webhook.id)
    reading.settle_subject(subject.key)
    data = {
        "text": webhook.name,
        "name": webhook.name,
        "by": full_name(actor),
        "url": f"/webhookview/show/{webhook.id}",
    }
    told = {user_id: Rule.ADMIN for user_id in audience.admins() if user_id != actor.id}
    record_event("error:webhook_works", actor.id, subject, data, told=told)


def address(webhook: Webhook) -> str:
    """Return what a webhook is called in the deliveries."""
    return f"webhook:{webhook.id}"


def log(webhook: Webhook) -> Sequence[Row[Any]]:
    """Return the newest deliveries: ``id, state, attempts, error, created_at, finished_at, tag``."""
    return db.session.execute(
        text(
            "SELECT d.id, d.state, d.attempts, coalesce(d.error, d.skip_reason) AS error, d.created_at, d.finished_at,"
            " coalesce(e.tag, :test) AS tag FROM deliveries d"
            " LEFT JOIN events e ON e.id = CAST(d.data ->> 'event_id' AS bigint)"
            " WHERE d.purpose = 'webhook' AND d.address = :address ORDER BY d.id DESC LIMIT :limit"
        ),
        {"test": TEST_TAG, "address": address(webhook), "limit": LOG_LENGTH},
    ).all()


def send_test(actor: User, webhook: Webhook) -> None:
    """Send a made-up event. Raises UserError while the webhook is switched off, Forbidden but for admins."""
    require_admin(actor)
    _send(webhook, {}, f"w:{webhook.id}:test:{secrets.token_hex(8)}")


def replay(actor: User, webhook: Webhook, delivery_id: int) -> None:
    """Send what an old delivery told once more, as a delivery of its own. Raises like send_test, and 404."""
    require_admin(actor)
    row = db.session.execute(
        text("SELECT dedupe_key, data FROM deliveries WHERE id = :id AND purpose = 'webhook' AND address = :address"),
        {"id": delivery_id, "address": address(webhook)},
    ).one_or_none()
    if row is None:
        raise UserError("not_found", "There is no such delivery", "delivery", 404)
    original = row.dedupe_key.partition(":again:")[0]
    _send(webhook, row.data or {}, f"{original}:again:{secrets.token_hex(8)}")


def _send(webhook: Webhook, data: Mapping[str, Any], key: str) -> None:
    if not webhook.active:
        raise UserError("switched_off", "Switch the webhook on first", "active", 409)
    now = clock.now()
    delivery_id = db.session.execute(
        text(
            "INSERT INTO deliveries (dedupe_key, purpose, channel, address, state, not_before, queued_until, data,"
            " created_at) VALUES (:key, 'webhook', 'webhook', :address, 'pending', :now, :queued,"
            " CAST(:data AS jsonb), :now)"
            " RETURNING id"
        ),
        {
            "key": key,
            "address": address(webhook),
            "now": now,
            "queued": now + outbound.QUEUED_FOR,
            "data": json.dumps(dict(data)),
        },
    ).scalar_one()
    on_commit(lambda: outbound.enqueue([("webhook", delivery_id)]))


def _checked(changes: Mapping[str, Any], webhook: Webhook | None) -> dict[str, Any]:
    fields.known(changes, FIELDS)
    values = dict(changes)
    if webhook is None or "name" in values:
        values["name"] = fields.needed_line(values.get("name"), "name", 60)
    if webhook is None or "url" in values:
        values["url"] = fields.endpoint(values.get("url"), "url", "https://crm.example/hook")
    if "topics" in values:
        topics = values["topics"] or []
        if not isinstance(topics, list) or not set(topics) <= set(TOPICS):
            raise UserError("invalid", f"Choose from {', '.join(TOPICS)}", "topics")
        values["topics"] = sorted(set(topics))
    if "active" in values:
        values["active"] = fields.flag(values["active"], "active")
    return values
