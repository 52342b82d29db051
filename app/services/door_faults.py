"""What is wrong with where clients come in: nobody to tell, or a person who is not there any more."""

from __future__ import annotations

from sqlalchemy import text

from app.extensions import db
from app.models.people import User, full_name
from app.services import faults
from app.services.clients import Door


def check(group_id: int | None, door: Door) -> None:
    """Note a website chat or messenger whose clients only the admins hear of: no group, or nobody in it."""
    if group_id is not None and _has_members(group_id):
        return
    if door.widget_id is not None:
        data = {"name": door.name, "url": f"/widgetview/edit/{door.widget_id}"}
        faults.note(f"widget:{door.widget_id}:group", "widget_without_group", data)
    elif door.messenger_id is not None:
        data = {"name": door.name, "url": f"/messengerview/edit/{door.messenger_id}"}
        faults.note(f"messenger:{door.messenger_id}:group", "messenger_without_group", data)


def note_deactivated(owner: User) -> None:
    """Note that a client of somebody deactivated came in: once per person, however many clients they have."""
    if not owner.active:
        data = {
            "name": full_name(owner),
            "user_id": owner.id,
            "url": f"/contactview/list/?_flt_0_responsible={owner.id}",
        }
        faults.note(f"user:{owner.id}:clients", "deactivated_owner", data)


def _has_members(group_id: int) -> bool:
    statement = text(
        "SELECT 1 FROM ab_user_group ug JOIN ab_user u ON u.id = ug.user_id"
        " WHERE ug.group_id = :id AND u.active LIMIT 1"
    )
    return db.session.execute(statement, {"id": group_id}).first() is not None
