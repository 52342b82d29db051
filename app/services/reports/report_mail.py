"""The mails of reports: decided again just before they leave, rendered once per run, filled in for each recipient."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formataddr
from functools import lru_cache
from html import escape

from flask import current_app, render_template
from flask_babel import force_locale, gettext
from sqlalchemy import select, text

from app.catalogue import KINDS, Channel, Rule
from app.channels.base import Attachment, InlineImage, Message
from app.clock import zone_of
from app.errors import PermanentSendError
from app.extensions import db
from app.models.people import User, full_name
from app.models.reports import Report, ReportFile, ReportRun
from app.services import audience
from app.services.claimed import Claimed, ReportReader
from app.services.recheck import DEACTIVATED, MOVED, SWITCHED_OFF
from app.services.render import INLINER, SETTINGS_PATH, Headline, absolute, cut, squeeze, unsubscribe_headers
from app.services.reports import report_contents, report_recipients, report_words, reports
from app.services.routing import AccountDefaults, Outcome, cell, choose_channels

UNSUBSCRIBED, REMOVED = "unsubscribed", "removed"
# What differs from mail to mail. Letters only: they come through templates, inlining and links as they are.
_LINK, _STOP, _BECAUSE = "FDLINKHERE", "FDSTOPHERE", "FDBECAUSEHERE"
_LETTERS_MAX = 8

_READERS = text("""
SELECT c.id, c.user_id, c.address, c.created_at, c.confirmed_at, c.unsubscribed_at, NOT r.shared AS own,
       trim(concat(a.first_name, ' ', a.last_name)) AS added_by,
       EXISTS (SELECT FROM paused_addresses p WHERE p.address = c.address) AS paused
FROM report_recipients c JOIN reports r ON r.id = c.report_id LEFT JOIN ab_user a ON a.id = c.added_by_id
WHERE c.id = ANY(:ids)
""")


@dataclass(frozen=True, slots=True)
class Letter:
    """One run's mail, but for what differs from recipient to recipient."""

    subject: str
    title: str
    text: str
    html: str
    images: tuple[InlineImage, ...]
    attachments: tuple[Attachment, ...]
    report_id: int
    reply_to: str
    language: str
    zone: str


def refuse_reports(deliveries: Sequence[Claimed]) -> dict[int, str]:
    """Decide again: who has left, was removed or deactivated, or wants no reports, gets none."""
    rows = {row.id: row for row in db.session.execute(_READERS, {"ids": _recipient_ids(deliveries)})}
    kind = KINDS["report:ready"]
    users = [int(delivery.user_id) for delivery in deliveries if delivery.user_id is not None]
    people = {one.user_id: one for one in audience.recipients(kind, dict.fromkeys(users, Rule.RECIPIENT))}
    account = audience.account_defaults(kind.row) if people else {}
    refused: dict[int, str] = {}
    for delivery in deliveries:
        row = rows.get(_recipient_id(delivery))
        if row is None:
            refused[delivery.id] = REMOVED
            continue
        if row.unsubscribed_at is not None or row.confirmed_at is None:
            refused[delivery.id] = UNSUBSCRIBED
        elif row.user_id is None:
            if row.paused:
                refused[delivery.id] = Outcome.ADDRESS_PAUSED.value
        else:
            person = people.get(row.user_id)
            reason = _against(delivery, person, account)
            if reason is not None:
                refused[delivery.id] = reason
            elif person is not None:
                found = cell(kind, person.facts, account, Channel.EMAIL)
                delivery.found.required_by = (found.required_by or "Frontdesk") if found.mandatory else ""
        delivery.found.reader = ReportReader(row.id, row.user_id is None, row.own, row.added_by or "", row.created_at)
    return refused


def report_message(delivery: Claimed) -> Message:
    """Word one recipient's mail. Raises PermanentSendError when its run is gone."""
    data, reader, required_by = delivery.data or {}, delivery.found.reader, delivery.found.required_by
    run_id = int(data["run"])
    letter = _letter(run_id, str(data.get("key")), required_by, reader is not None and reader.outside)
    if letter is None or reader is None:
        raise PermanentSendError("The report was deleted")
    stop = "" if required_by else report_recipients.stop_url(reader.recipient_id)
    plain, html, link = filled(letter, reader, run_id, stop)
    headers = unsubscribe_headers(stop)
    if not reader.own:
        headers["Reply-To"] = letter.reply_to
    return Message(
        delivery_id=delivery.id,
        subject=letter.subject,
        title=letter.title,
        text=plain,
        html=html,
        url=link,
        tag="report:ready",
        thread=f"report:{letter.report_id}",
        headers=headers,
        images=letter.images,
        attachments=letter.attachments,
    )


