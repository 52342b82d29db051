"""/api/v1/center: a person's feed, and what they do with its items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect

from app.errors import UserError
from app.extensions import db
from app.services import feed, feed_counters, fields, reading, trace
from app.services.chats import chat_reading, chat_trace
from app.services.feed import ItemIds
from app.services.settings import preferences
from app.transaction import transaction
from app.views.api.own import OwnApi
from app.views.api.problem import json_object, number, problems


class CenterApi(OwnApi):
    """The center as JSON. Everybody's own, so there is nothing to filter but the user."""

    resource_name = "center"
    class_permission_name = "Center"
    openapi_spec_tag = "Center"

    @expose("/feed", methods=["GET"])
    @protect()
    @problems
    def feed(self) -> ResponseReturnValue:
        """A page of the feed
        ---
        get:
          parameters:
          - {in: query, name: filter, schema: {type: string}, description: "all or a tab's name"}
          - {in: query, name: unread_first, schema: {type: boolean}}
          - {in: query, name: limit, schema: {type: integer, maximum: 100}}
          - {in: query, name: cursor, schema: {type: string}}
          - {in: query, name: q, schema: {type: string}, description: "words in the item's text"}
          responses:
            200:
              description: "`items`, `next_cursor` (null on the last page) and `counters`"
        """
        user_id = g.user.id
        wanted = request.args.get("unread_first")
        page = feed.page(
            db.session(),
            user_id,
            filter=request.args.get("filter") or "all",
            unread_first=preferences.unread_first(user_id) if wanted is None else _flag(wanted, "unread_first"),
            limit=number("limit", feed.MAX_LIMIT, 1) or 50,
            cursor=request.args.get("cursor") or None,
            q=request.args.get("q", ""),
        )
        counters = feed_counters.counters(db.session(), [user_id])[user_id]
        return self.response(200, items=page.items, next_cursor=page.next_cursor, counters=counters)

    @expose("/sync", methods=["GET"])
    @protect()
    @problems
    def sync(self) -> ResponseReturnValue:
        """What changed since a cursor
        ---
        get:
          parameters:
          - {in: query, name: cursor, schema: {type: string}, description: "none: from now"}
          responses:
            200:
              description: "`events` and `cursor`, or `reset` and `cursor`"
        """
        return self.response(200, **feed.sync(db.session(), g.user.id, request.args.get("cursor") or None))

    @expose("/items/<string:item_id>/trace", methods=["GET"])
    @protect()
    @problems
    def trace(self, item_id: str) -> ResponseReturnValue:
        """Why an item came, and each channel's outcome
        ---
        get:
          parameters:
          - {in: path, name: item_id, schema: {type: string}, required: true}
          responses:
            200:
              description: "`item`, `rule`, `channels` and `earlier` notices"
            404:
              description: Not one of this person's items
        """
        asked = feed.item_ids([item_id], "id")
        if asked.chats:
            return self.response(200, **chat_trace.of_chat(g.user.id, asked.chats[0]))
        (number,) = asked.notices
        why = trace.of_item(g.user.id, number)
        # With the item itself: a page opened on an item that its first rows do not hold needs no other call.
        ((_, item),) = feed.items_by_id(db.session(), [number])
        return self.response(200, item=item, **why)

    @expose("/read", methods=["POST"])
    @protect()
    @problems
    def read(self) -> ResponseReturnValue:
        """Mark items, or all, read
        ---
        post:
          requestBody:
            content:
              application/json:
                schema:
                  type: object
                  properties:
                    items: {type: array, items: {type: string}}
                    all: {type: boolean}
                    filter: {type: string}
          responses:
            200:
              description: "`items` that changed and `counters`"
        """
        body = json_object()
        if body.get("all") is True:
            tab = str(body.get("filter") or "all")
            return self._change(
                lambda: (reading.mark_all_read(g.user.id, tab), chat_reading.mark_all_read(g.user.id, tab))
            )
        ids = _ids(body)
        return self._change_both(reading.mark_read, chat_reading.mark_read, ids)

    @expose("/unread", methods=["POST"])
    @protect()
    @problems
    def unread(self) -> ResponseReturnValue:
        """Mark items unread
        ---
        post:
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {items: {type: array, items: {type: string}}}}
          responses:
            200:
              description: "`items` that changed and `counters`"
        """
        ids = _ids(json_object())
        return self._change_both(reading.mark_unread, chat_reading.mark_unread, ids)

    @expose("/archive", methods=["POST"])
    @protect()
    @problems
    def archive(self) -> ResponseReturnValue:
        """Put items away
        ---
        post:
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {items: {type: array, items: {type: string}}}}
          responses:
            200:
              description: "`items` that changed and `counters`"
        """
        ids = _ids(json_object())
        return self._change_both(reading.archive, chat_reading.archive, ids)

    @expose("/remind", methods=["POST"])
    @protect()
    @problems
    def remind(self) -> ResponseReturnValue:
        """Put items away until a moment
        ---
        post:
          requestBody:
            content:
              application/json:
                schema:
                  type: object
                  properties:
                    items: {type: array, items: {type: string}}
                    at: {type: string, format: date-time}
          responses:
            200:
              description: "`items` that changed and `counters`"
        """
        body = json_object()
        ids, at = _ids(body), fields.moment(body.get("at"), "at", 400)
        return self._change_both(reading.remind, chat_reading.remind, ids, at)

    def _change_both(
        self, notices: Callable[..., list[int]], chats: Callable[..., list[int]], ids: ItemIds, *values: Any
    ) -> ResponseReturnValue:
        user_id = g.user.id
        return self._change(lambda: (notices(user_id, ids.notices, *values), chats(user_id, ids.chats, *values)))

    def _change(self, change: Callable[[], tuple[list[int], list[int]]]) -> ResponseReturnValue:
        user_id = g.user.id
        with transaction(user_id):
            notices, chats = change()
        counters = feed_counters.counters(db.session(), [user_id])[user_id]
        changed = [*(f"n:{number}" for number in notices), *(f"c:{number}" for number in chats)]
        return self.response(200, items=changed, counters=counters)


def _ids(body: dict[str, Any]) -> feed.ItemIds:
    items = body.get("items")
    if not isinstance(items, list) or not items:
        raise UserError("invalid", "A list of items is needed", "items", 400)
    if len(items) > reading.MAX_ITEMS:
        raise UserError("too_many", f"At most {reading.MAX_ITEMS} items at once", "items", 413)
    return feed.item_ids(items)


def _flag(value: str, field: str) -> bool:
    if value.lower() not in ("true", "false", "1", "0"):
        raise UserError("invalid", "true or false is needed", field, 400)
    return value.lower() in ("true", "1")
