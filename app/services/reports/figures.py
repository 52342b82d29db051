"""Every number of the activity report: what it is called, what it means, its unit, and which direction is good.

The one definition per number: page, mail, PDF and CSV show these words. What is counted stands in
``activity_sources.py``, in the same order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from flask_babel import gettext, lazy_gettext

from app.errors import UserError
from app.services.reports.figure_kinds import Better, Figure, Section, Unit

SECTIONS: tuple[Section, ...] = (
    Section("leads", lazy_gettext("Leads"), "target"),
    Section("tasks", lazy_gettext("Tasks"), "check-circle"),
    Section("messages", lazy_gettext("Messages"), "chat"),
    Section("talks", lazy_gettext("Talks"), "chats"),
    Section("replies", lazy_gettext("First replies"), "clock"),
    Section("calls", lazy_gettext("Calls"), "phone"),
    Section("mails", lazy_gettext("Mails"), "mail"),
    Section("scores", lazy_gettext("Client scores"), "chart"),
    Section("deliveries", lazy_gettext("Deliveries"), "send"),
)
SECTION_KEYS = tuple(section.key for section in SECTIONS)

_UP, _DOWN, _NEUTRAL = Better.UP, Better.DOWN, Better.NEUTRAL
_COUNT, _MONEY = Unit.COUNT, Unit.MONEY

# Sums of money have one figure per currency: see ``in_currency``.
FIGURES: tuple[Figure, ...] = (
    Figure(
        "leads_new",
        "leads",
        lazy_gettext("New leads"),
        _COUNT,
        _UP,
        lazy_gettext("Leads that were added or came in, by who is responsible for them now."),
        "leads_new",
    ),
    Figure(
        "leads_new_sum",
        "leads",
        lazy_gettext("Sum of new leads"),
        _MONEY,
        _UP,
        lazy_gettext("The budgets of the new leads. Each currency is summed for itself; nothing is converted."),
        "leads_new",
    ),
    Figure(
        "leads_won",
        "leads",
        lazy_gettext("Leads won"),
        _COUNT,
        _UP,
        lazy_gettext("Leads that were moved to a won stage and are still there, on the day when that happened."),
        "leads_won",
    ),
    Figure(
        "leads_won_sum",
        "leads",
        lazy_gettext("Sum of leads won"),
        _MONEY,
        _UP,
        lazy_gettext("The budgets of the leads won. Each currency is summed for itself; nothing is converted."),
        "leads_won",
    ),
    Figure(
        "leads_lost",
        "leads",
        lazy_gettext("Leads lost"),
        _COUNT,
        _DOWN,
        lazy_gettext("Leads that were moved to a lost stage and are still there, on the day when that happened."),
        "leads_lost",
    ),
    Figure(
        "leads_lost_sum",
        "leads",
        lazy_gettext("Sum of leads lost"),
        _MONEY,
        _DOWN,
        lazy_gettext("The budgets of the leads lost. Each currency is summed for itself; nothing is converted."),
        "leads_lost",
    ),
    Figure(
        "tasks_set",
        "tasks",
        lazy_gettext("Tasks set"),
        _COUNT,
        _NEUTRAL,
        lazy_gettext("Tasks that were made, by who set them."),
        "tasks_set",
    ),
    Figure(
        "tasks_done",
        "tasks",
        lazy_gettext("Tasks done"),
        _COUNT,
        _UP,
        lazy_gettext("Tasks that were completed, by who completed them."),
        "tasks_done",
    ),
    Figure(
        "tasks_expired",
        "tasks",
        lazy_gettext("Tasks expired"),
        _COUNT,
        _DOWN,
        lazy_gettext(
            "Tasks that were not done when they were due, by who is responsible; done later, they still count."
        ),
        "tasks_expired",
    ),
    Figure(
        "messages_in",
        "messages",
        lazy_gettext("Messages in"),
        _COUNT,
        _NEUTRAL,
        lazy_gettext("What clients wrote, by who is responsible for the talk. Chats among colleagues do not count."),
        "messages_in",
    ),
    Figure(
        "messages_out",
        "messages",
        lazy_gettext("Messages out"),
        _COUNT,
        _NEUTRAL,
        lazy_gettext("What colleagues wrote to clients, by who wrote it. Notes for the team do not count."),
        "messages_out",
    ),
    Figure(
        "talks_opened",
        "talks",
        lazy_gettext("Talks opened"),
        _COUNT,
        _NEUTRAL,
        lazy_gettext("Talks that began, by who is responsible for them."),
        "talks_opened",
    ),
    Figure(
        "talks_closed",
        "talks",
        lazy_gettext("Talks closed"),
        _COUNT,
        _UP,
        lazy_gettext("Talks that were closed, by who closed them; also those whose client is still asked for a score."),
        "talks_closed",
    ),
    Figure(
        "talks_unanswered",
        "talks",
        lazy_gettext("Talks unanswered"),
        _COUNT,
        _DOWN,
        lazy_gettext("Talks that began in this time and to which nobody has answered until now, closed or not."),
        "talks_unanswered",
    ),
    Figure(
        "first_reply_median",
        "replies",
        lazy_gettext("Median first reply"),
        Unit.SECONDS,
        _DOWN,
        lazy_gettext(
            "Half of the talks got their first answer within this time, counted from the client's first message,"
            " nights and weekends included. Each talk counts on the day of its first answer, for who is responsible;"
            " talks that we began ourselves do not count. Made from all single times, never from medians of medians."
        ),
        "first_replies",
    ),
    Figure(
        "calls_in",
        "calls",
        lazy_gettext("Calls in"),
        _COUNT,
        _NEUTRAL,
        lazy_gettext("Calls from outside, taken or not, by who talked, else by whose client it was."),
        "calls_in",
    ),
    Figure(
        "calls_out",
        "calls",
        lazy_gettext("Calls out"),
        _COUNT,
        _NEUTRAL,
        lazy_gettext("Calls to clients, answered or not, by who called."),
        "calls_out",
    ),
    Figure(
        "calls_missed",
        "calls",
        lazy_gettext("Calls missed"),
        _COUNT,
        _DOWN,
        lazy_gettext("Calls from outside that nobody took, by whose client it was. They are among the calls in."),
        "calls_missed",
    ),
    Figure(
        "mails_in",
        "mails",
        lazy_gettext("Mails in"),
        _COUNT,
        _NEUTRAL,
        lazy_gettext("Mails that reached a connected mailbox, by whose mailbox it is: a person's or a group's."),
        "mails_in",
    ),
    Figure(
        "score_mean",
        "scores",
        lazy_gettext("Mean score"),
        Unit.SCORE,
        _UP,
        lazy_gettext("The mean of the scores, 1 to 10, of clients who were asked in this time, for who served them."),
        "scores",
    ),
    Figure(
        "nps",
        "scores",
        lazy_gettext("NPS"),
        Unit.SCORE,
        _UP,
        lazy_gettext("The share of scores 9 and 10 minus the share of scores 1 to 6: from -100 to 100."),
        "scores",
    ),
    Figure(
        "response_rate",
        "scores",
        lazy_gettext("Response rate"),
        Unit.PERCENT,
        _UP,
        lazy_gettext("How many of the clients who were asked in this time gave a score."),
        "asked",
    ),
    Figure(
        "deliveries_sent",
        "deliveries",
        lazy_gettext("Deliveries sent"),
        _COUNT,
        _NEUTRAL,
        lazy_gettext("Mails, notices on devices and in messengers, and webhooks that got out, by whom they were for."),
        "deliveries_sent",
    ),
    Figure(
        "deliveries_failed",
        "deliveries",
        lazy_gettext("Deliveries failed"),
        _COUNT,
        _DOWN,
        lazy_gettext("Mails, notices and webhooks that failed after all tries, by whom they were for."),
        "deliveries_failed",
    ),
)
_BY_KEY: Mapping[str, Figure] = MappingProxyType({figure.key: figure for figure in FIGURES})


def figure_of(key: str) -> Figure:
    """Return a figure by its key, "leads_won_sum:USD" being that of one currency. Raises KeyError."""
    name, _, currency = key.partition(":")
    return in_currency(_BY_KEY[name], currency) if currency else _BY_KEY[name]


def in_currency(figure: Figure, currency: str) -> Figure:
    """Return a figure of money for one currency: its key and label name it."""
    return replace(figure, key=f"{figure.key}:{currency}", label=_with(figure.label, currency), currency=currency)


def checked_sections(sections: Collection[str]) -> tuple[str, ...]:
    """Return the wanted sections in their order. Raises UserError on ``sections`` for none or an unknown one."""
    unknown = [one for one in sections if one not in SECTION_KEYS]
    if unknown:
        words = gettext("There is nothing called %(name)s; choose among %(known)s", name=unknown[0], known=_known())
        raise UserError("invalid", words, "sections")
    if not sections:
        raise UserError("required", gettext("Choose at least one kind of numbers"), "sections")
    return tuple(key for key in SECTION_KEYS if key in sections)


def _with(label: Any, currency: str) -> Any:
    return lazy_gettext("%(label)s (%(currency)s)", label=label, currency=currency)


def _known() -> str:
    return ", ".join(SECTION_KEYS)
