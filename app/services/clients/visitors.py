"""A client in a widget: known by a signed token alone, and by no cookie."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from itsdangerous import BadSignature
from sqlalchemy import Row, text

from app import clock
from app.errors import Conflict, NotFound, UserError
from app.extensions import db
from app.models.chats import ChatFile
from app.models.talks import Widget
from app.services import fields, signing
from app.services.chats import chat_files, chat_live
from app.services.chats.drafts import Draft
from app.services.clients import client_mail, client_messages, clients, visitor_flood, visitor_pages, widgets
from app.services.clients.client_messages import ClientPlace
from app.services.clients.clients import Door, Who
from app.services.talks import nps, talk_settings
from app.transaction import on_commit, transaction

HELLO_MESSAGES = 50
_SALT = "visitor"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who speaks: a client's key at one widget. ``address`` is the network's, for limits only."""

    key: str
    widget_id: int
    address: str = ""


def identify(widget: Widget, token: object) -> str:
    """Return the client's key, a new one where there is no token. Raises UserError for a forged or foreign one."""
    if token is None or token == "":
        return secrets.token_hex(16)
    try:
        said = signing.loads(token, _SALT) if isinstance(token, str) and len(token) < 500 else None
        key, widget_id = str(said["v"]), int(said["w"])  # type: ignore[index]
    except (BadSignature, TypeError, KeyError, ValueError):
        raise UserError("visitor_token", "This token is not one of ours", status=401) from None
    if widget_id != widget.id:
        raise UserError("foreign_token", "This token belongs to another chat", status=403)
    return key


def token_of(caller: Caller) -> str:
    """Return the signed token that brings the client's history back."""
    return signing.dumps({"v": caller.key, "w": caller.widget_id}, _SALT)


def door_of(widget: Widget) -> Door:
    """Return a widget as the door that clients come in by."""
    return Door(widget.name, widget.group_id, widget.working_hours, widget.zone, widget_id=widget.id)


def hello(caller: Caller, payload: Mapping[str, object]) -> dict[str, Any]:
    """Return what an opened widget shows. Writes nothing for somebody who has never written."""
    widget, row = widgets.of_id(caller.widget_id), _row(caller)
    page_url = _page_url(payload.get("page_url"))
    messages: list[dict[str, Any]] = []
    more, chat = False, None
    if row is not None and row.chat_id is not None:
        messages, more = visitor_pages.page(db.session(), row.chat_id, limit=HELLO_MESSAGES)
        team_read = visitor_pages.team_read_seq(db.session(), row.chat_id)
        chat = {"id": row.chat_id, "last_seq": messages[-1]["seq"] if messages else 0, "team_read_seq": team_read}
        with transaction():
            db.session.execute(
                text(
                    "UPDATE visitors SET last_seen_at = :now, page_url = coalesce(CAST(:page AS text), page_url)"
                    " WHERE id = :id"
                ),
                {"now": clock.now(), "page": page_url, "id": row.id},
            )
            _seen(row, chat["last_seq"], read=False)
    return {
        "visitor": visitor_json(caller, row),
        "chat": chat,
        "messages": messages,
        "more": more,
        "talk": visitor_pages.talk_of(db.session(), row.chat_id if row else None, talk_settings.load()),
        **widgets.presence_of(widget),
    }


def send(caller: Caller, draft: Draft, page_url: object = None) -> tuple[dict[str, Any], bool]:
    """Send a client's message; return ``message`` and ``talk``, and whether it is new. Raises UserError, TooMany.

    ``page_url``: where the client is, as the widget says.
    """
    visitor_flood.MESSAGES.take(caller.key)
    door, who = door_of(widgets.of_id(caller.widget_id)), Who(caller.key, page_url=_page_url(page_url))
    if _row(caller) is not None:
        received = client_messages.receive(door, who, draft)
    else:
        visitor_flood.BEGINNINGS.take(caller.address)
        db.session.rollback()  # who waits for a turn holds no connection
        with visitor_flood.turn():
            received = client_messages.receive(door, who, draft)
    talk = visitor_pages.talk_of(db.session(), received.chat_id, talk_settings.load())
    return {"message": received.message, "talk": talk}, received.new


def messages(
    caller: Caller, *, before_seq: int | None = None, after_seq: int | None = None, limit: int = 50
) -> dict[str, Any]:
    """Return a page of the client's own chat."""
    row = _row(caller)
    if row is None or row.chat_id is None:
        return {"messages": [], "more": False}
    found, more = visitor_pages.page(db.session(), row.chat_id, before_seq=before_seq, after_seq=after_seq, limit=limit)
    return {"messages": found, "more": more}


def poll(caller: Caller, **page: Any) -> dict[str, Any]:
    """Return a page and the talk, for who has no socket."""
    row = _row(caller)
    chat_id = row.chat_id if row is not None else None
    read = visitor_pages.team_read_seq(db.session(), chat_id) if chat_id else 0
    talk = visitor_pages.talk_of(db.session(), chat_id, talk_settings.load())
    return {**messages(caller, **page), "talk": talk, "team_read_seq": read}


