"""Mails kept while no SMTP server is configured: stored by the mail channel, read by admins at /outbox."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import SMTP

from flask import Flask
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import load_only

from app import clock
from app.channels.email import KeptCopy
from app.extensions import db
from app.models.outbox import KeptMail
from app.transaction import transaction

KEPT_AT_MOST = 1000
PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """One page of the list, newest first; ``number`` counts from 1 and is clamped to what there is."""

    mails: list[KeptMail]
    number: int
    pages: int
    total: int


def init_app(app: Flask) -> None:
    """Give the mail channel a place to keep mails in."""
    app.extensions["mail_keeper"] = keep


def keep(copy: KeptCopy) -> None:
    """Store a mail once per delivery, and let the oldest beyond KEPT_AT_MOST go."""
    kept = insert(KeptMail).values(
        delivery_id=copy.delivery_id,
        to_address=copy.to_address,
        subject=copy.subject,
        text=copy.text,
        html=copy.html,
        headers=copy.headers,
        raw=copy.raw,
        created_at=clock.now(),
    )
    newest_too_many = select(KeptMail.id).order_by(KeptMail.id.desc()).offset(KEPT_AT_MOST).limit(1).scalar_subquery()
    with transaction():
        db.session.execute(kept.on_conflict_do_nothing(index_elements=[KeptMail.delivery_id]))
        db.session.execute(delete(KeptMail).where(KeptMail.id <= newest_too_many))


def page_of_mails(number: int) -> OutboxPage:
    """Page ``number`` of the kept mails, without their contents."""
    total = db.session.scalar(select(func.count()).select_from(KeptMail)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(1, number), pages)
    rows = db.session.scalars(
        select(KeptMail)
        .options(load_only(KeptMail.to_address, KeptMail.subject, KeptMail.created_at, raiseload=True))
        .order_by(KeptMail.id.desc())
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return OutboxPage(list(rows), number, pages, total)


def find_mail(mail_id: int) -> KeptMail | None:
    """One kept mail with its contents."""
    return db.session.get(KeptMail, mail_id) if mail_id < 2**63 else None


def html_with_images(mail: KeptMail) -> str:
    """The HTML part as a mail program would show it: inline pictures (``cid:``) as data, links beside the mail."""
    html = mail.html.replace("<head>", '<head><base target="_blank">', 1)
    for part in message_from_bytes(mail.raw, policy=SMTP).walk():
        cid = (part["Content-ID"] or "").strip("<>")
        if cid and part.get_content_maintype() == "image":
            data = base64.b64encode(part.get_content()).decode("ascii")
            html = html.replace(f"cid:{cid}", f"data:{part.get_content_type()};base64,{data}")
    return html
