"""The numbers of the activity report against a history that was counted by hand."""

from __future__ import annotations

import pytest

from app.services.reports.activity_report import Scope
from tests.numbers.conftest import History, report, values


def test_every_number_of_a_week_is_what_was_counted_by_hand(history: History) -> None:
    found = report()
    assert values(found.total) == {
        "leads_new": 2, "leads_new_sum:EUR": 100, "leads_new_sum:USD": 70,
        "leads_won": 2, "leads_won_sum:EUR": 250, "leads_won_sum:USD": 70,
        "leads_lost": 1, "leads_lost_sum:EUR": 40,
        "tasks_set": 4, "tasks_done": 2, "tasks_expired": 2,
        "messages_in": 5, "messages_out": 3,
        "talks_opened": 4, "talks_closed": 3, "talks_unanswered": 1,
        "first_reply_median": 20 * 60,
        "calls_in": 3, "calls_out": 1, "calls_missed": 2, "mails_in": 2,
        "score_mean": 7, "response_rate": pytest.approx(66.7), "deliveries_sent": 2, "deliveries_failed": 1,
    }  # fmt: skip
    assert found.total.figures["nps"].value == 0
    assert values(found.total, "before") == {"leads_new": 2, "leads_new_sum:EUR": 260}
    assert found.total.figures["first_reply_median"].before is None
    assert found.days["leads_won"] == (0, 1, 0, 0, 0, 0, 1)
    assert found.days["first_reply_median"] == (600, None, 1800, 1200, None, None, None)


def test_each_number_belongs_to_who_did_it(history: History) -> None:
    lines = {line.name: values(line) for line in report().users}
    assert lines["Ann A"] == {
        "leads_new": 1, "leads_new_sum:EUR": 100, "leads_won": 1, "leads_won_sum:EUR": 250,
        "tasks_set": 2, "tasks_done": 1, "messages_in": 2, "messages_out": 1, "talks_opened": 2, "talks_closed": 1,
        "first_reply_median": 20 * 60, "calls_in": 1, "mails_in": 1, "score_mean": 9, "nps": 100, "response_rate": 50,
        "deliveries_sent": 2,
    }  # fmt: skip
    assert lines["Bob B"] == {
        "leads_new": 1, "leads_new_sum:USD": 70, "leads_won": 1, "leads_won_sum:USD": 70, "leads_lost": 1,
        "leads_lost_sum:EUR": 40, "tasks_done": 1, "tasks_expired": 1, "messages_in": 1, "messages_out": 2,
        "talks_opened": 1, "talks_closed": 2, "first_reply_median": 20 * 60, "calls_in": 1, "calls_missed": 1,
        "score_mean": 5, "nps": -100, "response_rate": 100, "deliveries_failed": 1,
    }  # fmt: skip
    assert lines["Cleo C"] == {"tasks_set": 2, "tasks_expired": 1, "calls_out": 1}
    assert lines["Boss D"] == {}


def test_a_group_has_what_its_members_did_and_what_nobody_has_taken(history: History) -> None:
    found = report(Scope("groups", (history.sales.id,)))
    assert [line.name for line in found.groups] == ["Sales"]
    assert [line.name for line in found.users] == ["Ann A", "Bob B"]
    assert values(found.groups[0]) == values(found.total)
    numbers = values(found.total)
    assert (numbers["talks_opened"], numbers["talks_unanswered"], numbers["messages_in"]) == (4, 1, 5)
    # The call that belongs to nobody, and Cleo's work, are not theirs.
    assert (numbers["calls_in"], numbers["tasks_set"]) == (2, 2)
