"""A client's chat as an item of the center: the contact's name, the talk's number, and who has taken it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from sqlalchemy import Row

from app import clock
from app.models.chats import ASKED
from app.services.people.names import NAME_SQL
from app.services.tasks.due_words import short_due

COLUMNS = """w.number, w.state, w.responsible_id, w.responsible, w.talk_group_id, w.waiting_since, w.taken_at, w.score,
       w.contact_name, w.contact_email, w.contact_phone, w.door, w.channel, w.zone, w.delivered_seq, w.read_seq,
       w.page_url"""

# The newest talk of the rows that are clients' chats.
JOIN = f"""
LEFT JOIN LATERAL (
    SELECT t.number, t.state, t.responsible_id, t.group_id AS talk_group_id, t.waiting_since, t.taken_at, t.score,
           CASE WHEN u.id IS NOT NULL THEN {NAME_SQL} END AS responsible, k.name AS contact_name,
           k.email AS contact_email, k.phone AS contact_phone, coalesce(d.name, x.name) AS door,
           CASE WHEN v.messenger_id IS NULL THEN 'widget' ELSE 'messenger' END AS channel,
           v.delivered_seq, v.read_seq, v.page_url,
           (SELECT r.zone FROM ab_user r WHERE r.id = p.user_id) AS zone
    FROM chats h
    LEFT JOIN LATERAL (SELECT * FROM talks y WHERE y.chat_id = h.id ORDER BY y.number DESC LIMIT 1) t ON true
    LEFT JOIN contacts k ON k.id = h.contact_id
    LEFT JOIN ab_user u ON u.id = t.responsible_id
    LEFT JOIN visitors v ON v.chat_id = h.id
    LEFT JOIN widgets d ON d.id = v.widget_id
    LEFT JOIN messengers x ON x.id = v.messenger_id
    WHERE h.id = p.id
) w ON p.kind = 'client'
"""


def as_client(item: dict[str, Any], row: Row[Any]) -> dict[str, Any]:
    """Return a chat's item as a client's."""
    name = row.contact_name or gettext("Client")
    last = item["chat"]["last"]
    if last is not None:
        last["note"] = row.last_note
        last["author"] = name if row.last_author_kind == "visitor" else last["author"]
    item["chat"] |= {"name": name, "role": row.role, "contact": contact_of(row), "talk": talk_of(row)}
    mention = "chat:mention" if row.mention else "chat:client_message"
    untaken = row.state == "open" and row.responsible_id is None
    return item | {
        "event": mention,
        "tab": "clients",
        "icon": "chat",
        "title": name,
        "body": _body(item, row),
        # Whoever was only asked takes no talk.
        "actions": ["take"] if untaken and row.role not in ASKED else [],
    }


def talk_of(row: Row[Any]) -> dict[str, Any] | None:
    """Return what the center shows of a talk in lists."""
    if row.number is None:
        return None
    return {
        "number": row.number,
        "state": row.state,
        "responsible_id": row.responsible_id,
        "responsible": row.responsible,
        "group_id": row.talk_group_id,
        "waiting_since": row.waiting_since.isoformat() if row.waiting_since else None,
        "taken_at": row.taken_at.isoformat() if row.taken_at else None,
        "score": row.score,
        "channel": row.channel,
        "channel_name": row.door or "",
    }


def contact_of(row: Row[Any]) -> dict[str, Any] | None:
    """Return who the client is."""
    if row.contact_id is None:
        return None
    # Whoever was only asked sees what was written, and not how to reach the client.
    asked = row.role in ASKED
    email, phone = (None, None) if asked else (row.contact_email, row.contact_phone)
    return {"id": row.contact_id, "name": row.contact_name, "email": email, "phone": phone}


def client_of(row: Row[Any]) -> dict[str, Any]:
    """Return how far the client has got our messages and read them, and the page on which they were last."""
    return {"delivered_seq": row.delivered_seq or 0, "read_seq": row.read_seq or 0, "page_url": row.page_url}


def taken_line(taken: Mapping[str, str] | None, zone: str) -> str:
    """Return "Taken by Rowan Field, 10:02" for somebody who was told as well; empty while nobody has."""
    if not taken:
        return ""
    at = dt.datetime.fromisoformat(taken["at"])
    when = short_due(at, zone, clock.now(), all_day=False)
    return gettext("Taken by %(name)s, %(at)s", name=taken["by"], at=when)


def _body(item: dict[str, Any], row: Row[Any]) -> str:
    others = row.role == "told" and row.responsible and row.responsible_id != row.user_id and row.state == "open"
    if others and row.taken_at:
        return taken_line({"by": row.responsible, "at": row.taken_at.isoformat()}, row.zone or "UTC")
    last = item["chat"]["last"]
    if last is None:
        return ""
    if row.last_author_kind == "visitor":
        return str(last["body"])
    return str(item["body"])
