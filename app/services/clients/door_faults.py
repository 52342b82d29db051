"""What is wrong with where clients come in: nobody to tell, or a person who is not there any more."""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.models.people import User, full_name
from app.services.account import faults
from app.services.clients.clients import Door

_STAFFED = text(
    "SELECT EXISTS (SELECT 1 FROM ab_user_group ug JOIN ab_user u ON u.id = ug.user_id"
    "  WHERE ug.group_id = CAST(:id AS int) AND u.active) AS staffed,"
    " EXISTS (SELECT 1 FROM faults WHERE cause = :cause AND over_at IS NULL) AS noted"
)


def check(group_id: int | None, door: Door) -> None:
    """Note a website chat or messenger whose clients only the admins hear of: no group, or nobody in it.

    Where somebody is there again it is over.
    """
    if door.widget_id is not None:
        cause, problem = f"widget:{door.widget_id}:group", "widget_without_group"
        url = f"/widgetview/edit/{door.widget_id}"
    else:
        cause, problem = f"messenger:{door.messenger_id}:group", "messenger_without_group"
        url = f"/messengerview/edit/{door.messenger_id}"
    found = db.session.execute(_STAFFED, {"id": group_id, "cause": cause}).one()
    if not found.staffed:
        faults.note(cause, problem, {"name": door.name, "url": url})
    elif found.noted:
        faults.over(cause)


_CURED = text("""
SELECT f.cause FROM faults f WHERE f.over_at IS NULL AND f.cause LIKE 'user:%\\:clients' AND NOT EXISTS (
    SELECT FROM contacts c WHERE c.responsible_id = CAST(f.data ->> 'user_id' AS int))
LIMIT 100
""")


def settle_deactivated() -> int:
    """Tell that it is over where nobody's clients are a deactivated person's any more, by whatever way they left them.

    Return how many.
    """
    causes = list(db.session.execute(_CURED).scalars())
    for cause in causes:
        faults.over(cause)
    return len(causes)


def note_deactivated(owner: User) -> None:
    """Note that a client of somebody deactivated came in: once per person, however many clients they have."""
    if not owner.active:
        data = {
            "name": full_name(owner),
            "user_id": owner.id,
            "url": f"/contactview/list/?_flt_0_responsible={owner.id}",
        }
        faults.note(f"user:{owner.id}:clients", "deactivated_owner", data)
