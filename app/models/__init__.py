"""All tables. Importing this package registers every model on the one metadata."""

from app.models import audit, chats, crm, idempotency, notifications, outbox, people, preferences

__all__ = ["audit", "chats", "crm", "idempotency", "notifications", "outbox", "people", "preferences"]
