"""Asking a client for a score when a talk is closed, taking the answer, and telling about a low one."""

from __future__ import annotations

import datetime as dt
import re

from flask_babel import gettext
from sqlalchemy import text

from app import clock
from app.catalogue import Rule
from app.errors import Conflict, UserError
from app.extensions import db
from app.models.people import User, full_name
from app.models.talks import Talk, TalkState
from app.services import audience, fields
from app.services.account import faults
from app.services.clients import messenger_out
from app.services.notify import record_event
from app.services.records.responsible import may_have
from app.services.talks import talk_live, talk_rules, talk_settings
from app.services.talks.talk_settings import TalkSettings
from app.services.tasks import task_types

LOWEST, HIGHEST = 1, 10
# However long the account waits for a score: a number within this time still counts.
LATE_FOR = dt.timedelta(hours=24)
_NUMBER = re.compile(r"\s*(10|[1-9])\s*(?:/\s*10)?\s*[!.)]*\s*")
TRANSCRIPT_LINES = 12


def should_ask(talk: Talk, settings: TalkSettings) -> bool:
    """Whether this talk's client is asked: once per talk, and not again within the set number of days."""
    if not settings.nps_on or talk.survey_asked_at is not None or not _reachable(talk.chat_id):
        return False
    since = clock.now() - dt.timedelta(days=settings.nps_every_days)
    asked = db.session.execute(
        text(
            "SELECT 1 FROM talks WHERE (chat_id = :chat_id OR contact_id = :contact_id) AND number <> :number"
            " AND survey_asked_at > :since LIMIT 1"
        ),
        {"chat_id": talk.chat_id, "contact_id": talk.contact_id, "number": talk.number, "since": since},
    ).first()
    return asked is None


def ask(talk: Talk, settings: TalkSettings) -> None:
    """Put the question: buttons in a widget, words in a messenger."""
    talk.state = TalkState.CLOSING
    talk.survey_asked_at = clock.now()
    talk.survey_seq = _last_seq(talk.chat_id)
    db.session.flush()
    talk_live.ask(talk, settings)
    messenger_out.send_words(talk, settings.question)


def score_of(body: str) -> int | None:
    """Return the score that a text is: "9", "9/10", "9!"; None for any other text."""
    match = _NUMBER.fullmatch(body)
    return int(match[1]) if match else None


def takes_score(talk: Talk, body: str, now: dt.datetime) -> bool:
    """Whether a client's message is the score of the talk that was asked for."""
    if score_of(body) is None or talk.score is not None or talk.survey_asked_at is None:
        return False
    if talk.state == TalkState.OPEN or now - talk.survey_asked_at > _lateness(talk):
        return False
    return not _colleague_wrote_since(talk)


def score_by_message(talk: Talk, body: str) -> None:
    """Take the score that the client wrote."""
    score = score_of(body)
    assert score is not None
    _store(talk, score, None)
    messenger_out.send_words(talk, talk_settings.load().thanks)


def answer(chat_id: int | None, number: object, score: object, comment: object = None) -> str:
    """Take the score that the client chose in the widget; return the words of thanks.

    Raises UserError on ``score`` out of range, Conflict for a talk that does not ask (any more).
    """
    from app.services.talks import talk_flow

    if isinstance(score, bool) or not isinstance(score, int) or not LOWEST <= score <= HIGHEST:
        raise UserError("invalid", f"A whole number from {LOWEST} to {HIGHEST} is needed", "score")
    words = fields.line(comment, "comment", 1000)
    talk = talk_flow.current(chat_id) if chat_id is not None else None
    if talk is None or isinstance(number, bool) or not isinstance(number, int) or talk.number != number:
        raise UserError("not_found", "There is no such talk", "number", 404)
    asked = talk.survey_asked_at
    late = asked is not None and talk.state == TalkState.CLOSED and clock.now() - asked <= LATE_FOR
    if talk.score is not None or asked is None or (talk.state != TalkState.CLOSING and not late):
        raise Conflict("not_asking", "This talk does not ask for a score", "number")
    _store(talk, score, words)
    return talk_settings.load().thanks


def close_unrated(limit: int = 100) -> int:
    """Close the talks whose client has not answered in time. Return how many."""
    settings = talk_settings.load()
    before = clock.now() - dt.timedelta(hours=settings.nps_timeout_hours)
    rows = db.session.execute(
        text(
            "SELECT number, chat_id FROM talks WHERE state = 'closing' AND survey_asked_at <= :before"
            " ORDER BY survey_asked_at LIMIT :limit"
        ),
        {"before": before, "limit": limit},
    ).all()
    from app.services.talks import talks

    in_order = sorted(rows, key=lambda row: row.chat_id)
    return sum(1 for row in in_order if talks.finish_unrated(row.number, before))


