"""How many statements a generated list and the feed cost, over HTTP as a person asks for them."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import Engine

from app.extensions import db
from bench.house import application, sign_in
from bench.row import Row, at_most
from bench.statements import counted

LISTS = ("leadview", "contactview", "companyview", "taskview", "userview")
PAGE_STATEMENTS, FEED_STATEMENTS = 10, 6


def run() -> list[Row]:
    """Ask for each page once to warm up, then count."""
    app = application()
    client = app.test_client()
    sign_in(client, "admin")
    with app.app_context():
        engine = db.engine
    rows = []
    for name in LISTS:
        cost = _cost(client, engine, f"/{name}/list/?psize_{name}=25")
        rows.append(at_most(f"List of 25 rows, {name.removesuffix('view')}: statements", cost, PAGE_STATEMENTS))
    feed = _cost(client, engine, "/api/v1/center/feed?limit=50")
    return [
        *rows,
        at_most("Page of the center: statements", _cost(client, engine, "/center/"), PAGE_STATEMENTS),
        at_most("Feed, 50 items: statements", feed, FEED_STATEMENTS),
    ]


def _cost(client: FlaskClient, engine: Engine, address: str) -> int:
    client.get(address)
    with counted(engine) as sent:
        assert client.get(address).status_code == 200, address
    return len(sent)
