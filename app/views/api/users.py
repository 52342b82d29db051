"""/api/v1/users: people. Everybody but free users may look colleagues up; only admins write."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect
from flask_appbuilder.security.decorators import permission_name
from flask_babel import gettext
from marshmallow import Schema, fields

from app import access
from app.models.people import User, full_name
from app.security import acting_user
from app.services.people import people, roles
from app.views.api.base import Api
from app.views.api.problem import problems
from app.views.api.schemas import Moment, UserIn
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface
from app.views.generated.writing import write


class UserOut(Schema):
    """A person, without anything secret."""

    id = fields.Integer()
    username = fields.String()
    name = fields.Function(full_name)
    first_name = fields.String()
    last_name = fields.String()
    email = fields.String()
    phone = fields.String()
    zone = fields.String()
    active = fields.Boolean()
    deactivated_at = Moment()
    deactivated_reason = fields.Function(lambda user: _reason(user))
    roles = fields.Function(lambda user: [role.name for role in user.roles])
    role_ids = fields.Function(lambda user: [role.id for role in user.roles])
    group_ids = fields.Function(lambda user: [group.id for group in user.groups])


def _reason(user: User) -> str | None:
    """Why somebody is deactivated is between that person and the admins."""
    return user.deactivated_reason if access.is_admin(acting_user()) else None


class UserRow(UserOut):
    """The same in a list: a component of its own in OpenAPI."""


def with_role_ids(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with roles by id. Raises UserError (422) for a name that is no role's."""
    names = changes.get("roles")
    others = {name: value for name, value in changes.items() if name != "roles"}
    if names is None or "role_ids" in changes:
        return others
    return others | {"role_ids": roles.ids_of(names)}


class UserApi(Api):
    """People as JSON. Nobody is ever deleted: DELETE deactivates."""

    resource_name = "users"
    openapi_spec_tag = "Users"
    datamodel = ScreenInterface(User, eager=("roles", "groups"))
    base_filters = [["id", Visible, access.visible_users]]
    in_schema = UserIn
    list_columns = ["id", "username", "first_name", "last_name", "email", "active", "zone"]
    list_model_schema = UserRow()
    show_model_schema = UserOut()
    search_columns = ["id", "username", "first_name", "last_name", "email", "active", "roles", "groups"]
    order_columns = ["id", "username", "email"]

    def create(self, actor: User, changes: dict[str, Any]) -> User:
        """Add by the service."""
        return people.create_user(actor, with_role_ids(changes))

    def update(self, actor: User, item: User, changes: dict[str, Any]) -> None:
        """Change by the service."""
        people.update_user(actor, item, with_role_ids(changes))

    def remove(self, actor: User, item: User) -> None:
        """Deactivate: what the person wrote and did stays."""
        people.deactivate(actor, item, gettext("Removed by a program"))

    @expose("/<int:pk>/reactivate", methods=["POST"])
    @protect()
    @problems
    @permission_name("put")
    def reactivate(self, pk: int) -> ResponseReturnValue:
        """Let a deactivated person in again; counters of activity limits begin again
        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200:
              description: "`id` and `result`"
            409: {$ref: '#/components/responses/409'}
        """
        actor, user = acting_user(), self._item(pk)
        write(actor, lambda: people.reactivate(actor, user))
        return self.response(200, id=user.id, result=self.show_model_schema.dump(user))
