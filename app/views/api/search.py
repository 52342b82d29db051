"""/api/v1/search: people, user groups, chats, messages and clients as one types, only what one may read."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect
from flask_appbuilder.security.decorators import permission_name

from app.security import acting_user
from app.services.chats import chat_search
from app.services.limits import limits
from app.services.records import record_search
from app.views.api.own import OwnApi
from app.views.api.problem import number, problems


class SearchApi(OwnApi):
    """Search as JSON."""

    resource_name = "search"
    class_permission_name = "Center"
    openapi_spec_tag = "Search"

    @expose("", methods=["GET"])
    @expose("/", methods=["GET"])
    @protect()
    @problems
    def search(self) -> ResponseReturnValue:
        """Find as one types
        ---
        get:
          parameters:
          - {in: query, name: q, schema: {type: string}}
          - {in: query, name: chat_id, schema: {type: integer}, description: "only the messages of this chat"}
          responses:
            200:
              description: "`people`, `groups`, `chats`, `messages`, `clients`: at most 20 each"
        """
        user = acting_user()
        found = chat_search.find(user, request.args.get("q", ""), number("chat_id"))
        limits.count_items(user, len(found.get("clients", ())))
        return self.response(200, **found)

    @expose("/records", methods=["GET"])
    @protect()
    @permission_name("search")
    @problems
    def records(self) -> ResponseReturnValue:
        """Find records, talks and chats
        ---
        get:
          parameters:
          - {in: query, name: q, schema: {type: string}, description: "part of a name or address, a talk's number"}
          responses:
            200:
              description: "`talks`, `leads`, `contacts`, `companies`, `chats`: at most 6 each, as `title, sub, url`"
        """
        user = acting_user()
        found = record_search.find(user, request.args.get("q", ""))
        limits.count_items(user, found.records)
        return self.response(200, **found.as_json())
