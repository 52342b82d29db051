"""What the CRM's screens offer to templates."""

from __future__ import annotations

from flask import Flask

from app.views import tasks
from app.views.generated import bulk, saved_views


def init_crm(app: Flask) -> None:
    """Offer it."""
    bulk.init_bulk(app)
    saved_views.init_saved_views(app)
    tasks.init_tasks(app)
