"""All that the settings page shows, in one answer."""

from __future__ import annotations

from typing import Any

from flask import current_app

from app.catalogue import LEAD_TIMES_MINUTES, Channel
from app.channels import telegram, webpush
from app.models.people import User
from app.services import labels
from app.services.account import lost_addresses
from app.services.reports import reports
from app.services.settings import devices, matrix, preferences, simulation, telegram_links


def of_user(user: User) -> dict[str, Any]:
    """Return the person's preferences, and what surrounds them: names, locks, devices, links."""
    return {
        "preferences": preferences.get(user),
        "rows": [_row(row) for row in matrix.of_user(user)],
        "report": {"set_up": reports.is_set_up(user), "url": _report_url(user)},
        "lead_times": list(LEAD_TIMES_MINUTES),
        "questions": simulation.questions(user),
        "devices": devices.of_user(user.id),
        "push": {
            "public_key": webpush.public_key() if webpush.is_configured() else None,
            "worker": "/push-worker.js",
        },
        "telegram": {"available": telegram.is_configured(), "link": telegram_links.link_of(user.id)},
        "email": {"address": user.email, "paused": lost_addresses.paused_mail(user.email or "")},
        "secure": current_app.config["PUBLIC_URL"].startswith("https://"),
    }


def _report_url(user: User) -> str:
    """Where *setup* beside *Scheduled report* leads: to the person's own one."""
    own = reports.own_of(user)
    return f"/scheduled/{own.id}" if own is not None else "/scheduled/own"


def _row(row: matrix.MatrixRow) -> dict[str, Any]:
    label = labels.ROWS[row.key]
    return {
        "key": row.key,
        "name": str(label.name),
        "hint": str(label.hint),
        "cells": {
            channel.value: {
                "default": matrix.public_value(channel, cell.default),
                "locked": cell.mandatory,
                "required_by": cell.required_by or ("Frontdesk" if cell.mandatory else ""),
            }
            for channel in Channel
            if (cell := row.cells.get(channel)) is not None
        },
    }
