"""Answers by mail to a client who has left an address in the widget and has not read them there.

One mail per pause: what was answered since they read or were mailed last. The row waits in the outbox like everything
else that leaves the house, and is not sent when the client reads it meanwhile.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import render_template
from flask_babel import gettext
from sqlalchemy import Row, text

from app import clock
from app.channels.base import Message
from app.errors import SendError
from app.extensions import db
from app.services import render
from app.services.claimed import Claimed
from app.services.wording import one_line

PURPOSE = "client"
# So long may the client come back to the chat and read it there.
WAIT = dt.timedelta(minutes=5)
SHOWN = 10

_ANSWERS = "x.chat_id = v.chat_id AND x.public AND x.author_kind = 'user' AND x.deleted_at IS NULL"
_SCHEDULE = text(f"""
INSERT INTO deliveries (dedupe_key, purpose, channel, address, state, not_before, data, created_at)
SELECT concat_ws(':', 'v', v.id, greatest(v.read_seq, v.mailed_seq), md5(lower(v.email))), 'client', 'email', v.email,
       'pending', :at, jsonb_build_object('visitor_id', v.id, 'chat_id', v.chat_id), :now
FROM visitors v JOIN widgets w ON w.id = v.widget_id AND w.active
WHERE v.chat_id = :chat_id AND v.email IS NOT NULL
  AND NOT EXISTS (SELECT FROM paused_addresses p WHERE p.address = lower(v.email))
  AND EXISTS (SELECT FROM messages x WHERE {_ANSWERS} AND x.seq > greatest(v.read_seq, v.mailed_seq))
ON CONFLICT (dedupe_key) DO NOTHING
""")
_STATE = text(f"""
UPDATE deliveries d SET data = d.data || jsonb_build_object('upto', n.upto)
FROM visitors v
CROSS JOIN LATERAL (
    SELECT max(x.seq) AS upto FROM messages x WHERE {_ANSWERS} AND x.seq > greatest(v.read_seq, v.mailed_seq)) n
WHERE d.id = ANY(:ids) AND v.id = CAST(d.data ->> 'visitor_id' AS int)
RETURNING d.id, n.upto, v.email
""")
_LINES = text("""
SELECT x.seq, x.author_kind, x.body, x.has_files, nullif(trim(concat(u.first_name, ' ', u.last_name)), '') AS author
FROM messages x LEFT JOIN ab_user u ON u.id = x.author_id
WHERE x.chat_id = :chat_id AND x.public AND x.author_kind <> 'system' AND x.deleted_at IS NULL AND x.seq <= :upto
ORDER BY x.seq DESC LIMIT :limit
""")
_READER = text("""
SELECT v.name, v.page_url, greatest(v.read_seq, v.mailed_seq) AS known_seq, w.name AS shop,
       CAST(d.data ->> 'upto' AS bigint) AS upto, CAST(d.data ->> 'chat_id' AS int) AS chat_id
FROM deliveries d JOIN visitors v ON v.id = CAST(d.data ->> 'visitor_id' AS int) JOIN widgets w ON w.id = v.widget_id
WHERE d.id = :id
""")


def schedule(chat_id: int) -> None:
    """Have what the client has not read sent by mail after a while, where they have left an address."""
    now = clock.now()
    db.session.execute(_SCHEDULE, {"chat_id": chat_id, "now": now, "at": now + WAIT})


def refuse(deliveries: Sequence[Claimed]) -> dict[int, str]:
    """Decide again: nothing is mailed that was read meanwhile, or to an address that is no longer the client's."""
    rows = {row.id: row for row in db.session.execute(_STATE, {"ids": [delivery.id for delivery in deliveries]})}
    return {delivery.id: reason for delivery in deliveries if (reason := _reason(delivery, rows.get(delivery.id)))}


def message_of(delivery: Claimed) -> Message:
    """Word the answers, with what the client wrote before them. Raises LookupError when there is nothing to tell."""
    reader = db.session.execute(_READER, {"id": delivery.id}).one_or_none()
    if reader is None or reader.upto is None:
        raise LookupError("nothing to tell")
    values = {"chat_id": reader.chat_id, "upto": reader.upto, "limit": SHOWN}
    rows = db.session.execute(_LINES, values).all()[::-1]
    first_new = next((at for at, row in enumerate(rows) if row.seq > reader.known_seq), 0)
    # What they asked stands above the first answer that is new to them.
    lines = [_line(row) for row in rows[max(0, first_new - 1) :]]
    title = gettext("%(shop)s has answered you", shop=one_line(reader.shop))
    context = {
        "headline": {"title": title, "body": one_line(str(lines[-1]["text"]))[:120]},
        "subject": render.cut(title),
        "brand": one_line(reader.shop),
        "lines": lines,
        "link": reader.page_url or "",
        "settings_url": "",
        "unsubscribe_url": "",
        "required_by": "",
    }
    return Message(
        delivery_id=delivery.id,
        subject=render.cut(title),
        title=title,
        text=render.squeeze(render_template("email/client_answers/body.txt", **context)),
        html=render.INLINER.inline(render_template("email/client_answers/body.html", **context)),
        url=reader.page_url or "",
        tag=PURPOSE,
        thread=f"client:{reader.chat_id}",
    )


def after(delivery: Claimed, error: SendError | None, final: bool) -> None:
    """Remember up to where the client was mailed; what was answered while it was sent gets the next mail.

    The team reads in the chat when an answer could not be mailed at all.
    """
    if error is not None:
        if final:
            from app.services.clients import client_messages

            words = gettext("The answer could not be mailed to %(address)s", address=delivery.address)
            client_messages.announce(int((delivery.data or {})["chat_id"]), words)
        return
    row = db.session.execute(
        text(
            "UPDATE visitors v SET mailed_seq = greatest(v.mailed_seq, CAST(d.data ->> 'upto' AS bigint))"
            " FROM deliveries d WHERE d.id = :id AND v.id = CAST(d.data ->> 'visitor_id' AS int) RETURNING v.chat_id"
        ),
        {"id": delivery.id},
    ).one_or_none()
    if row is not None and row.chat_id is not None:
        schedule(row.chat_id)


def _reason(delivery: Claimed, row: Row[Any] | None) -> str | None:
    if row is None or row.upto is None:
        return "already_read"
    return None if (row.email or "").lower() == delivery.address.lower() else "address_changed"


def _line(row: Row[Any]) -> dict[str, object]:
    author = row.author or gettext("Our team") if row.author_kind == "user" else gettext("You")
    return {"author": author, "text": row.body or gettext("sent a file"), "seq": row.seq}
