"""What people do with talks: take, pass on, close, say that no answer is needed, ask a colleague."""

from __future__ import annotations

import datetime as dt
from functools import partial

from flask_babel import gettext
from sqlalchemy import select, text

from app import access, clock
from app.errors import Conflict, Forbidden, NotFound, UserError
from app.extensions import db
from app.models.chats import ASKED
from app.models.people import User, full_name
from app.models.talks import Talk, TalkState
from app.services import reading
from app.services.account import faults
from app.services.chats import chat_live
from app.services.clients import client_members
from app.services.notify import record_event
from app.services.records.responsible import checked_responsible
from app.services.talks import nps, talk_flow, talk_live, talk_offers, talk_rules, talk_settings
from app.services.tasks.task_news import person
from app.transaction import on_commit


def take(actor: User, number: int) -> Talk:
    """Take an untaken talk; one's own stays one's own. Raises Conflict naming who was faster, NotFound, Forbidden."""
    talk = _locked(actor, number)
    _require_current(talk)
    if talk.responsible_id == actor.id:
        return talk
    if not talk_offers.may_be_taken(talk):
        raise Conflict("taken", f"{full_name(talk.responsible)} has taken this talk already")
    talk_flow.take(talk, actor, gettext("%(name)s took this talk", name=full_name(actor)))
    return talk


def transfer(actor: User, number: int, user_id: object) -> Talk:
    """Pass a talk on to a colleague, who is told. Raises UserError on ``user_id``, Conflict, NotFound, Forbidden."""
    talk = _locked(actor, number)
    _require_current(talk)
    try:
        wanted = checked_responsible(actor, user_id)
    except UserError as error:
        error.field = "user_id"
        raise
    if wanted is None:
        raise UserError("required", "Choose a colleague", "user_id")
    if wanted == talk.responsible_id:
        return talk
    other = db.session.get_one(User, wanted)
    words = gettext("%(name)s passed this talk on to %(other)s", name=full_name(actor), other=full_name(other))
    talk_flow.take(talk, other, words)
    if wanted != actor.id:
        _show_to(talk.chat_id, wanted)
    talk_live.changed(talk)
    return talk


def no_answer_needed(actor: User, number: int) -> Talk:
    """End a talk's waiting without an answer. Raises Conflict for one that is closed, NotFound, Forbidden."""
    talk = _locked(actor, number)
    _require_current(talk)
    if talk.waiting_since is not None:
        talk_flow.end_waiting(talk)
        talk_flow.announce(talk, gettext("%(name)s: no answer needed", name=full_name(actor)))
        talk_live.changed(talk)
    return talk


def close(actor: User, number: int, *, without_survey: bool = False) -> Talk:
    """Close a talk, asking for a score where that is on. Raises Conflict when it is closed or closing already."""
    talk = _locked(actor, number)
    if talk.state != TalkState.OPEN:
        state = "closing" if talk.state == TalkState.CLOSING else "closed"
        raise Conflict(f"already_{state}", f"Talk {number} is {state} already")
    talk_flow.announce(talk, gettext("%(name)s closed talk %(number)s", name=full_name(actor), number=number))
    _close(talk, actor, ask=not without_survey)
    return talk


def ask(actor: User, number: int, user_id: object, question: object, answer: object = None) -> Talk:
    """Ask a colleague or free user: they get the question and this chat to read, or to ``answer`` in, too.

    Raises UserError naming the field, NotFound.
    """
    from app.services.talks import talk_questions

    talk = _locked(actor, number)
    talk_questions.ask(actor, talk, user_id, question, answer)
    talk_live.changed(talk)
    return talk


def let_answer(actor: User, number: int, user_id: int, answer: object) -> Talk:
    """Let somebody who was asked answer the client, too, or no longer.

    Raises UserError on ``answer``, NotFound for who was not asked, Forbidden.
    """
    from app.services.talks import talk_questions

    talk = _locked(actor, number)
    name = talk_questions.let_answer(talk, user_id, answer)
    if name is not None:
        words = (
            gettext("%(name)s lets %(other)s answer the client", name=full_name(actor), other=name)
            if answer
            else gettext("%(name)s lets %(other)s write notes only", name=full_name(actor), other=name)
        )
        talk_flow.announce(talk, words)
        talk_live.changed(talk)
    return talk


