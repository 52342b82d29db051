"""How fast a file becomes records: the job's own work, from the first row read to the commit."""

from __future__ import annotations

import io
import time

from sqlalchemy import select, text

from app.extensions import db
from app.models.crm import Pipeline
from app.models.people import User
from app.models.records import Transfer
from app.services.imports import import_fields, import_run, imports
from app.transaction import transaction
from bench.house import application
from bench.row import Row, at_least, noted

ROWS, PER_SECOND = 100_000, 2000
_CONTACTS = "Name,Email,Phone,Owner,Tags\n" + "".join(
    f"Pat Person {n},pat{n}@import.example,+43 1 {5_000_000 + n},staff,imported\n" for n in range(ROWS)
)
_LEADS = "Deal,Stage,Amount,Contact,Email,Company,Owner,Tags\n" + "".join(
    f"Order {n},Talking,{n % 900}.50,Kim Client {n},kim{n}@import.example,Firm {n % 1000},staff,imported\n"
    for n in range(ROWS // 4)
)


def run() -> list[Row]:
    """Import contacts, the same once more as updates, and leads with clients and companies."""
    with application().app_context():
        contacts = _measured("contacts", _CONTACTS, "new")
        again = _measured("contacts", _CONTACTS, "update")
        leads = _measured("leads", _LEADS, "skip")
        with transaction():
            db.session.execute(text("DELETE FROM leads WHERE source = 'import'"))
            db.session.execute(text("DELETE FROM contacts WHERE email LIKE '%@import.example'"))
    return [
        at_least(f"Import of {ROWS:,} contacts: rows per second", ROWS / contacts, PER_SECOND),
        noted("… the same file again as updates: rows per second", ROWS / again),
        at_least(
            f"… {ROWS // 4:,} leads, each with a new contact, companies, tags: rows per second",
            ROWS / 4 / leads,
            PER_SECOND,
        ),
    ]


def _measured(kind: str, content: str, duplicates: str) -> float:
    actor = db.session.scalars(select(User).where(User.username == "manager")).one()
    with transaction(actor.id):
        draft = imports.upload(actor, kind, f"{kind}.csv", io.BytesIO(content.encode()))
        headings = content.partition("\n")[0].split(",")
        given = {
            "mapping": import_fields.guess(kind, headings),
            "duplicates": duplicates,
            "responsible_id": actor.id,
            "pipeline_id": db.session.scalars(select(Pipeline.id).limit(1)).first(),
            "decimal": ".",
        }
        imports.start(actor, draft, len(headings), given)
    import_id = draft.id
    db.session.remove()
    started = time.perf_counter()
    import_run.run(import_id)
    seconds = time.perf_counter() - started
    done = db.session.get_one(Transfer, import_id)
    assert done.state == "done", done.error
    assert done.counts["failed"] == 0, done.counts
    db.session.remove()
    return seconds
