"""Base of the APIs that are written by hand: for browsers' sessions and keys alike."""

from __future__ import annotations

from flask_appbuilder.api import BaseApi

from app.views.api.documentation import RESPONSES


class OwnApi(BaseApi):  # type: ignore[misc]
    """Subclasses name ``class_permission_name``, the right that their methods ask; which records, services decide."""

    csrf_exempt = False  # browsers' sessions are let in, so their requests carry the token
    allow_browser_login = True
    responses = RESPONSES