def take_back_question(actor: User, number: int, user_id: int) -> Talk:
    """Let somebody who was asked out of the chat again. Raises NotFound for who was not, Forbidden."""
    from app.services.talks import talk_questions

    talk = _locked(actor, number)
    talk_questions.take_back(talk, user_id)
    name = full_name(db.session.get_one(User, user_id))
    words = gettext("%(name)s let %(other)s out of this chat", name=full_name(actor), other=name)
    talk_flow.announce(talk, words)
    talk_live.changed(talk)
    return talk


def close_silent(limit: int = 50) -> int:
    """Close the open talks in which nobody has written for the account's set time, unless we owe the answer."""
    settings = talk_settings.load()
    if settings.auto_close_hours <= 0:
        return 0
    before = clock.now() - dt.timedelta(hours=settings.auto_close_hours)
    rows = db.session.execute(
        text(
            "SELECT number, chat_id FROM talks WHERE state = 'open' AND waiting_since IS NULL"
            " AND last_public_at <= :before ORDER BY number LIMIT :limit"
        ),
        {"before": before, "limit": limit},
    ).all()
    done = failed = 0
    # Whoever locks several chats takes them in this order.
    for row in sorted(rows, key=lambda row: row.chat_id):
        talk = _lock(row.number)
        if talk is None or talk.state != TalkState.OPEN or talk.waiting_since or talk.last_public_at > before:
            continue
        if talk_rules.carry_out("auto_close", partial(_close_silent, talk, settings), talk_rules.about(talk)):
            done += 1
        else:
            failed += 1
    if not failed:
        faults.over("auto_close")
    return done


def _close_silent(talk: Talk, settings: talk_settings.TalkSettings) -> None:
    talk_flow.announce(talk, gettext("Talk %(number)s was closed after a long silence", number=talk.number))
    _close(talk, None, ask=settings.nps_on_auto_close)


def finish_unrated(number: int, before: dt.datetime) -> bool:
    """Close a talk whose client has not answered the survey until now; False when that has changed meanwhile."""
    talk = _lock(number)
    if talk is None or talk.state != TalkState.CLOSING or talk.survey_asked_at is None:
        return False
    if talk.survey_asked_at > before:
        return False
    talk.state, talk.closed_at = TalkState.CLOSED, clock.now()
    talk_live.changed(talk)
    return True


def _close(talk: Talk, actor: User | None, *, ask: bool) -> None:
    settings = talk_settings.load()
    talk_flow.end_waiting(talk)
    talk.closed_by_id = actor.id if actor else None
    if ask and nps.should_ask(talk, settings):
        nps.ask(talk, settings)
    else:
        talk.state, talk.closed_at = TalkState.CLOSED, clock.now()
    db.session.flush()
    if actor is not None:
        data = talk_flow.snapshot(talk) | {"by": person(actor)}
        record_event("talk:closed", actor.id, talk_flow.subject_of(talk), data, told={})
    if talk.lead_id is not None:
        reading.settle_subject(f"lead:{talk.lead_id}")
    client_members.settle(talk.chat_id)
    talk_live.changed(talk)


def _show_to(chat_id: int, user_id: int) -> None:
    """What is passed on to somebody is news to them, whoever wrote last."""
    db.session.execute(
        text(
            "UPDATE chat_members SET marked_unread = true, changed_at = clock_timestamp()"
            " WHERE chat_id = :chat_id AND user_id = :user_id"
        ),
        {"chat_id": chat_id, "user_id": user_id},
    )
    on_commit(lambda: chat_live.show_items(chat_id, [user_id], {user_id}))


def _locked(actor: User, number: int) -> Talk:
    """The talk that this person may open, locked. Raises NotFound, Forbidden for who was only asked."""
    access.access_talk(actor, number)
    talk = _lock(number)
    if talk is None:
        raise NotFound("Talk")
    if access.is_free(actor) or client_members.role_of(talk.chat_id, actor.id) in ASKED:
        raise Forbidden("You were asked by a colleague: this is theirs to do")
    return talk


def _lock(number: int) -> Talk | None:
    """Chat first, talk after it: the order of everybody who writes."""
    chat_id = db.session.execute(text("SELECT chat_id FROM talks WHERE number = :n"), {"n": number}).scalar()
    if chat_id is None:
        return None
    db.session.execute(text("SELECT 1 FROM chats WHERE id = :id FOR NO KEY UPDATE"), {"id": chat_id})
    statement = select(Talk).where(Talk.number == number).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def _require_current(talk: Talk) -> None:
    if talk.state != TalkState.OPEN:
        raise Conflict("already_closed", f"Talk {talk.number} is closed")
