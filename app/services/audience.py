"""Who is told about an event, and what is known about each of them: always in bulk."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import text

from app import clock
from app.catalogue import Audience, Channel, Kind, Rule
from app.channels import telegram, webpush
from app.extensions import db
from app.models.people import RoleName, User
from app.services.people import activity, rights
from app.services.people.held_roles import ADMIN, TEAM
from app.services.routing import AccountDefault, AccountDefaults, Facts
from app.services.settings.digest_times import next_after, plan_of
from app.services.settings.quiet import Hold, hold_of

# Cards and screens that a notice leads to, and the right without which ``app/access`` refuses them.
_CARD = re.compile(r"/(lead|contact|company|task|call)view/show/(\d+)")
_SEEN_BY = {
    "lead": "leads.see",
    "contact": "contacts.see",
    "company": "companies.see",
    "task": "tasks.see",
    "call": "calls.see",
}

# A person's role for defaults is the strongest one, own or by a group; roles made by admins count as staff, and give
# the rights that were chosen for them.
_PEOPLE = text("""
WITH asked AS (SELECT unnest(CAST(:user_ids AS int[])) AS user_id),
giving AS (
    SELECT rp.role_id FROM ab_permission_view_role rp
    JOIN ab_permission_view pv ON pv.id = rp.permission_view_id
    JOIN ab_permission p ON p.id = pv.permission_id
    JOIN ab_view_menu m ON m.id = pv.view_menu_id
    WHERE m.name = :menu AND p.name = CAST(:right AS text)
),
ranked AS (
    SELECT held.user_id,
           min(CASE r.name WHEN 'Admin' THEN 0 WHEN 'Manager' THEN 1 WHEN 'Free' THEN 3 ELSE 2 END) AS rank,
           bool_or(r.name IN ('Admin', 'Manager', 'Staff') OR r.id IN (SELECT role_id FROM giving)) AS may_see
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
),
pushed AS (
    SELECT v.user_id,
           array_agg('device:' || v.id ORDER BY v.id) FILTER (WHERE v.kind = 'browser') AS browser,
           array_agg('device:' || v.id ORDER BY v.id) FILTER (WHERE v.kind = 'mobile') AS mobile
    FROM devices v JOIN asked ON asked.user_id = v.user_id GROUP BY v.user_id
)
SELECT u.id, coalesce(u.email, '') AS email, u.zone, coalesce(s.receive, true) AS receive, ranked.rank, own.cells,
       CAST(:right AS text) IS NULL OR ranked.rank = 3 OR ranked.may_see OR EXISTS (
           SELECT FROM card_shares c
           WHERE c.subject_type = :card AND c.subject_id = :record_id AND c.user_id = u.id
       ) AS may_see,
       p.address IS NOT NULL AS email_paused, pushed.browser, pushed.mobile, t.chat_id,
       s.quiet_hours::text AS quiet_hours, s.dnd_until, s.digest::text AS digest
FROM asked
JOIN ab_user u ON u.id = asked.user_id
JOIN ranked ON ranked.user_id = u.id
LEFT JOIN user_settings s ON s.user_id = u.id
LEFT JOIN own ON own.user_id = u.id
LEFT JOIN pushed ON pushed.user_id = u.id
LEFT JOIN telegram_links t ON t.user_id = u.id
LEFT JOIN paused_addresses p ON p.address = lower(u.email)
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
    browser: tuple[str, ...] = ()
    mobile: tuple[str, ...] = ()
    telegram: str = ""

    def addresses(self, channel: Channel) -> tuple[str, ...]:
        """Return where a channel reaches the person: one push per device."""
        if channel is Channel.EMAIL:
            return (self.email,)
        if channel is Channel.TELEGRAM:
            return (self.telegram,)
        return self.browser if channel is Channel.BROWSER else self.mobile


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


