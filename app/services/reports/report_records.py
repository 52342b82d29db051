"""The records behind a number of the activity report, as far as the reader may open them, the newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext, lazy_gettext
from sqlalchemy import BigInteger, DateTime, Numeric, and_, column, func, literal, select, text
from sqlalchemy.orm import joinedload

from app import access, clock
from app.extensions import db
from app.models.calls import Call
from app.models.chats import Chat, Message
from app.models.crm import Contact, Lead, Task
from app.models.mailboxes import Mail
from app.models.notifications import Delivery, Event
from app.models.people import User, full_name
from app.models.talks import Talk
from app.services.account import account
from app.services.reports import figures
from app.services.reports.activity_sources import SOURCES
from app.services.reports.figure_kinds import Figure
from app.services.reports.figure_words import duration
from app.services.reports.report_period import Period
from app.services.reports.report_scope import Scope, members_of

PER_PAGE = 50
COUNT_MAX = 10_000
PAGES_MAX = COUNT_MAX // PER_PAGE
EXCERPT = 140


@dataclass(frozen=True, slots=True)
class Row:
    """One record: when it counts, its words and address (empty where it has no page), and what stands beside it."""

    at: dt.datetime
    words: str
    url: str
    cells: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """A page of the records behind a number. ``total`` counts up to COUNT_MAX + 1, ``hidden`` those without rights."""

    figure: Figure
    heads: tuple[Any, ...]
    rows: tuple[Row, ...]
    records: tuple[Any, ...]
    total: int
    hidden: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return min(PAGES_MAX, -(-(self.total - self.hidden) // PER_PAGE)) or 1


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of record is found, guarded and shown. ``key`` is its column that sources call ``ref``."""

    model: Any
    key: Any
    visible: Callable[[User], Any]
    heads: tuple[Any, ...]
    row: Callable[[Any], tuple[str, str, tuple[Any, ...]]]
    eager: tuple[Any, ...] = ()
    beside: tuple[Any, ...] = ()


def behind(user: User, key: str, period: Period, scope: Scope, page: int = 0) -> Behind:
    """Return a page of the records behind a figure. The scope was checked by ``scope_for``. Raises KeyError."""
    figure = figures.figure_of(key)
    kind = _KINDS[figure.section] if figure.section in _KINDS else _KINDS["talks"]
    page = max(0, min(page, PAGES_MAX - 1))
    counted = refs(figure, period, scope)
    total = _count(select(literal(1)).select_from(counted))
    mine = counted.c.ref == kind.key, kind.visible(user)
    visible = _count(select(literal(1)).select_from(kind.model).join(counted, mine[0]).where(mine[1]))
    seen = select(kind.model, counted.c.at, *kind.beside).join(counted, mine[0]).where(mine[1])
    found = db.session.execute(
        seen.options(*kind.eager).order_by(counted.c.at.desc(), kind.key.desc()).limit(PER_PAGE).offset(page * PER_PAGE)
    ).unique()
    rows = found.all()
    return Behind(
        figure=figure,
        heads=kind.heads,
        rows=tuple(_row(kind, *row) for row in rows),
        records=tuple(row[0] for row in rows),
        total=total,
        hidden=total - visible,
        page=page,
    )


def keys(figure: Figure, period: Period, scope: Scope) -> Any:
    """Return the statement for the ids of the records that a figure of LISTED counts, whoever may open them."""
    counted = select(refs(figure, period, scope).c.ref)
    # A mail is counted by its news.
    return select(Event.subject_id).where(Event.id.in_(counted)) if figure.section == "mails" else counted


def sizes(user: User, figure: Figure, period: Period, scope: Scope) -> tuple[int, int]:
    """Return how many records a figure of LISTED counts, up to COUNT_MAX + 1, and how many the person may not open."""
    model, visible = LISTED[figure.section]
    total = _count(select(literal(1)).select_from(refs(figure, period, scope)))
    ids = keys(figure, period, scope)
    return total, total - _count(select(literal(1)).select_from(model).where(model.id.in_(ids), visible(user)))


def _row(kind: _Kind, record: Any, at: dt.datetime, *beside: Any) -> Row:
    words, url, cells = kind.row(record)
    return Row(at, words, url, (*cells, *beside))


