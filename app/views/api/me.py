"""/api/v1/me: who asks, and that person's own settings."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect
from flask_appbuilder.security.decorators import permission_name

from app import access
from app.models.people import full_name
from app.security import acting_user
from app.services.settings import preferences
from app.views.api.own import OwnApi
from app.views.api.problem import json_object, problems
from app.views.generated.writing import write


class MeApi(OwnApi):
    """Everybody's own, free users' too."""

    resource_name = "me"
    openapi_spec_tag = "Me"

    @expose("", methods=["GET"])
    @expose("/", methods=["GET"])
    @protect()
    @problems
    @permission_name("get")
    def me(self) -> ResponseReturnValue:
        """Who I am
        ---
        get:
          responses:
            200:
              description: "`id`, `username`, `name`, `roles`, `free`, `zone`"
            401: {$ref: '#/components/responses/401'}
        """
        user = acting_user()
        return self.response(
            200,
            id=user.id,
            username=user.username,
            name=full_name(user),
            email=user.email,
            roles=sorted(access.role_names(user)),
            free=access.is_free(user),
            zone=user.zone,
        )

    @expose("/preferences", methods=["GET"])
    @protect()
    @problems
    @permission_name("get")
    def preferences(self) -> ResponseReturnValue:
        """My notification settings
        ---
        get:
          responses:
            200:
              description: >-
                `receive`, `matrix`, `lead_times`, `digest`, `quiet_hours`, `dnd_until`, `unread_first`, `zone`,
                `next_digest_at`
            401: {$ref: '#/components/responses/401'}
        """
        return self.response(200, **preferences.get(acting_user()))

    @expose("/preferences", methods=["PUT"])
    @protect()
    @problems
    @permission_name("put")
    def change_preferences(self) -> ResponseReturnValue:
        """Change any part of my notification settings
        ---
        put:
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  properties:
                    receive: {type: boolean}
                    lead_times: {type: array, items: {type: integer, enum: [5, 15, 30, 60]}}
                    matrix:
                      type: object
                      description: >-
                        row → channel → true or false; email: off, now, unread or digest; null: the account's default
                    digest:
                      type: object
                      properties:
                        hours: {type: array, items: {}, description: "0 to 23, or 08:30"}
                        weekdays: {type: array, items: {type: integer}, description: "0 is Monday"}
                    quiet_hours:
                      type: array
                      items:
                        type: object
                        properties:
                          weekdays: {type: array, items: {type: integer}, description: "on which they begin"}
                          from: {type: string, example: "21:00"}
                          to: {type: string, example: "07:30", description: "may be on the next day"}
                    dnd_until: {type: string, format: date-time, nullable: true}
                    unread_first: {type: boolean}
                    zone: {type: string}
          responses:
            200:
              description: All settings
            422: {$ref: '#/components/responses/422'}
        """
        user, part = acting_user(), json_object()
        return self.response(200, **write(user, lambda: preferences.update(user, part)))
