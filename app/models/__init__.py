"""All tables. Importing this package registers every model on the one metadata."""

from app.models import (
    audit,
    channels,
    chats,
    crm,
    idempotency,
    limits,
    notifications,
    outbox,
    people,
    preferences,
    records,
    talks,
    webhooks,
)

__all__ = [
    "audit",
    "channels",
    "chats",
    "crm",
    "idempotency",
    "limits",
    "notifications",
    "outbox",
    "people",
    "preferences",
    "records",
    "talks",
    "webhooks",
]
