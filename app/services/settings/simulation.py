"""*What would happen*: the routing's answer for one kind of news at one moment, in sentences. Nothing is written."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext

from app import clock
from app.catalogue import KINDS, Channel, Kind, Rule
from app.channels import telegram
from app.errors import UserError
from app.models.people import User
from app.services import audience, labels
from app.services.routing import Decision, Outcome, choose_channels
from app.services.settings import matrix
from app.services.settings.quiet import Hold
from app.services.tasks.due_words import short_due

LONGEST_AHEAD = dt.timedelta(days=400)


def questions(user: User) -> list[dict[str, str]]:
    """Return the kinds of news that one may ask about: those that can reach the person."""
    shown = set(matrix.rows_for(audience.role_of(user)))
    return [
        {"event": kind.tag, "label": _label(kind)}
        for kind in sorted(KINDS.values(), key=lambda kind: list(labels.ROWS).index(kind.row))
        if kind.row in shown and _rule(kind, audience.role_of(user)) is not None
    ]


def answer(user: User, tag: str, at: dt.datetime | None) -> list[dict[str, str]]:
    """Return ``[{"channel", "state", "text"}…]`` for the kind at a moment (none: now). Raises UserError."""
    moment = at or clock.now()
    kind = KINDS.get(tag)
    rule = _rule(kind, audience.role_of(user)) if kind else None
    if kind is None or rule is None:
        raise UserError("unknown_event", gettext("There is no such kind of news for you"), "event")
    if abs(moment - clock.now()) > LONGEST_AHEAD:
        raise UserError("invalid", gettext("Choose a moment within a year"), "at")
    people = audience.recipients(kind, {user.id: rule}, at=moment)
    if not people:
        return []
    held = people[0].facts.held
    decisions = choose_channels(kind, people[0].facts, audience.account_defaults(kind.row))
    told = [{"channel": "center", "state": "sent", "text": gettext("Center at once")}]
    return told + [_sentence(decision, user.zone, moment, held) for decision in decisions]


def _rule(kind: Kind, role: str) -> Rule | None:
    return next((rule for rule, per_role in kind.defaults.items() if per_role.get(role) is not None), None)


def _label(kind: Kind) -> str:
    questions = {
        "task:assigned": gettext("somebody gives me a task"),
        "task:due_soon": gettext("a task of mine is due soon"),
        "task:expired": gettext("a task that I set expires"),
        "task:completed": gettext("a task that I set is completed"),
        "chat:direct": gettext("a colleague writes to me"),
        "chat:mention": gettext("somebody mentions me"),
        "chat:group": gettext("somebody writes in a group"),
        "chat:client_message": gettext("a client writes to me"),
        "lead:incoming": gettext("a lead comes in"),
        "lead:imported": gettext("a colleague imports leads for me"),
        "lead:handed_over": gettext("what a colleague had becomes mine"),
        "call:missed": gettext("I miss a call"),
        "call:ringing": gettext("a client of mine calls"),
        "stripe:payment_failed": gettext("a payment fails"),
        "stripe:disputed": gettext("a payment is disputed"),
        "stripe:subscription_canceled": gettext("a subscription is cancelled"),
        "billing:expiring": gettext("the plan is about to end"),
        "billing:expired": gettext("the plan has ended"),
        "error:mail_undelivered": gettext("mails to somebody are refused"),
        "error:mail_resumed": gettext("mails to somebody work again"),
        "error:telegram_unlinked": gettext("the bot is blocked"),
        "error:channel_down": gettext("a channel does not work"),
        "error:channel_up": gettext("a channel works again"),
        "error:webhook_disabled": gettext("a webhook is switched off"),
        "error:webhook_works": gettext("a webhook is on again"),
        "report:ready": gettext("a scheduled report is due"),
        "error:automation": gettext("a rule of the account fails"),
        "error:automation_works": gettext("a rule of the account works again"),
    }
    return questions.get(kind.tag, labels.row_label(kind.row))


def _sentence(decision: Decision, zone: str, at: dt.datetime, held: Hold | None) -> dict[str, str]:
    name = {
        Channel.BROWSER: gettext("Browser"),
        Channel.MOBILE: gettext("Mobile"),
        Channel.TELEGRAM: gettext("Telegram"),
        Channel.EMAIL: gettext("Email"),
    }[decision.channel]
    state, words = _words(decision, zone, at, held)
    return {"channel": decision.channel.value, "state": state, "text": f"{name} {words}"}


def _words(decision: Decision, zone: str, at: dt.datetime, held: Hold | None) -> tuple[str, str]:
    until = short_due(held.until, zone, at, all_day=False) if held else ""
    outcome = decision.outcome
    if outcome in (Outcome.POPUP, Outcome.POPUP_AND_PUSH, Outcome.SEND):
        wait = gettext("after %(seconds)s s, unless you read it first", seconds=decision.delay_seconds)
        return "sent", wait if decision.delay_seconds else gettext("at once")
    if outcome is Outcome.NO_ADDRESS and decision.channel is Channel.TELEGRAM and not telegram.is_configured():
        return "skipped", gettext("skipped: no bot yet")
    missing = {
        Channel.TELEGRAM: gettext("skipped: not linked"),
        Channel.MOBILE: gettext("skipped: no phone linked"),
        Channel.EMAIL: gettext("skipped: no address"),
    }
    sentences: dict[Outcome, tuple[str, str]] = {
        Outcome.IF_UNREAD: ("pending", gettext("after 15 min if still unread")),
        Outcome.DIGEST: ("pending", gettext("in the next digest if still unread")),
        Outcome.HELD: ("pending", gettext("held, one brief at %(at)s if still unread", at=until)),
        Outcome.HELD_FOR_DIGEST: ("pending", gettext("held, in the digest if still unread")),
        Outcome.QUIET: ("skipped", gettext("held: it waits in your center")),
        Outcome.PREFERENCE_OFF: ("skipped", gettext("off")),
        Outcome.RECEIVE_OFF: ("skipped", gettext("skipped: you receive no notifications")),
        Outcome.NO_ADDRESS: ("skipped", missing.get(decision.channel, gettext("skipped: nothing linked"))),
        Outcome.ADDRESS_PAUSED: ("skipped", gettext("paused: your address refuses mails")),
        Outcome.NOT_FOR_ROLE: ("skipped", gettext("not for your role")),
        Outcome.NO_CELL: ("skipped", gettext("never for this kind of news")),
    }
    return sentences[outcome]