def typing(caller: Caller) -> None:
    """Show the team that the client is writing."""
    row = _row(caller)
    if row is None or row.chat_id is None:
        return
    name = db.session.execute(
        text("SELECT k.name FROM chats c JOIN contacts k ON k.id = c.contact_id WHERE c.id = :id"), {"id": row.chat_id}
    ).scalar()
    payload = {"chat_id": row.chat_id, "name": name or ""}
    chat_live.tell("client.typing", ClientPlace(row.chat_id), payload)


def read(caller: Caller, seq: int) -> None:
    """Note up to where the client has read; the team sees it. Never goes back."""
    with transaction():
        row = _row(caller)
        if row is not None and row.chat_id is not None:
            _seen(row, seq, read=True)


def contact(caller: Caller, payload: Mapping[str, object]) -> dict[str, Any]:
    """Keep an address that the client leaves; a known one finds the contact. Raises UserError naming the field."""
    fields.known(payload, ("name", "email", "phone"))
    values = clients.checked_address(payload)
    if not any(values.values()):
        raise UserError("required", "Leave an address or a phone number", "email")
    widget = widgets.of_id(caller.widget_id)
    with transaction():
        clients.arrive(door_of(widget), Who(caller.key))
        row = clients.leave_address(caller.key, values)
        if row is not None and row.chat_id is not None:
            client_mail.schedule(row.chat_id)
    return visitor_json(caller, row)


def answer_survey(caller: Caller, payload: Mapping[str, object]) -> dict[str, Any]:
    """Take the client's score. Raises UserError, Conflict."""
    with transaction():
        row = _row(caller)
        chat_id = row.chat_id if row is not None else None
        thanks = nps.answer(chat_id, payload.get("number"), payload.get("score"), payload.get("comment"))
    settings = talk_settings.load()
    talk = visitor_pages.talk_of(db.session(), chat_id, settings)
    return {"talk": talk, "thanks": thanks, "default": not settings.nps_thanks}


def upload(caller: Caller, name: str, stream: BinaryIO) -> ChatFile:
    """Keep a client's file until it is sent. Raises UserError on ``file``, Conflict before the first message."""
    visitor_flood.FILES.take(caller.key)
    row = _row(caller)
    if row is None or row.chat_id is None:
        raise Conflict("no_chat", "Write something first")
    with transaction():
        return chat_files.keep(row.chat_id, name, stream, by_visitor=True)


def file_of(file_id: int) -> ChatFile:
    """Return a file that a client may open: a sent public one, or the client's own upload. Raises NotFound."""
    found = None
    if 0 < file_id < 2**31:
        allowed = db.session.execute(
            text(
                "SELECT 1 FROM chat_files f LEFT JOIN messages m ON m.id = f.message_id"
                " WHERE f.id = :id AND f.deleted_at IS NULL AND (m.public OR (f.by_visitor AND f.message_id IS NULL))"
            ),
            {"id": file_id},
        ).first()
        found = db.session.get(ChatFile, file_id) if allowed else None
    if found is None:
        raise NotFound("File")
    return found


def visitor_json(caller: Caller, row: Row[Any] | None) -> dict[str, Any]:
    """Return what a client has said about themselves, with the token."""
    said = {name: getattr(row, name) if row is not None else None for name in ("name", "email", "phone")}
    return {"token": token_of(caller), **said}


def _row(caller: Caller) -> Row[Any] | None:
    return db.session.execute(
        text(
            "SELECT id, chat_id, name, email, phone, delivered_seq, read_seq FROM visitors"
            " WHERE key = :key AND widget_id = :widget_id"
        ),
        {"key": caller.key, "widget_id": caller.widget_id},
    ).one_or_none()


def _seen(row: Row[Any], seq: int, *, read: bool) -> None:
    if seq <= (row.read_seq if read else row.delivered_seq):
        return
    now_seen = db.session.execute(
        text(
            "UPDATE visitors v SET delivered_seq = greatest(v.delivered_seq, least(CAST(:seq AS bigint), c.last_seq)),"
            " read_seq = CASE WHEN :read THEN greatest(v.read_seq, least(CAST(:seq AS bigint), c.last_seq))"
            " ELSE v.read_seq END"
            " FROM chats c WHERE c.id = v.chat_id AND v.id = :id RETURNING v.delivered_seq, v.read_seq"
        ),
        {"seq": seq, "read": read, "id": row.id},
    ).one_or_none()
    if now_seen is not None:
        payload = {"chat_id": row.chat_id, "delivered_seq": now_seen.delivered_seq, "read_seq": now_seen.read_seq}
        on_commit(lambda: chat_live.tell("client.seen", ClientPlace(row.chat_id), payload))


def _page_url(value: object) -> str | None:
    return value[:500] if isinstance(value, str) and value.startswith(("http://", "https://")) else None
