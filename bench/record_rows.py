"""Many leads, clients, tasks and what happened to them, made by the database itself."""

from __future__ import annotations

from typing import Any

from bench.bulk import connected, without_indexes

_WORDS = "ARRAY['gravel','folding','cargo','city','touring','racing','tandem','kids','electric','mountain']"
_THINGS = "ARRAY['bike','frame','wheel','saddle','trailer','helmet','contract','fleet','workshop','battery']"
_TREES = "ARRAY['alder','birch','cedar','elm','fir','hazel','juniper','larch','maple','quince','rowan','willow']"
_STAFF = "(SELECT array_agg(id ORDER BY id) FROM ab_user WHERE active)"

# Four hundred leads and 25 contacts have a word that no other has, however many there are: so that what is found is the
# same and only the heap is larger. Sums, stages and people are spread evenly.
_LEADS = f"""
INSERT INTO leads (name, sort_key, budget, stage_id, contact_id, responsible_id, created_at)
SELECT initcap(x.n), x.n, (x.i * 7919 %% 1000000) / 100.0, s.ids[1 + x.i %% cardinality(s.ids)],
       c.first + x.i %% %(contacts)s, s.people[1 + x.i / 7 %% cardinality(s.people)],
       now() - x.i * interval '1 min'
FROM (SELECT i, ({_WORDS})[1 + i * 40503 / 7 %% 10] || ' ' || ({_THINGS})[1 + i * 69069 / 11 %% 10] || ' '
          || ({_TREES})[1 + i * 65539 / 13 %% 12]
          || CASE WHEN i <= 10000 AND i %% 25 = 0 THEN ' penny-farthing' ELSE '' END
          || ' ' || i AS n
      FROM generate_series(CAST(%(first)s AS bigint), %(last)s) i) x,
     (SELECT (SELECT array_agg(g.id ORDER BY g.id) FROM stages g WHERE g.pipeline_id =
          (SELECT id FROM pipelines ORDER BY position, id LIMIT 1)) AS ids, {_STAFF} AS people) s,
     (SELECT min(id) AS first FROM contacts WHERE email LIKE '%%@bench.example') c
"""
_CONTACTS = f"""
INSERT INTO contacts (name, sort_key, email, phone, phone_tail, responsible_id, created_at)
SELECT initcap(x.n), x.n, replace(x.n, ' ', '.') || '@bench.example', '+43 660 ' || x.digits, '660' || x.digits,
       p.people[1 + x.i %% cardinality(p.people)], now() - x.i * interval '1 min'
FROM (SELECT i, lpad((i * 7919 %% 10000000)::text, 7, '0') AS digits, ({_TREES})[1 + i * 40503 / 7 %% 12] || ' '
          || ({_WORDS})[1 + i * 69069 / 11 %% 10] || CASE WHEN i <= 10000 AND i %% 400 = 0 THEN ' penny' ELSE '' END
          || ' ' || i AS n
      FROM generate_series(CAST(%(first)s AS bigint), %(last)s) i) x, (SELECT {_STAFF} AS people) p
"""
_OPEN_TASKS = f"""
INSERT INTO tasks (text, due_at, all_day, responsible_id, author_id, created_at)
SELECT 'Call back ' || i, now() + interval '2 h' + i * interval '26 s', i %% 5 = 0 AND i > 4000,
       p.people[1 + i %% cardinality(p.people)], p.people[1], now()
FROM generate_series(1, %(count)s) i, (SELECT {_STAFF} AS people) p
"""
_CLOSED_TASKS = f"""
INSERT INTO tasks (text, due_at, responsible_id, author_id, created_at, completed_at)
SELECT 'Called ' || i, now() + (i %% 100000 - 50000) * interval '26 s', p.people[1 + i %% cardinality(p.people)],
       p.people[1], now(), now()
FROM generate_series(1, %(count)s) i, (SELECT {_STAFF} AS people) p
"""
_ENTRIES = """
INSERT INTO events (tag, actor_id, subject_type, subject_id, data, created_at)
SELECT 'lead:changed', (SELECT min(id) FROM ab_user), 'lead', %(lead_id)s,
       '{"name": "Order", "changes": {"budget": {"old": "1.00", "new": "2.00"}}}', now() - i * interval '1 min'
FROM generate_series(1, %(count)s) i
"""


def leads_and_contacts(first: int, last: int) -> None:
    """Add leads and clients with these numbers."""
    _fill("contacts", _CONTACTS, first=first, last=last)
    _fill("leads", _LEADS, first=first, last=last, contacts=last)


def open_tasks(count: int) -> None:
    """Add open tasks, the first due in two hours, spread over a month."""
    _fill("tasks", _OPEN_TASKS, count=count)


def closed_tasks(count: int) -> None:
    """Add completed ones, due around now."""
    _fill("tasks", _CLOSED_TASKS, count=count)


def entries(lead_id: int, count: int) -> None:
    """Let so much happen to a lead."""
    _fill("events", _ENTRIES, lead_id=lead_id, count=count)


def remove() -> None:
    """Empty the tables again."""
    with connected() as connection:
        connection.execute("TRUNCATE leads, contacts, tasks, events CASCADE")


def _fill(table: str, statement: str, **values: Any) -> None:
    with without_indexes([table]) as connection:
        connection.execute(statement, values)
