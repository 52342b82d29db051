"""Who gets a report: users at once, outside addresses once their readers have confirmed; everybody can leave.

Links are signed and need no login. What one confirms or leaves is one report; only a POST acts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext
from itsdangerous import BadSignature
from sqlalchemy import Select, select, text
from sqlalchemy.orm import joinedload

from app import clock
from app.errors import Conflict, NotFound, UserError
from app.extensions import db
from app.models.people import User
from app.models.reports import Report, ReportRecipient
from app.services import fields, outbound, signing
from app.services.people.names import FREE_SQL
from app.transaction import on_commit

USERS_MAX, ADDRESSES_MAX = 500, 50
CONFIRM_PURPOSE = "report_confirm"
CONFIRM_WITHIN = dt.timedelta(days=14)
ASK_AGAIN_AFTER = dt.timedelta(hours=1)
VIEW_FOR = dt.timedelta(days=30)
_SEPARATORS = re.compile(r"[\r\n,;]+")
_CONFIRM_SALT, _STOP_SALT, _VIEW_SALT = "report-confirm", "report-stop", "report-view"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to get a report, checked."""

    user_ids: tuple[int, ...]
    addresses: tuple[str, ...]


def checked(actor: User, user_ids: Any, addresses: Any) -> Wanted:
    """Return the recipients of a form. Raises UserError on ``recipient_ids`` or ``addresses``."""
    ids = tuple(dict.fromkeys(user_ids or ()))
    if len(ids) > USERS_MAX:
        raise UserError("too_many", gettext("At most %(count)s people", count=USERS_MAX), "recipient_ids")
    given = [part.strip() for part in _SEPARATORS.split(addresses or "") if part.strip()]
    if len(given) > ADDRESSES_MAX:
        raise UserError("too_many", gettext("At most %(count)s addresses", count=ADDRESSES_MAX), "addresses")
    outside = []
    for one in given:
        try:
            found = fields.email(one, "addresses")
        except UserError:
            raise UserError("invalid", gettext("“%(text)s” is no email address", text=one[:80]), "addresses") from None
        if found is not None and not re.search(r"@[^@]+\.[^@.]+$", found):
            raise UserError("invalid", gettext("“%(text)s” is no email address", text=one[:80]), "addresses")
        outside.append(str(found).lower())
    if not ids and not outside:
        raise UserError("required", gettext("Choose who gets the report"), "recipient_ids")
    people = {row.id: row for row in _people(ids)}
    for user_id in ids:
        person = people.get(user_id)
        if person is None:
            raise UserError("invalid", gettext("Choose an existing colleague"), "recipient_ids")
        if person.free:
            words = gettext("%(name)s has a free account and gets no reports", name=person.name)
            raise UserError("invalid", words, "recipient_ids")
    # Who has an account is a user, wherever the address was typed.
    known = {
        row.email: row.id
        for row in db.session.execute(
            text("SELECT id, lower(email) AS email FROM ab_user WHERE lower(email) = ANY(:addresses)"),
            {"addresses": outside},
        )
    }
    if known:
        address = next(iter(known))
        words = gettext("%(address)s is a colleague's address: choose them as a user", address=address)
        raise UserError("invalid", words, "addresses")
    return Wanted(ids, tuple(dict.fromkeys(outside)))


def replace(actor: User, report: Report, wanted: Wanted) -> None:
    """Let a report have these recipients; new outside addresses are asked to confirm. Inside a transaction."""
    now = clock.now()
    present = list(db.session.scalars(select(ReportRecipient).where(ReportRecipient.report_id == report.id)))
    users = {one.user_id: one for one in present if one.user_id is not None}
    outside = {one.address: one for one in present if one.address is not None}
    for one in present:
        if one.user_id not in wanted.user_ids and one.address not in wanted.addresses:
            db.session.delete(one)
    added: list[ReportRecipient] = []
    for user_id in wanted.user_ids:
        if user_id not in users:
            db.session.add(
                ReportRecipient(report_id=report.id, user_id=user_id, added_by_id=actor.id, confirmed_at=now)
            )
    for address in wanted.addresses:
        if address not in outside:
            added.append(ReportRecipient(report_id=report.id, address=address, added_by_id=actor.id, asked_at=now))
    db.session.add_all(added)
    db.session.flush()
    _ask(added)


def of_report(report_id: int) -> list[ReportRecipient]:
    """Return all recipients with who they are, users first."""
    statement = (
        select(ReportRecipient)
        .where(ReportRecipient.report_id == report_id)
        .options(joinedload(ReportRecipient.user), joinedload(ReportRecipient.added_by))
        .order_by(ReportRecipient.user_id.is_(None), ReportRecipient.id)
    )
    return list(db.session.scalars(statement.limit(USERS_MAX + ADDRESSES_MAX)))


def reached(report_id: int) -> Select[int]:
    """Return the statement for the recipients whom the next report goes to."""
    return select(ReportRecipient.id).where(
        ReportRecipient.report_id == report_id,
        ReportRecipient.confirmed_at.is_not(None),
        ReportRecipient.unsubscribed_at.is_(None),
    )


def subscribe_again(report: Report, user_id: int) -> None:
    """Let somebody get a report again who had left it: they set it up themselves."""
    db.session.execute(
        text("UPDATE report_recipients SET unsubscribed_at = NULL WHERE report_id = :report_id AND user_id = :user_id"),
        {"report_id": report.id, "user_id": user_id},
    )


