"""Roles of one's own: nobody is told of a record that none of their roles lets them open."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from app.catalogue import Rule
from app.extensions import db
from app.models.people import Role, User
from app.models.records import CardShare
from app.services.notify import Subject, record_event
from app.services.people import rights
from app.transaction import transaction
from tests import builders


@pytest.fixture
def lookers(context: Flask) -> Role:
    """A role that shows contacts, and no leads."""
    role = builders.make_role("Lookers")
    role.permissions = rights.permissions_of(["contacts.see"])
    db.session.commit()
    return role


def told(people: list[User], url: str, rule: Rule = Rule.GROUP) -> list[str]:
    """Record an incoming lead, and return who was told about it."""
    lead = builders.make_lead("Road bike")
    with transaction():
        event_id = record_event(
            "lead:incoming",
            None,
            Subject("lead", lead.id),
            {"name": "Road bike", "url": url},
            told=dict.fromkeys([person.id for person in people], rule),
        )
    rows = db.session.execute(
        text(
            "SELECT u.username FROM notifications n JOIN ab_user u ON u.id = n.user_id"
            " WHERE n.event_id = :id ORDER BY u.username"
        ),
        {"id": event_id},
    )
    return [row.username for row in rows]


def test_who_may_not_open_what_a_notice_leads_to_is_not_told(lookers: Role) -> None:
    rita, sam = builders.make_user("Lookers", username="rita"), builders.make_user("Staff", username="sam")
    assert told([rita, sam], "/leadview/show/7") == ["sam"]
    assert told([rita, sam], "/contactview/show/7") == ["rita", "sam"]
    assert told([rita, sam], "/center/?chat=7") == ["rita", "sam"]
    lookers.permissions = rights.permissions_of(["contacts.see", "leads.see"])
    db.session.commit()
    assert told([rita, sam], "/leadview/show/7") == ["rita", "sam"]


def test_whom_a_card_is_shared_with_is_told_all_the_same(lookers: Role) -> None:
    rita = builders.make_user("Lookers", username="rita")
    db.session.add(CardShare(subject_type="lead", subject_id=7, user_id=rita.id))
    db.session.commit()
    assert told([rita], "/leadview/show/7", Rule.RESPONSIBLE) == ["rita"]
    assert told([rita], "/leadview/show/8", Rule.RESPONSIBLE) == []


@pytest.mark.parametrize("rule", [Rule.GROUP, Rule.RESPONSIBLE])
def test_a_client_whom_nobody_of_those_concerned_may_open_goes_to_the_admins(lookers: Role, rule: Rule) -> None:
    rita = builders.make_user("Lookers", username="rita")
    builders.make_user("Admin", username="della")
    assert told([rita], "/leadview/show/7", rule) == ["della"]
