"""Every address that shows records counts them: a walk over all there are, which fails on an uncounted one."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.models.forms import FormEntry
from app.models.payments import Payment
from app.transaction import transaction
from tests import builders
from tests.test_access_table import TABLE, Row, records

__all__ = ["records"]  # a fixture

MARK = "Quagga"
# Where the table asks for a record that does not exist, and this walk for one that does.
PATHS = {
    "/leadview/board/cards/<stage_pk>": "/leadview/board/cards/{stage}?before=999999",
    "/paymentview/show/<pk>": "/paymentview/show/{payment}",
    "/apikeyview/show/<pk>": "",
    "/api/v1/search": f"/api/v1/search?q={MARK}",
    "/api/v1/search/": f"/api/v1/search/?q={MARK}",
}
# Look-ups do not count, nor what is the person's own: the center with its conversations, tasks, files and settings.
NOT_LISTS = (
    "/lookup/",
    "/taskview/day/",
    "/center/",
    "/go/",
    "/profile/",
    "/people/pictures/",
    "/api/v1/center/",
    "/api/v1/chats/",
    "/api/v1/talks/",
    "/api/v1/files/",
    "/api/v1/me",
    "/exports/",  # rows were counted when the file was written
    "/imports/",  # the person's own file
)
WRITING = {  # what programs are answered with shows the record
    ("/api/v1/leads/<int:pk>", "PUT"): ("/api/v1/leads/{lead}", {"name": f"{MARK} again"}),
    ("/api/v1/contacts/<int:pk>", "PUT"): ("/api/v1/contacts/{contact}", {"name": f"{MARK} again"}),
    ("/api/v1/companies/<int:pk>", "PUT"): ("/api/v1/companies/{company}", {"name": f"{MARK} again"}),
    ("/api/v1/tasks/<int:pk>", "PUT"): ("/api/v1/tasks/{task}", {"text": f"{MARK} again"}),
    ("/api/v1/leads/<int:pk>/accept", "POST"): ("/api/v1/leads/{incoming}/accept", {}),
    ("/api/v1/tasks/<int:pk>/complete", "POST"): ("/api/v1/tasks/{task}/complete", {}),
}


@pytest.fixture
def known(app: Flask, records: dict[str, int]) -> dict[str, int]:
    """The table's records, all of them somebody else's and marked, with calls, payments and entries beside them."""
    with app.app_context():
        with transaction():
            for table, column in (("leads", "name"), ("contacts", "name"), ("companies", "name"), ("tasks", "text")):
                db.session.execute(text(f"UPDATE {table} SET {column} = '{MARK} ' || id"))
                if column == "name":
                    db.session.execute(text(f"UPDATE {table} SET sort_key = lower(name)"))
            payment = Payment(
                external_id="ch_1",
                state="succeeded",
                amount=100,
                currency="eur",
                contact_id=records["contact"],
                at=clock.now(),
            )
            entry = FormEntry(
                form_id=records["form"],
                digest="x",
                contact_id=records["contact"],
                lead_id=records["lead"],
                answers={"name": MARK},
            )
            db.session.add_all([payment, entry])
            db.session.execute(text("UPDATE calls SET contact_id = :id"), {"id": records["contact"]})
        incoming = builders.make_lead(
            f"{MARK} incoming", stage=builders.make_stage("incoming"), incoming_at=clock.now()
        )
        return {**records, "payment": payment.id, "incoming": incoming.id}


def counted(app: Flask) -> int:
    """How much was counted since the last time."""
    with app.app_context(), db.engine.begin() as connection:
        found = connection.execute(text("SELECT coalesce(sum(amount), 0) FROM activity_counters")).scalar_one()
        for table in ("activity_counters", "card_openings", "list_showings"):
            connection.execute(text(f"DELETE FROM {table}"))
    return int(found)


def is_walked(row: Row) -> bool:
    return row.method == "GET" and row.rule != "/logout/" and not row.rule.startswith(NOT_LISTS)


def test_every_address_that_shows_records_counts_them(
    app: Flask, client: FlaskClient, known: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    builders.login(client, "admin")
    counted(app)
    shown, uncounted = set(), []
    walked = [(row, PATHS.get(row.rule, row.path or row.rule), None) for row in TABLE if is_walked(row)]
    walked += [(row, *WRITING[row.rule, row.method]) for row in TABLE if (row.rule, row.method) in WRITING]
    for row, path, body in walked:
        path = path.replace("?q=a", f"?q={MARK}")
        answer = client.open(path.format(**known), method=row.method, json=body)
        amount = counted(app)
        if MARK.lower() not in answer.get_data(as_text=True).lower():
            continue
        shown.add(f"{row.method} {row.rule}")
        if not amount:
            uncounted.append(f"{row.method} {row.rule}")
    assert uncounted == [], "these show records and count nothing"
    for kind in ("lead", "contact", "company", "task", "call"):
        assert {f"GET /{kind}view/list/", f"GET /{kind}view/show/<pk>"} <= shown
    for kind in ("leads", "contacts", "companies", "tasks"):
        assert {f"GET /api/v1/{kind}/", f"GET /api/v1/{kind}/<int:pk>", f"PUT /api/v1/{kind}/<int:pk>"} <= shown
    assert {
        "GET /leadview/board/",
        "GET /leadview/board/cards/<stage_pk>",
        "GET /api/v1/search/",
        "GET /paymentview/list/",
        "GET /formview/show/<pk>",
    } <= shown


def test_every_address_of_a_record_is_walked_with_one_that_exists(
    app: Flask, client: FlaskClient, known: dict[str, int]
) -> None:
    builders.login(client, "admin")
    missing = []
    for row in TABLE:
        about_records = any(
            f"/{kind}" in row.rule
            for kind in ("leadview", "contactview", "companyview", "taskview", "callview", "paymentview")
        )
        if is_walked(row) and about_records and "<" in row.rule and "<batch>" not in row.rule:
            path = PATHS.get(row.rule, row.path or row.rule).format(**known)
            if client.get(path).status_code == 404 and "recording" not in row.rule and "/action/" not in row.rule:
                missing.append(row.rule)
    assert missing == [], "name a record of theirs in PATHS"