def _store(talk: Talk, score: int, comment: str | None) -> None:
    from app.services.talks import talk_flow

    now, settings = clock.now(), talk_settings.load()
    talk.score, talk.scored_at, talk.comment = score, now, comment
    talk.state, talk.closed_at = TalkState.CLOSED, talk.closed_at or now
    db.session.flush()
    talk_flow.announce(talk, gettext("The client gave %(score)s of 10", score=score))
    talk_live.changed(talk)
    if score <= settings.nps_critical:
        _tell_low(talk, settings)
        if settings.nps_follow_up:
            data = talk_rules.about(talk) | {"name": str(talk_flow.snapshot(talk)["contact"])}
            if talk_rules.carry_out("follow_up", lambda: _follow_up(talk, settings), data):
                faults.over("follow_up")


def _tell_low(talk: Talk, settings: TalkSettings) -> None:
    from app.services.talks import talk_flow

    told: dict[int, Rule] = {}
    for user_id in (talk.closed_by_id, talk.responsible_id):
        if user_id is not None:
            told[user_id] = Rule.SERVED
    told |= dict.fromkeys(_managers(talk, settings), Rule.RESPONSIBLE)
    data = talk_flow.snapshot(talk) | {
        "score": talk.score,
        "comment": talk.comment,
        "transcript": _transcript(talk),
        "url": f"/center/?chat={talk.chat_id}",
    }
    record_event("nps:low_score", None, talk_flow.subject_of(talk), data, told=told)


def _managers(talk: Talk, settings: TalkSettings) -> list[int]:
    """The account's responsible manager, else the group's, else the admins."""
    if settings.nps_responsible_id is not None:
        found = db.session.get(User, settings.nps_responsible_id)
        if found is not None and found.active:
            return [found.id]
        if found is not None:
            data = {"name": full_name(found), "user_id": found.id, "url": "/scores/settings"}
            faults.note("scores:responsible", "deactivated_score_manager", data)
    manager_id = audience.manager(talk.group_id)
    return [manager_id] if manager_id is not None else audience.admins()


def _follow_up(talk: Talk, settings: TalkSettings) -> None:
    """A task for who served the client, else for the manager: call within a day."""
    from app.services.talks import talk_flow
    from app.services.tasks import tasks

    managers = _managers(talk, settings)
    author = db.session.get(User, managers[0]) if managers else None
    served = talk.responsible
    responsible = served if served is not None and may_have(served) else author
    if author is None or responsible is None:
        raise UserError("nobody", gettext("Nobody is there who could do it."))
    name = str(talk_flow.snapshot(talk)["contact"])
    words = gettext(
        "Call %(name)s: gave %(score)s of 10 in talk %(number)s", name=name, score=talk.score, number=talk.number
    )
    # Admins may have other types of tasks.
    types = task_types.keys()
    values = {
        "text": words[:500],
        "type": "call" if "call" in types else types[0],
        "due_at": clock.now() + dt.timedelta(days=1),
        "responsible_id": responsible.id,
    }
    checked = tasks.check(author, values, None)
    tasks.do_create(author, checked | {"contact_id": talk.contact_id})


def _transcript(talk: Talk) -> list[dict[str, str]]:
    rows = db.session.execute(
        text(
            "SELECT x.author_kind, left(x.body, 300) AS body, trim(concat(u.first_name, ' ', u.last_name)) AS name"
            " FROM messages x LEFT JOIN ab_user u ON u.id = x.author_id WHERE x.chat_id = :chat_id AND x.seq >= :first"
            " AND x.public AND x.deleted_at IS NULL ORDER BY x.seq DESC LIMIT :limit"
        ),
        {"chat_id": talk.chat_id, "first": talk.first_seq, "limit": TRANSCRIPT_LINES},
    ).all()
    return [{"author": row.name or "", "kind": row.author_kind, "text": row.body} for row in reversed(rows)]


def _lateness(talk: Talk) -> dt.timedelta:
    if talk.state == TalkState.CLOSED:
        return LATE_FOR
    return max(LATE_FOR, dt.timedelta(hours=talk_settings.load().nps_timeout_hours))


def _colleague_wrote_since(talk: Talk) -> bool:
    statement = text(
        "SELECT 1 FROM messages WHERE chat_id = :id AND seq > :seq AND author_kind = 'user' AND public LIMIT 1"
    )
    return db.session.execute(statement, {"id": talk.chat_id, "seq": talk.survey_seq or 0}).first() is not None


def _last_seq(chat_id: int) -> int:
    return int(db.session.execute(text("SELECT last_seq FROM chats WHERE id = :id"), {"id": chat_id}).scalar_one())


def _reachable(chat_id: int) -> bool:
    statement = text(
        "SELECT 1 FROM visitors v LEFT JOIN widgets w ON w.id = v.widget_id"
        " LEFT JOIN messengers x ON x.id = v.messenger_id"
        " WHERE v.chat_id = :id AND coalesce(w.active, x.active, false)"
    )
    return db.session.execute(statement, {"id": chat_id}).first() is not None
