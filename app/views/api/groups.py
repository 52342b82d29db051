"""/api/v1/groups: user groups. Everybody but free users may read them; only admins write."""

from __future__ import annotations

from marshmallow import Schema, fields

from app import access
from app.models.people import Group
from app.services.people import groups
from app.views.api.base import Api
from app.views.api.schemas import GroupIn
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface


class GroupRow(Schema):
    """A user group in a list, without its members: they may be thousands."""

    id = fields.Integer()
    name = fields.String()
    description = fields.String()
    zone = fields.String()
    manager_id = fields.Integer()


class GroupOut(GroupRow):
    """A user group with its members' ids."""

    member_ids = fields.Function(lambda group: [user.id for user in group.users])
    role_ids = fields.Function(lambda group: [role.id for role in group.roles])


class GroupApi(Api):
    """User groups as JSON."""

    resource_name = "groups"
    openapi_spec_tag = "User groups"
    datamodel = ScreenInterface(Group)
    service = groups
    base_filters = [["id", Visible, access.visible_groups]]
    in_schema = GroupIn
    list_columns = ["id", "name", "description", "zone", "manager_id"]
    list_model_schema = GroupRow()
    show_model_schema = GroupOut()
    search_columns = ["id", "name", "zone", "manager_id", "users"]
    order_columns = ["id", "name"]
