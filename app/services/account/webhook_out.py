"""What a webhook is sent, signed as Standard Webhooks asks, and when one that keeps failing is switched off."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Sequence

from flask import current_app
from sqlalchemy import text

from app import clock
from app.catalogue import Rule
from app.channels.base import Message
from app.errors import AddressGone, SendError
from app.extensions import db
from app.models.notifications import Event
from app.models.webhooks import Webhook
from app.services import audience, sealed
from app.services.account import webhooks
from app.services.claimed import Claimed
from app.services.notify import Subject, record_event

OFF = "webhook_off"
GIVEN_UP_IN_A_ROW = 10
FAILING_FOR = dt.timedelta(days=1)


def refuse(deliveries: Sequence[Claimed]) -> dict[int, str]:
    """Keep in what a webhook that is switched off or gone would have been sent."""
    ids = {_webhook_id(delivery) for delivery in deliveries}
    rows = db.session.execute(text("SELECT id FROM webhooks WHERE active AND id = ANY(:ids)"), {"ids": [*ids]})
    active = {row.id for row in rows}
    return {delivery.id: OFF for delivery in deliveries if _webhook_id(delivery) not in active}


def message_of(delivery: Claimed) -> Message:
    """Word an event for its webhook. Raises LookupError when webhook or event are gone."""
    webhook = db.session.get(Webhook, _webhook_id(delivery))
    if webhook is None:
        raise LookupError("the webhook is gone")
    event_id = (delivery.data or {}).get("event_id")
    event = db.session.get(Event, int(event_id)) if event_id else None
    if event_id and event is None:
        raise LookupError("the event is gone")
    message_id = f"evt_{event.id}" if event else f"test_{delivery.id}"
    body = json.dumps(_payload(event, message_id))
    sent_at = str(int(clock.real_now().timestamp()))
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": sent_at,
        "webhook-signature": signature_of(sealed.opened(webhook.secret), message_id, sent_at, body),
    }
    return Message(delivery_id=delivery.id, subject="", title="", text=body, url=webhook.url, headers=headers)


def signature_of(secret: str, message_id: str, sent_at: str, body: str) -> str:
    """Return the ``webhook-signature`` of a body (standardwebhooks.com, symmetric signatures)."""
    key = base64.b64decode(secret.removeprefix(webhooks.SECRET_PREFIX))
    signed = f"{message_id}.{sent_at}.{body}".encode()
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def note_try(delivery: Claimed, error: SendError | None, final: bool) -> None:
    """Count how a try ended; switch the webhook off when it has failed for too long, and tell the admins once."""
    webhook = db.session.get(Webhook, _webhook_id(delivery), with_for_update=True, populate_existing=True)
    if webhook is None or not webhook.active:
        return
    if error is None:
        webhook.failures, webhook.failing_since = 0, None
        return
    webhook.failing_since = webhook.failing_since or clock.now()
    webhook.failures += final
    too_long = clock.now() - webhook.failing_since >= FAILING_FOR
    if isinstance(error, AddressGone) or webhook.failures >= GIVEN_UP_IN_A_ROW or too_long:
        webhook.active, webhook.disabled_reason = False, error.reason
        data = {
            "text": webhook.name,
            "name": webhook.name,
            "reason": error.reason,
            "url": f"/webhookview/show/{webhook.id}",
        }
        told = dict.fromkeys(audience.admins(), Rule.ADMIN)
        record_event("error:webhook_disabled", None, Subject("webhook", webhook.id), data, told=told)


def _payload(event: Event | None, message_id: str) -> dict[str, object]:
    home = current_app.config["PUBLIC_URL"]
    if event is None:
        return {
            "id": message_id,
            "type": webhooks.TEST_TAG,
            "timestamp": clock.now().isoformat(),
            "data": {"from": home},
        }
    return {
        "id": message_id,
        "type": event.tag,
        "timestamp": event.created_at.isoformat(),
        "data": {
            **event.data,
            "subject": {"type": event.subject_type, "id": event.subject_id},
            "actor_id": event.actor_id,
        },
    }


def _webhook_id(delivery: Claimed) -> int:
    return int(delivery.address.partition(":")[2])