def filled(letter: Letter, reader: ReportReader, run_id: int, stop: str) -> tuple[str, str, str]:
    """Return a letter's text and HTML for one recipient, and their link to the browser."""
    link = report_recipients.view_url(reader.recipient_id, run_id) if reader.outside else _run_url(run_id)
    with force_locale(letter.language):
        because = _because(reader, letter.zone)
    plain = letter.text.replace(_LINK, link).replace(_STOP, stop).replace(_BECAUSE, because)
    html = letter.html.replace(_LINK, escape(link)).replace(_STOP, escape(stop)).replace(_BECAUSE, escape(because))
    return plain, html, link


def letter_of(run: ReportRun) -> Letter:
    """Render a run's mail for its users."""
    with force_locale(str(run.setup["language"])):
        return _render(run, "", outside=False)


def refuse_confirmations(deliveries: Sequence[Claimed]) -> dict[int, str]:
    """Nobody is asked who was removed meanwhile, or has answered."""
    rows = {row.id: row for row in db.session.execute(_READERS, {"ids": _recipient_ids(deliveries)})}
    refused = {}
    for delivery in deliveries:
        row = rows.get(_recipient_id(delivery))
        if row is None or row.confirmed_at is not None or row.unsubscribed_at is not None:
            refused[delivery.id] = REMOVED
        elif row.paused:
            refused[delivery.id] = Outcome.ADDRESS_PAUSED.value
        else:
            delivery.found.reader = ReportReader(row.id, True, False, row.added_by or "", row.created_at)
    return refused


def confirm_message(delivery: Claimed) -> Message:
    """Word the mail that asks an outside address whether it wants a report. Raises PermanentSendError."""
    reader = delivery.found.reader
    row = db.session.execute(
        text(
            "SELECT r.id, r.name, r.language FROM report_recipients c JOIN reports r ON r.id = c.report_id"
            " WHERE c.id = :id"
        ),
        {"id": _recipient_id(delivery)},
    ).one_or_none()
    if reader is None or row is None:
        raise PermanentSendError("The report was deleted")
    link = report_recipients.confirm_url(reader.recipient_id)
    with force_locale(row.language):
        by = reader.added_by or gettext("Somebody")
        title = gettext("%(name)s wants to send you a report", name=by)
        context = {
            "headline": Headline(title, row.name, link, "mail"),
            "subject": cut(f"{title}: {row.name}"),
            "report": row.name,
            "by": by,
            "link": link,
            "days": report_recipients.CONFIRM_WITHIN.days,
            "settings_url": "",
            "unsubscribe_url": report_recipients.stop_url(reader.recipient_id),
            "required_by": "",
        }
        return Message(
            delivery_id=delivery.id,
            subject=str(context["subject"]),
            title=title,
            text=squeeze(render_template("email/report_confirm/body.txt", **context)),
            html=INLINER.inline(render_template("email/report_confirm/body.html", **context)),
            url=link,
            tag="report:confirm",
            headers=unsubscribe_headers(str(context["unsubscribe_url"])),
        )


def as_shown(run: ReportRun) -> str:
    """Return a run's mail as a mail program shows it, for a page: pictures inside, nobody's own links."""
    with force_locale(str(run.setup["language"])):
        letter = _render(run, "", outside=False)
        sample = gettext("because you are among its recipients")
    html = letter.html.replace(_LINK, "#").replace(_STOP, "#").replace(_BECAUSE, escape(sample))
    for image in letter.images:
        html = html.replace(f"cid:{image.cid}", f"data:image/png;base64,{b64encode(image.content).decode()}")
    return html


@lru_cache(maxsize=_LETTERS_MAX)
def _letter(run_id: int, key: str, required_by: str, outside: bool) -> Letter | None:
    """Render a run's mail once per process. What was sent does not change; ``key`` is the run's own."""
    run = db.session.get(ReportRun, run_id)
    if run is None or run.contents is None:
        return None
    with force_locale(str(run.setup["language"])):
        return _render(run, required_by, outside=outside)