def ask_again(recipient: ReportRecipient) -> None:
    """Send the confirmation mail once more. Raises Conflict when there is nothing to confirm, or it is too soon."""
    if recipient.address is None or recipient.confirmed_at is not None:
        raise Conflict("confirmed", gettext("This address is confirmed already"))
    if recipient.asked_at is not None and clock.now() - recipient.asked_at < ASK_AGAIN_AFTER:
        raise Conflict("too_soon", gettext("Asked less than an hour ago: wait before you ask again"))
    recipient.asked_at = clock.now()
    db.session.flush()
    _ask([recipient])


# -- what recipients do themselves


def confirm_url(recipient_id: int) -> str:
    """Return the link of the confirmation mail."""
    return f"{_home()}/report/confirm/{signing.dumps(recipient_id, _CONFIRM_SALT)}"


def stop_url(recipient_id: int) -> str:
    """Return the link that ends one report for one recipient."""
    return f"{_home()}/report/stop/{signing.dumps(recipient_id, _STOP_SALT)}"


def view_url(recipient_id: int, run_id: int) -> str:
    """Return an outside recipient's link to a report in the browser; it ends after a month."""
    until = int((clock.now() + VIEW_FOR).timestamp())
    return f"{_home()}/report/view/{signing.dumps([recipient_id, run_id, until], _VIEW_SALT)}"


def by_confirmation(token: str) -> ReportRecipient:
    """Return whom a confirmation link is for. Raises UserError (404) for one that is old or not ours."""
    try:
        recipient = _load(signing.loads(token, _CONFIRM_SALT))
    except (BadSignature, ValueError, TypeError):
        raise _broken() from None
    # Asking again makes the link of the mail before good again, too.
    if recipient.asked_at is None or recipient.asked_at + CONFIRM_WITHIN < clock.now():
        raise _broken()
    return recipient


def by_stop(token: str) -> ReportRecipient:
    """Return whom a link that ends a report is for; it never gets too old. Raises UserError (404)."""
    try:
        recipient_id = signing.loads(token, _STOP_SALT)
    except (BadSignature, ValueError, TypeError):
        raise _broken() from None
    return _load(recipient_id)


def by_view(token: str) -> tuple[ReportRecipient, int]:
    """Return the recipient of a link to the browser, and which run it shows. Raises UserError (404)."""
    try:
        recipient_id, run_id, until = signing.loads(token, _VIEW_SALT)
        over = clock.now().timestamp() > float(until)
    except (BadSignature, ValueError, TypeError):
        raise _broken() from None
    if over:
        words = gettext("This link is not valid any more: it works for %(days)s days", days=VIEW_FOR.days)
        raise UserError("invalid_link", words, status=404)
    recipient = _load(recipient_id)
    if recipient.address is None or recipient.confirmed_at is None or recipient.unsubscribed_at is not None:
        raise _broken()
    return recipient, int(run_id)


def confirm(recipient: ReportRecipient) -> None:
    """Let the reports come."""
    if recipient.confirmed_at is None:
        recipient.confirmed_at = clock.now()
    recipient.unsubscribed_at = None
    db.session.flush()


def stop(recipient: ReportRecipient) -> None:
    """End the report for this recipient; what is on its way stays in."""
    if recipient.unsubscribed_at is None:
        recipient.unsubscribed_at = clock.now()
    db.session.flush()


def resume(recipient: ReportRecipient) -> None:
    """Undo :func:`stop`."""
    recipient.unsubscribed_at = None
    db.session.flush()


def _ask(recipients: Sequence[ReportRecipient]) -> None:
    """Write the confirmation mails; they leave after the commit."""
    if not recipients:
        return
    now = clock.now()
    rows = db.session.execute(
        text(
            "INSERT INTO deliveries (dedupe_key, purpose, channel, address, state, not_before, queued_until, data,"
            " created_at)"
            " SELECT 'report_confirm:' || asked.id || ':' || to_char(CAST(:now AS timestamptz) AT TIME ZONE 'UTC',"
            " 'YYYYMMDD\"T\"HH24MISS.US'), :purpose, 'email', asked.address, 'pending', :now, :queued_until,"
            " jsonb_build_object('recipient', asked.id), :now"
            " FROM unnest(CAST(:ids AS int[]), CAST(:addresses AS text[])) AS asked(id, address)"
            " ON CONFLICT (dedupe_key) DO NOTHING RETURNING id"
        ),
        {
            "now": now,
            "queued_until": now + outbound.QUEUED_FOR,
            "purpose": CONFIRM_PURPOSE,
            "ids": [one.id for one in recipients],
            "addresses": [one.address for one in recipients],
        },
    ).all()
    on_commit(lambda: outbound.enqueue(("email", row.id) for row in rows))


def _people(ids: Sequence[int]) -> Sequence[Any]:
    return db.session.execute(
        text(
            f"SELECT u.id, trim(concat(u.first_name, ' ', u.last_name)) AS name, {FREE_SQL} AS free"
            " FROM ab_user u WHERE u.id = ANY(:ids)"
        ),
        {"ids": list(ids)},
    ).all()


def _load(recipient_id: object) -> ReportRecipient:
    found = db.session.get(ReportRecipient, recipient_id) if isinstance(recipient_id, int) else None
    if found is None:
        raise _broken()
    return found


def report_of(recipient: ReportRecipient) -> Report:
    """Return the report that a recipient gets. Raises NotFound when it was deleted meanwhile."""
    found = db.session.get(Report, recipient.report_id, options=[joinedload(Report.owner)])
    if found is None:
        raise NotFound("Report")
    return found


def _broken() -> UserError:
    return UserError("invalid_link", gettext("This link is not valid any more"), status=404)


def _home() -> str:
    return str(current_app.config["PUBLIC_URL"])
