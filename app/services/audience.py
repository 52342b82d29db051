"""Who is told about an event, and what is known about each of them: always in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import text

from app.catalogue import Audience, Kind, Rule
from app.extensions import db
from app.services.routing import AccountDefault, AccountDefaults, Facts

# A person's role for defaults is the strongest one, own or by a group; roles made by admins count as staff.
_PEOPLE = text("""
WITH asked AS (SELECT unnest(CAST(:user_ids AS int[])) AS user_id),
ranked AS (
    SELECT held.user_id,
           min(CASE r.name WHEN 'Admin' THEN 0 WHEN 'Manager' THEN 1 WHEN 'Free' THEN 3 ELSE 2 END) AS rank
    FROM (
        SELECT ur.user_id, ur.role_id FROM ab_user_role ur
        UNION ALL
        SELECT ug.user_id, gr.role_id FROM ab_user_group ug JOIN ab_group_role gr USING (group_id)
    ) held
    JOIN ab_role r ON r.id = held.role_id
    JOIN asked ON asked.user_id = held.user_id
    GROUP BY held.user_id
),
own AS (
    SELECT c.user_id, jsonb_object_agg(c.channel, c.value) AS cells
    FROM preference_cells c JOIN asked ON asked.user_id = c.user_id
    WHERE c."row" = :row GROUP BY c.user_id
)
SELECT u.id, coalesce(u.email, '') AS email, u.zone, coalesce(s.receive, true) AS receive, ranked.rank, own.cells
FROM asked
JOIN ab_user u ON u.id = asked.user_id
JOIN ranked ON ranked.user_id = u.id
LEFT JOIN user_settings s ON s.user_id = u.id
LEFT JOIN own ON own.user_id = u.id
WHERE u.active
ORDER BY u.id
""")

_ROLES = ("admin", "manager", "staff", "free")


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person who is told, with all that routing needs."""

    user_id: int
    email: str
    zone: str
    facts: Facts


def people_of(kind: Kind, data: Mapping[str, object], actor_id: int | None) -> dict[int, Rule]:
    """Return who is told and by which rule, from the event's snapshot.

    Never the actor, unless the kind tells the actor too (a clock did it). A person found twice is told once, as the
    one who has to act.
    """
    author, responsible = _person_id(data.get("author")), _person_id(data.get("responsible"))
    found: dict[int, Rule] = {}
    if kind.audience in (Audience.AUTHOR, Audience.AUTHOR_AND_RESPONSIBLE) and author is not None:
        found[author] = Rule.AUTHOR
    if kind.audience in (Audience.RESPONSIBLE, Audience.AUTHOR_AND_RESPONSIBLE) and responsible is not None:
        found[responsible] = Rule.RESPONSIBLE
    if not kind.tells_actor and actor_id is not None:
        found.pop(actor_id, None)
    return found


def recipients(kind: Kind, told: Mapping[int, Rule]) -> list[Recipient]:
    """Load the active ones among ``told`` with their facts: one statement, however many they are."""
    if not told:
        return []
    rows = db.session.execute(_PEOPLE, {"user_ids": list(told), "row": kind.row})
    return [
        Recipient(
            user_id=row.id,
            email=row.email,
            zone=row.zone,
            facts=Facts(
                rule=told[row.id],
                role=_ROLES[row.rank],
                receive=row.receive,
                own_cells=tuple(sorted(row.cells.items())) if row.cells else (),
                has_email="@" in row.email,
            ),
        )
        for row in rows
    ]


def account_defaults(row: str) -> AccountDefaults:
    """Return what the account's admins changed for one row of the matrix."""
    found = db.session.execute(
        text('SELECT role, channel, value, mandatory FROM default_cells WHERE "row" = :row'), {"row": row}
    )
    return {(cell.role, cell.channel): AccountDefault(cell.value, cell.mandatory) for cell in found}


def _person_id(person: object) -> int | None:
    return int(person["id"]) if isinstance(person, Mapping) and person.get("id") is not None else None


def ids(people: Iterable[Recipient]) -> list[int]:
    """Return the user ids, in the order given."""
    return [person.user_id for person in people]