def refs(figure: Figure, period: Period, scope: Scope) -> Any:
    """Return the subquery of what a figure counts: when (``at``) and which (``ref``), whoever may open it."""
    members = members_of(scope.ids) if scope.kind == "groups" else {}
    own = [one for group in members.values() for one in group] if scope.kind == "groups" else list(scope.ids)
    conditions = {
        "account": "true",
        "groups": "(user_id = ANY(:user_ids) OR (user_id IS NULL AND group_id = ANY(:group_ids)))",
        "user": "user_id = ANY(:user_ids)",
    }
    zone = ZoneInfo(account.zone())
    values: dict[str, Any] = {
        "starts_at": dt.datetime.combine(period.starts_on, dt.time(), zone).astimezone(dt.UTC),
        "ends_at": dt.datetime.combine(period.ends_on, dt.time(), zone).astimezone(dt.UTC),
    }
    source, condition = SOURCES[figure.behind], conditions[scope.kind]
    if ":now" in source:
        values["now"] = clock.now()
    if scope.kind != "account":
        values["user_ids"] = own
    if scope.kind == "groups":
        values["group_ids"] = list(scope.ids)
    if figure.currency:
        condition += " AND currency = :currency AND value <> 0"
        values["currency"] = figure.currency
    statement = text(f"SELECT at, ref, value FROM ({source}) s WHERE {condition}").bindparams(**values)
    return statement.columns(
        column("at", DateTime(timezone=True)), column("ref", BigInteger), column("value", Numeric)
    ).subquery("behind")


def _count(statement: Any) -> int:
    return int(db.session.scalar(select(func.count()).select_from(statement.limit(COUNT_MAX + 1).subquery())) or 0)


def _name(user: User | None) -> str:
    return full_name(user) if user is not None else ""


def _message(message: Message) -> tuple[str, str, tuple[Any, ...]]:
    cut = message.body[:EXCERPT] + ("…" if len(message.body) > EXCERPT else "")
    words = gettext("(deleted)") if message.deleted_at else cut
    return words, f"/center/?chat={message.chat_id}&seq={message.seq}", ()


def _talk(talk: Talk) -> tuple[str, str, tuple[Any, ...]]:
    contact: Contact | None = talk.contact
    words = gettext("Talk %(number)s", number=talk.number) + (f" · {contact.name}" if contact else "")
    reply = duration((talk.first_reply_at - talk.opened_at).total_seconds()) if talk.first_reply_at else ""
    score = str(talk.score) if talk.score is not None else ""
    return (
        words,
        f"/center/?chat={talk.chat_id}",
        (talk.opened_at, reply, talk.closed_at, score, _name(talk.responsible)),
    )


def _visible_messages(user: User) -> Any:
    of_talk = select(Talk.number).where(Talk.chat_id == Message.chat_id, access.visible_talks(user)).exists()
    return and_(Message.public, of_talk)


_RESPONSIBLE = lazy_gettext("Responsible")
_CLIENT = (
    select(Contact.name)
    .join(Chat, Chat.contact_id == Contact.id)
    .where(Chat.id == Message.chat_id)
    .correlate(Message)
    .scalar_subquery()
)
_AUTHOR = (
    select(func.concat_ws(" ", User.first_name, User.last_name))
    .where(User.id == Message.author_id)
    .correlate(Message)
    .scalar_subquery()
)
# Sections of numbers whose records have a generated list, and who sees which of them.
LISTED: Mapping[str, tuple[Any, Callable[[User], Any]]] = {
    "leads": (Lead, access.visible_leads),
    "tasks": (Task, access.visible_tasks),
    "calls": (Call, access.visible_calls),
    "mails": (Mail, access.visible_mails),
    "deliveries": (Delivery, access.visible_deliveries),
}
_KINDS: Mapping[str, _Kind] = {
    "messages": _Kind(
        Message,
        Message.id,
        _visible_messages,
        (lazy_gettext("Message"), lazy_gettext("Client"), lazy_gettext("Written by")),
        _message,
        (),
        (_CLIENT, _AUTHOR),
    ),
    "talks": _Kind(
        Talk,
        Talk.number,
        access.visible_talks,
        (
            lazy_gettext("Talk"),
            lazy_gettext("Opened"),
            lazy_gettext("First reply after"),
            lazy_gettext("Closed"),
            lazy_gettext("Score"),
            _RESPONSIBLE,
        ),
        _talk,
        (joinedload(Talk.contact), joinedload(Talk.responsible)),
    ),
}
