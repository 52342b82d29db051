"""Who calls, pays and writes is found by an index, however many contacts there are and however new they are."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.integrations import mail_parsing
from app.services import sealed
from app.services.calls import call_lines
from app.services.mails import mail_intake
from app.services.payments import payments, stripe_settings
from app.transaction import transaction
from tests import builders
from tests.explaining import explained
from tests.imap_servers import mail
from tests.sources.stripe_account import SECRET, intent, send
from tests.sources.stripe_account import event as stripe_event
from tests.visiting import Client, make_widget

MANY = 30_000


@pytest.fixture(params=["just loaded", "known to the planner", "known as they were"])
def account(context: Flask, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Many clients, a form, a telephone line, a website chat and Stripe."""
    ada, wren = builders.make_user("Admin"), builders.make_user("Staff", username="wren")
    builders.make_pipeline()
    group = builders.make_group("Sales", members=[wren])
    with transaction():
        forget_statistics()
        stripe_settings.connect(ada, SECRET)
        line = call_lines.create(ada, {"name": "Main", "group_id": group.id, "region": "AT"})
        if request.param == "known as they were":
            # Statistics of few that shared their numbers: the planner expects hundreds of matches.
            fill(3000, "i % 200")
            db.session.execute(text("ANALYZE contacts"))
            db.session.execute(text("DELETE FROM contacts"))
            db.session.execute(text("ALTER SEQUENCE contacts_id_seq RESTART"))
        fill(MANY, "i")
        if request.param == "known to the planner":
            db.session.execute(text("ANALYZE contacts"))
    return {
        "form": builders.make_form(group),
        "line": sealed.opened(line.token),
        "widget": make_widget(group),
        "mailbox": builders.make_mailbox(group=group, makes_leads=True).id,
    }


def forget_statistics() -> None:
    """What PostgreSQL learned of other tests' contacts and their chats while they were there says nothing of these."""
    db.session.execute(text("TRUNCATE contacts CASCADE"))
    db.session.execute(
        text(
            "SELECT pg_clear_attribute_stats(schemaname, tablename, attname, inherited) FROM pg_stats"
            " WHERE schemaname = 'public' AND tablename ~ '^(ix_)?(contacts|chats|messages|talks|visitors)'"
        )
    )


def fill(count: int, number: str) -> None:
    """Make as many contacts; ``number`` is SQL over ``i`` that tells them apart."""
    db.session.execute(
        text(
            "INSERT INTO contacts (name, sort_key, email, phone, phone_tail, created_at)"
            " SELECT 'C' || n, 'c' || n, 'Client' || n || '@example.org', '+43' || n, lpad(n::text, 10, '6'), now()"
            f" FROM generate_series(1, :count) i, LATERAL (SELECT {number}) AS one(n)"
        ),
        {"count": count},
    )


def walkers(statement: str, plan: dict[str, Any]) -> list[str]:
    """Statements that would walk through the contacts instead of finding one."""
    return [statement] if not statement.lstrip().startswith(("INSERT", "DELETE")) and walks(plan) else []


def walks(plan: dict[str, Any]) -> bool:
    """Whether a plan reads contacts from one end, in the table's order or an index's."""
    here = plan.get("Relation Name") == "contacts" and "Index Cond" not in plan and "Bitmap" not in plan["Node Type"]
    return here or any(walks(child) for child in plan.get("Plans", ()))


def contact_of(table: str, condition: str = "true") -> str:
    db.session.rollback()
    statement = text(f"SELECT c.name FROM {table} x JOIN contacts c ON c.id = x.contact_id WHERE {condition}")
    return str(db.session.execute(statement).scalar_one())


def test_payers_callers_and_writers_are_found_by_an_index(app: Flask, account: dict[str, Any]) -> None:
    client = app.test_client()
    with explained(walkers) as found:
        paid = stripe_event("payment_intent.succeeded", intent(receipt_email="client77@EXAMPLE.org", customer="cus_9"))
        assert send(client, paid).status_code == 200
        call = {"call_id": "1", "direction": "incoming", "phone": "+43 666 6666678", "status": "ringing"}
        assert client.post(f"/hooks/calls/{account['line']}", json=call).status_code == 200
        entry = {"name": "C", "email": "CLIENT79@example.org", "message": "Hello"}
        assert client.post(f"/hooks/forms/{account['form'].token}", json=entry).status_code == 200
        visitor = Client(app, account["widget"].key)
        visitor.write("Hello")
        answer = visitor.ask("POST", "/contact", json={"email": "client80@example.org"})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        db.session.rollback()
        raw = mail(sender="Client81@EXAMPLE.org").as_bytes()
        mail_intake.place_of(account["mailbox"], "INBOX", 1, 1, 14)
        mail_intake.take(account["mailbox"], "INBOX", 1, [mail_parsing.read(raw, 1, clock.now())], 1)
    assert found == []
    assert payments.last_event() is not None
    matched = [contact_of("payments"), contact_of("calls"), contact_of("leads", "x.source = 'form'")]
    assert [*matched, contact_of("mails")] == ["C77", "C78", "C79", "C81"]


def test_the_check_itself_sees_a_walk(context: Flask) -> None:
    with explained(walkers) as found:
        db.session.execute(text("SELECT id FROM contacts WHERE name = 'X' ORDER BY id LIMIT 1"))
    assert len(found) == 1
