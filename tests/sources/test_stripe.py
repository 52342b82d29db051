"""Stripe: only what it has signed, each event once, whatever the order; amounts as people read them."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app import clock
from app.errors import UserError
from app.extensions import db
from app.jobs.beat import run_job
from app.jobs.periodic import PERIODIC_JOBS
from app.models.payments import Payment, StripeEvent
from app.models.people import AccountSetting, User
from app.services.payments import amounts, payments, stripe_settings
from app.services.settings import matrix
from app.transaction import transaction
from tests import builders
from tests.sources.stripe_account import SECRET, charge, event, failed_intent, intent, send, signature
from tests.stored import items, snapshots, told


@pytest.fixture
def house(context: Flask) -> dict[str, User]:
    """Della the admin, wren with the client basil, and a connected Stripe."""
    people = {
        "della": builders.make_user("Admin", username="della"),
        "wren": builders.make_user("Staff", username="wren"),
    }
    builders.make_contact("Basil Hedge", email="Basil@Example.org", responsible=people["wren"])
    with transaction():
        stripe_settings.connect(people["della"], SECRET)
    return people


def payment() -> Payment:
    db.session.rollback()
    return db.session.scalars(select(Payment)).one()


def test_a_failed_payment_is_told_to_admins_and_who_is_responsible(client, house) -> None:
    answer = send(client, event("payment_intent.payment_failed", failed_intent()))
    assert (answer.status_code, answer.get_json()["new"]) == (200, True)
    assert sorted(told()) == [
        ("stripe:payment_failed", "della", "admin"),
        ("stripe:payment_failed", "wren", "responsible"),
    ]
    (data,) = snapshots("stripe:payment_failed")
    assert (data["amount"], data["currency"], data["contact"]["name"]) == (4200, "EUR", "Basil Hedge")
    assert data["reason"] == "Your card has insufficient funds."


def test_payments_and_refunds_are_silent(client, house) -> None:
    send(client, event("payment_intent.succeeded", intent()))
    send(client, event("charge.refunded", charge(amount_refunded=1200)))
    assert items("wren") == [("stripe:refunded", 1, False)]
    assert db.session.execute(text("SELECT count(*) FROM deliveries")).scalar() == 0
    assert snapshots("stripe:refunded")[0]["amount"] == 1200
    send(client, event("charge.refunded", charge(amount_refunded=4200)))
    assert [one["amount"] for one in snapshots("stripe:refunded")] == [1200, 3000]
    assert (payment().state, payment().refunded) == ("refunded", 4200)


def test_one_payment_told_by_intent_charge_and_invoice_is_one(client, house) -> None:
    send(client, event("charge.succeeded", charge()))
    send(client, event("payment_intent.succeeded", intent()))
    invoice = {
        "id": "in_1",
        "customer": "cus_1",
        "customer_email": "basil@example.org",
        "amount_paid": 4200,
        "currency": "eur",
    }
    send(client, event("invoice.paid", invoice))
    assert payment().invoice_id == "in_1"
    assert len(snapshots("stripe:payment_succeeded")) == 1


def test_a_repeat_is_taken_and_changes_nothing(client, house) -> None:
    sent = event("payment_intent.payment_failed", failed_intent())
    assert send(client, sent).get_json()["new"] is True
    again = send(client, sent)
    assert (again.status_code, again.get_json()["new"]) == (200, False)
    assert len(told()) == 2


def test_what_comes_late_takes_nothing_back(client, house) -> None:
    send(client, event("charge.refunded", charge(amount_refunded=4200), created=1_763_000_300))
    send(client, event("payment_intent.succeeded", intent(), created=1_763_000_200))
    send(client, event("payment_intent.payment_failed", failed_intent(), created=1_763_000_100))
    assert payment().state == "refunded"
    assert told("stripe:payment_failed") == []


def test_a_payment_that_worked_in_the_end_leaves_unread(client, house) -> None:
    send(client, event("payment_intent.payment_failed", failed_intent()))
    send(client, event("charge.failed", charge()))
    assert items("wren") == [("stripe:payment_failed", 1, True)]
    send(client, event("payment_intent.payment_failed", failed_intent(), created=1_763_009_000))
    assert items("wren") == [("stripe:payment_failed", 2, True)]
    send(client, event("payment_intent.succeeded", intent(), created=1_763_010_000))
    assert items("wren") == [("stripe:payment_succeeded", 1, False)]
    waiting = "SELECT count(*) FROM deliveries WHERE state = 'pending' AND purpose = 'notice'"
    assert db.session.execute(text(waiting)).scalar() == 0


def test_a_dispute_is_told_and_one_that_was_won_is_over(client, house) -> None:
    send(client, event("payment_intent.succeeded", intent()))
    dispute = {"id": "dp_1", "charge": "ch_1", "payment_intent": "pi_1", "amount": 4200, "currency": "eur"}
    send(client, event("charge.dispute.created", dispute | {"reason": "product_not_received", "status": "needs"}))
    assert len(told("stripe:disputed")) == 2
    assert snapshots("stripe:disputed")[0]["reason"] == "product not received"
    send(client, event("charge.dispute.closed", dispute | {"status": "won"}))
    assert payment().state == "succeeded"


def test_a_cancelled_subscription_finds_its_client_by_what_was_said_before(client, house) -> None:
    send(client, event("customer.created", {"id": "cus_9", "email": "basil@example.org", "name": "Basil"}))
    price = {"unit_amount": 1900, "currency": "usd", "nickname": "Service plan"}
    subscription = {"id": "sub_1", "customer": "cus_9", "items": {"data": [{"price": price, "quantity": 2}]}}
    send(client, event("customer.subscription.deleted", subscription))
    (data,) = snapshots("stripe:subscription_canceled")
    assert (data["amount"], data["currency"], data["about"]) == (3800, "USD", "Service plan")
    assert ("stripe:subscription_canceled", "wren", "responsible") in told()


def test_only_what_stripe_signed_with_our_secret_is_taken(client, house) -> None:
    sent = event("payment_intent.succeeded", intent())
    assert send(client, sent, secret="whsec_another_secret").status_code == 401
    assert send(client, sent, at=int(time.time()) - 4000).status_code == 401
    body = json.dumps(sent).encode()
    for header in ("", "nonsense", "t=1,v1=00", "t=x"):
        assert client.post("/hooks/stripe", data=body, headers={"Stripe-Signature": header}).status_code == 401
    with transaction():
        stripe_settings.disconnect(house["della"])
    assert send(client, sent).status_code == 401
    assert db.session.scalar(select(func.count()).select_from(StripeEvent)) == 0


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"\xff", 401),
        (b"x" * (1024 * 1024 + 1), 413),
        ({"type": "payment_intent.succeeded"}, 400),
        (event("payment_intent.succeeded", intent(amount="much", amount_received="much")), 400),
        (event("payment_intent.succeeded", intent(amount_received=10**18)), 400),
        (event("payment_intent.succeeded", intent(currency="e\x00r")), 400),
        (event("payment_intent.succeeded", intent(key="")), 400),
        (event("payment_intent.succeeded", intent(), created=-5), 400),
        (event("balance.available", {"anything": 1}), 200),
        (event("invoice.paid", {"id": "in_trial", "amount_paid": 0, "currency": "eur"}), 200),
    ],
)
def test_malformed_oversized_and_unknown_events_have_no_effect(client, house, sent, status) -> None:
    assert send(client, sent).status_code == status
    assert db.session.scalar(select(func.count()).select_from(Payment)) == 0
    assert told() == []


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (123456, "EUR", "€1,234.56"),
        (1234, "JPY", "¥1,234"),
        (500, "KRW", "₩500"),
        (1234, "KWD", "KWD 1.234"),
        (500, "ISK", "ISK 5"),
        (100000, "UGX", "UGX 1,000"),
        (1990, "CHF", "CHF 19.90"),
        (7, "XOF", "F\u202fCFA 7"),
    ],
)
def test_amounts_are_shown_as_each_currency_counts(context, amount, currency, shown) -> None:
    assert amounts.shown(amount, currency).replace("\xa0", " ") == shown


def test_the_secret_is_kept_encrypted_and_the_environment_comes_first(app, client, house, monkeypatch) -> None:
    stored = db.session.get_one(AccountSetting, stripe_settings.SETTING).value
    assert SECRET not in str(stored)
    builders.login(client, "della")
    assert SECRET not in client.get("/stripe/").get_data(as_text=True)
    with pytest.raises(UserError) as refused, transaction():
        stripe_settings.connect(house["della"], "sk_live_a_wrong_kind_of_key")
    assert refused.value.field == "secret"
    monkeypatch.setitem(app.config, "STRIPE_WEBHOOK_SECRET", "whsec_of_the_environment")
    sent = event("customer.created", {"id": "cus_3", "email": "x@example.org"})
    assert send(client, sent).status_code == 401
    assert send(client, sent, secret="whsec_of_the_environment").status_code == 200


def test_another_secret_counts_at_once_in_every_process(client, house, monkeypatch) -> None:
    first = event("payment_intent.succeeded", intent("pi_1"))
    assert send(client, first).status_code == 200
    # What a process remembers is older than what an admin has just entered in another one.
    before = stripe_settings.remembered()
    with transaction():
        stripe_settings.connect(house["della"], "whsec_another_secret")
    monkeypatch.setattr(stripe_settings, "_remembered", before)
    second = event("payment_intent.succeeded", intent("pi_2"))
    assert send(client, second, secret=SECRET).status_code == 401
    assert send(client, second, secret="whsec_another_secret").status_code == 200
    with transaction():
        stripe_settings.disconnect(house["della"])
    assert (
        send(client, event("payment_intent.succeeded", intent("pi_3")), secret="whsec_another_secret").status_code
        == 401
    )
    assert db.session.scalar(select(func.count()).select_from(StripeEvent)) == 2


def test_the_row_is_hidden_until_stripe_is_connected(house) -> None:
    assert "stripe" in matrix.rows_for("admin")
    with transaction():
        stripe_settings.disconnect(house["della"])
    assert "stripe" not in matrix.rows_for("admin")


def test_the_list_shows_payments_to_admins_and_the_card_to_who_sees_the_client(client, house) -> None:
    send(client, event("payment_intent.succeeded", intent(amount=123456, amount_received=123456)))
    builders.login(client, "della")
    assert "€1,234.56" in client.get("/paymentview/list/").get_data(as_text=True)
    assert "€1,234.56" in client.get(f"/paymentview/show/{payment().id}").get_data(as_text=True)
    page = client.get(f"/contactview/show/{payment().contact_id}").get_data(as_text=True)
    assert "Basil Hedge paid €1,234.56" in page


def test_an_event_that_cannot_be_taken_holds_up_no_other_and_is_tried_again(client, house, at, monkeypatch) -> None:
    at(clock.now())
    apply = payments._apply

    def broken(news: payments.PaymentNews) -> None:
        apply(news)
        if news.key == "pi_bad":
            raise RuntimeError("not today")

    monkeypatch.setattr(payments, "_apply", broken)
    for key in ("pi_bad", "pi_good"):
        answer = send(client, event("payment_intent.payment_failed", failed_intent(key, customer=None)))
        assert answer.get_json()["new"] is True
    assert payment().external_id == "pi_good"
    assert told("error:automation") == [("error:automation", "della", "admin")]
    monkeypatch.undo()
    at(clock.now() + dt.timedelta(seconds=31))
    with transaction():
        payments.take_waiting()
    assert db.session.scalar(select(func.count()).select_from(Payment)) == 2
    assert told("error:automation_works") == [("error:automation_works", "della", "admin")]


def test_the_beat_takes_what_came_in_and_keeps_nothing_of_it(client, house) -> None:
    body = json.dumps(event("payment_intent.payment_failed", failed_intent())).encode()
    headers = {"Stripe-Signature": signature(body), "Content-Type": "application/json"}
    assert client.post("/hooks/stripe", data=body, headers=headers).get_json()["new"] is True
    assert told() == []
    db.session.rollback()
    run_job(next(job for job in PERIODIC_JOBS if job.name == "payments"))
    assert len(told("stripe:payment_failed")) == 2
    assert db.session.scalars(select(StripeEvent.said)).all() == [None]