def recipients(kind: Kind, told: Mapping[int, Rule], at: dt.datetime | None = None, url: str = "") -> list[Recipient]:
    """Load the active ones among ``told`` with their facts: one statement, however many they are.

    ``at`` asks what would be true at another moment than now. ``url`` is what the notice leads to: who may
    see no such records is left out, unless the card is shared with the person.
    """
    if not told:
        return []
    now = at or clock.now()
    has_push, has_bot = webpush.is_configured(), telegram.is_configured()
    card, record_id = found.groups() if (found := _CARD.match(url)) else ("", "0")
    values = {
        "user_ids": list(told),
        "row": kind.row,
        "menu": rights.MENU,
        "right": _SEEN_BY.get(card),
        "card": card,
        "record_id": int(record_id),
    }
    rows = [row for row in db.session.execute(_PEOPLE, values) if row.may_see]
    active = activity.active_among([row.id for row in rows if row.browser or row.mobile or row.chat_id is not None])
    holds = Holds(now)
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
                email_paused=row.email_paused,
                has_browser=has_push and bool(row.browser),
                has_mobile=has_push and bool(row.mobile),
                has_telegram=has_bot and row.chat_id is not None,
                active=row.id in active,
                held=holds.of(row.zone, row.quiet_hours, row.dnd_until, row.digest),
            ),
            browser=tuple(row.browser or ()),
            mobile=tuple(row.mobile or ()),
            telegram=str(row.chat_id) if row.chat_id is not None else "",
        )
        for row in rows
    ]


class Holds:
    """Until when each person's news is held: thousands of people share a few settings, worked out once each."""

    def __init__(self, now: dt.datetime) -> None:
        self._now = now
        self._known: dict[tuple[str, str | None, dt.datetime | None, str | None], Hold | None] = {}

    def of(self, zone: str, quiet_hours: str | None, dnd_until: dt.datetime | None, digest: str | None) -> Hold | None:
        """Return the hold; ``digest_first`` where a digest is due by its end, which then takes the held mails along."""
        if quiet_hours is None and dnd_until is None:
            return None
        key = (zone, quiet_hours, dnd_until, digest)
        if key not in self._known:
            hold = hold_of(zone, quiet_hours, dnd_until, self._now)
            if hold is not None:
                due = next_after(plan_of(digest), zone, self._now)
                hold = replace(hold, digest_first=due is not None and due <= hold.until)
            self._known[key] = hold
        return self._known[key]


def account_defaults(row: str) -> AccountDefaults:
    """Return what the account's admins changed for one row of the matrix."""
    found = db.session.execute(
        text(
            "SELECT d.role, d.channel, d.value, d.mandatory,"
            " trim(concat(u.first_name, ' ', u.last_name)) AS required_by"
            ' FROM default_cells d LEFT JOIN ab_user u ON u.id = d.changed_by_id WHERE d."row" = :row'
        ),
        {"row": row},
    )
    return {
        (cell.role, cell.channel): AccountDefault(cell.value, cell.mandatory, cell.required_by or "") for cell in found
    }


def role_of(user: User) -> str:
    """Return whose defaults count for a person: the strongest role, own or by a group, as in ``_PEOPLE``."""
    names = {role.name for role in user.roles} | {role.name for group in user.groups for role in group.roles}
    ranks = [{RoleName.ADMIN: 0, RoleName.MANAGER: 1, RoleName.FREE: 3}.get(name, 2) for name in names]
    return _ROLES[min(ranks, default=3)]


def admins() -> list[int]:
    """Return the ids of the active admins, by own role or by a group's."""
    rows = db.session.execute(text(f"SELECT u.id FROM ab_user u WHERE u.active AND {ADMIN}"))
    return [row.id for row in rows]


def manager(group_id: int | None) -> int | None:
    """Return the id of a user group's active manager."""
    statement = text("SELECT u.id FROM ab_group g JOIN ab_user u ON u.id = g.manager_id WHERE g.id = :id AND u.active")
    return db.session.execute(statement, {"id": group_id}).scalar()


def members(group_id: int | None) -> list[int]:
    """Return the ids of a user group's active members but free users, who have no part in its work with clients."""
    rows = db.session.execute(
        text(
            "SELECT u.id FROM ab_user u JOIN ab_user_group ug ON ug.user_id = u.id"
            f" WHERE ug.group_id = :group_id AND u.active AND {TEAM} ORDER BY u.id"
        ),
        {"group_id": group_id},
    )
    return [row.id for row in rows]


def _person_id(person: object) -> int | None:
    return int(person["id"]) if isinstance(person, Mapping) and person.get("id") is not None else None


def ids(people: Iterable[Recipient]) -> list[int]:
    """Return the user ids, in the order given."""
    return [person.user_id for person in people]
