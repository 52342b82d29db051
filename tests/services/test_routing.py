"""The pure decision: which channel, and when, or a named reason why not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import KINDS, ROLES, Channel, Rule
from app.services.routing import AccountDefault, Decision, Facts, Outcome, choose_channels

ASSIGNED, EXPIRED, COMPLETED = KINDS["task:assigned"], KINDS["task:expired"], KINDS["task:completed"]


def facts(rule: Rule = Rule.RESPONSIBLE, role: str = "staff", **changes: object) -> Facts:
    return Facts(**({"rule": rule, "role": role, "receive": True, "own_cells": (), "has_email": True} | changes))


def outcome(decisions: tuple[Decision, ...], channel: Channel) -> Outcome:
    return next(decision.outcome for decision in decisions if decision.channel is channel)


@pytest.mark.parametrize(
    ("kind", "who", "channel", "expected"),
    [
        (ASSIGNED, facts(), Channel.BROWSER, Outcome.POPUP),
        (ASSIGNED, facts(), Channel.EMAIL, Outcome.SEND),
        (ASSIGNED, facts(), Channel.TELEGRAM, Outcome.NO_ADDRESS),
        (ASSIGNED, facts(has_email=False), Channel.EMAIL, Outcome.NO_ADDRESS),
        (ASSIGNED, facts(receive=False), Channel.EMAIL, Outcome.RECEIVE_OFF),
        (ASSIGNED, facts(receive=False), Channel.BROWSER, Outcome.RECEIVE_OFF),
        (ASSIGNED, facts(own_cells=(("email", "off"),)), Channel.EMAIL, Outcome.PREFERENCE_OFF),
        (ASSIGNED, facts(own_cells=(("email", "off"),)), Channel.BROWSER, Outcome.POPUP),
        (ASSIGNED, facts(own_cells=(("email", "unread"),)), Channel.EMAIL, Outcome.IF_UNREAD),
        (ASSIGNED, facts(own_cells=(("email", "digest"),)), Channel.EMAIL, Outcome.DIGEST),
        (ASSIGNED, facts(role="free"), Channel.BROWSER, Outcome.NOT_FOR_ROLE),
        (EXPIRED, facts(Rule.AUTHOR), Channel.EMAIL, Outcome.DIGEST),
        (EXPIRED, facts(Rule.AUTHOR), Channel.BROWSER, Outcome.PREFERENCE_OFF),
        (EXPIRED, facts(Rule.RESPONSIBLE), Channel.BROWSER, Outcome.POPUP),
        (EXPIRED, facts(Rule.RESPONSIBLE), Channel.EMAIL, Outcome.PREFERENCE_OFF),
        (COMPLETED, facts(Rule.AUTHOR), Channel.EMAIL, Outcome.PREFERENCE_OFF),
        (COMPLETED, facts(Rule.AUTHOR, role="manager"), Channel.EMAIL, Outcome.DIGEST),
    ],
)
def test_each_channel_follows_the_table_of_defaults_and_the_persons_own_choice(kind, who, channel, expected):
    assert outcome(choose_channels(kind, who, {}), channel) is expected


def test_a_default_set_by_admins_reaches_whoever_never_chose():
    account = {("staff", "email"): AccountDefault("off", mandatory=False)}
    assert outcome(choose_channels(ASSIGNED, facts(), account), Channel.EMAIL) is Outcome.PREFERENCE_OFF
    chosen = facts(own_cells=(("email", "now"),))
    assert outcome(choose_channels(ASSIGNED, chosen, account), Channel.EMAIL) is Outcome.SEND


def test_a_mail_that_waits_to_be_read_waits_fifteen_minutes():
    decisions = choose_channels(ASSIGNED, facts(own_cells=(("email", "unread"),)), {})
    assert next(d for d in decisions if d.channel is Channel.EMAIL).delay_seconds == 900


cell_values = st.sampled_from(["on", "off", "now", "unread", "digest"])
own = st.dictionaries(st.sampled_from([c.value for c in Channel]), cell_values).map(lambda d: tuple(sorted(d.items())))


@given(kind=st.sampled_from(list(KINDS.values())), role=st.sampled_from(ROLES), receive=st.booleans(), cells=own)
def test_every_channel_is_always_decided_and_without_an_address_nothing_leaves(kind, role, receive, cells):
    for rule in kind.defaults:
        who = facts(rule, role, receive=receive, own_cells=cells, has_email=False)
        decisions = choose_channels(kind, who, {})
        assert [decision.channel for decision in decisions] == list(Channel)
        assert not any(decision.leaves_the_house for decision in decisions)


@given(role=st.sampled_from([role for role in ROLES if role != "free"]), receive=st.booleans(), cells=own)
def test_a_mandatory_mail_beats_own_choice_and_the_master_switch(role, receive, cells):
    account = {(role, "email"): AccountDefault("now", mandatory=True)}
    decisions = choose_channels(ASSIGNED, facts(role=role, receive=receive, own_cells=cells), account)
    assert outcome(decisions, Channel.EMAIL) is Outcome.SEND
