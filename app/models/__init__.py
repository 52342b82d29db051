"""All tables. Importing this package registers every model on the one metadata."""

from app.models import audit, crm, idempotency, notifications, outbox, people, preferences

__all__ = ["audit", "crm", "idempotency", "notifications", "outbox", "people", "preferences"]