def _render(run: ReportRun, required_by: str, *, outside: bool) -> Letter:
    contents = report_contents.from_json(run.contents or {})
    owner = db.session.get_one(User, run.setup["owner_id"])
    report = db.session.get(Report, run.report_id) if run.report_id is not None else None
    files = list(db.session.scalars(select(ReportFile).where(ReportFile.run_id == run.id).order_by(ReportFile.name)))
    attachments = tuple(
        Attachment(f"{file_name(contents.title)}.{one.name.rpartition('.')[2]}", one.content, one.type)
        for one in files
        if not one.type.startswith("image/")
    )
    images = tuple(InlineImage(one.name, one.content) for one in files if one.type.startswith("image/"))
    context = {
        "headline": Headline(contents.title, contents.summary, "", "chart"),
        "subject": cut(contents.title),
        "contents": contents,
        "late": _late(run),
        "missed": int(str(run.setup.get("missed") or 0)),
        "link": _LINK,
        "settings_url": "" if outside else absolute(current_app.config["PUBLIC_URL"], SETTINGS_PATH),
        "unsubscribe_url": "" if required_by else _STOP,
        "required_by": required_by,
        "because": _BECAUSE,
        "when": _when(run, report),
        "answers_to": full_name(owner) if run.setup["shared"] else "",
        "attached": ", ".join(one.name.rpartition(".")[2].upper() for one in attachments),
    }
    return Letter(
        subject=str(context["subject"]),
        title=contents.title,
        text=squeeze(render_template("email/report/body.txt", **context)),
        html=INLINER.inline(render_template("email/report/body.html", **context)),
        images=images,
        attachments=attachments,
        report_id=run.report_id or 0,
        reply_to=formataddr((full_name(owner), owner.email)),
        language=str(run.setup["language"]),
        zone=str(run.setup["zone"]),
    )


def _late(run: ReportRun) -> str:
    """When a late one was due: "Monday 23 November, 08:00"."""
    if not run.late or run.window_at is None:
        return ""
    local = run.window_at.astimezone(zone_of(str(run.setup["zone"])))
    return report_words.moment(local)


def _when(run: ReportRun, report: Report | None) -> str:
    """How often it comes: "on Mondays at 08:00 (Europe/Vienna)"."""
    if run.by_hand:
        sender = db.session.get(User, run.user_id) if run.user_id is not None else None
        return gettext("this time sent by hand by %(name)s", name=full_name(sender)) if sender else ""
    return report_words.schedule(reports.sending_of(report)) if report is not None else ""


def _because(reader: ReportReader, zone: str) -> str:
    if reader.own:
        return gettext("because you set it up")
    day = report_words.date(reader.added_at.astimezone(zone_of(zone)).date())
    if not reader.added_by:
        return gettext("because you were added on %(day)s", day=day)
    return gettext("because %(name)s added you on %(day)s", name=reader.added_by, day=day)


def _against(delivery: Claimed, person: audience.Recipient | None, account: AccountDefaults) -> str | None:
    """Why a user gets no report; reports keep their hour, so quiet hours do not hold them."""
    if person is None or not delivery.active:
        return DEACTIVATED
    if delivery.address not in person.addresses(Channel.EMAIL):
        return MOVED
    decisions = choose_channels(KINDS["report:ready"], person.facts, account)
    outcome = next(one.outcome for one in decisions if one.channel is Channel.EMAIL)
    return outcome.value if outcome in SWITCHED_OFF or outcome is Outcome.ADDRESS_PAUSED else None


def _run_url(run_id: int) -> str:
    return absolute(current_app.config["PUBLIC_URL"], f"/scheduled/runs/{run_id}")


def file_name(title: str) -> str:
    """Return a title as a name that every file system takes."""
    return " ".join("".join(char if char.isalnum() or char in " -" else " " for char in title).split())[:80]


def _recipient_id(delivery: Claimed) -> int:
    return int((delivery.data or {}).get("recipient") or 0)


def _recipient_ids(deliveries: Sequence[Claimed]) -> list[int]:
    return [_recipient_id(delivery) for delivery in deliveries]
