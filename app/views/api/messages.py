"""/api/v1/chats/…/messages: what is said, the REST twins of the socket's events included."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect

from app import access
from app.errors import UserError
from app.extensions import db
from app.security import acting_user
from app.services.chats import chat_messages, chat_pages, chat_reading, drafts, message_changes, message_pages
from app.services.clients import messenger_out
from app.views.api.own import OwnApi
from app.views.api.problem import json_object, number, problems
from app.views.generated.writing import write


class MessageApi(OwnApi):
    """Messages as JSON."""

    resource_name = "chats"
    class_permission_name = "Center"
    openapi_spec_tag = "Chats"

    @expose("/<int:chat_id>/messages", methods=["GET"])
    @protect()
    @problems
    def messages(self, chat_id: int) -> ResponseReturnValue:
        """A page of messages by ascending seq
        ---
        get:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          - {in: query, name: before_seq, schema: {type: integer}}
          - {in: query, name: after_seq, schema: {type: integer}}
          - {in: query, name: around_seq, schema: {type: integer}}
          - {in: query, name: limit, schema: {type: integer, maximum: 100}}
          responses:
            200:
              description: "`messages`, `last_seq`, `first_unread_seq` (null when nothing is)"
        """
        user_id = acting_user().id
        own = access.access_chat(user_id, chat_id)
        bounds = {name: number(name, drafts.LARGEST_BIG_ID) for name in ("before_seq", "after_seq", "around_seq")}
        if sum(bound is not None for bound in bounds.values()) > 1:
            raise UserError("invalid", "Only one of before_seq, after_seq and around_seq", "after_seq", 400)
        limit = number("limit", message_pages.MAX_LIMIT, 1) or 50
        found = message_pages.page(db.session(), chat_id, limit=limit, from_seq=own.from_seq, **bounds)
        unread = chat_pages.first_unread_seq(user_id, chat_id) if own.last_read_seq < own.chat.last_seq else None
        return self.response(200, messages=found, last_seq=own.chat.last_seq, first_unread_seq=unread)

    @expose("/<int:chat_id>/messages", methods=["POST"])
    @protect()
    @problems
    def send(self, chat_id: int) -> ResponseReturnValue:
        """Send a message; the same client_id again answers the first one
        ---
        post:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema:
                  type: object
                  properties:
                    client_id: {type: string, maxLength: 64}
                    body: {type: string, maxLength: 10000}
                    reply_to: {type: integer}
                    file_ids: {type: array, items: {type: integer}}
                    confirm_all: {type: boolean}
          responses:
            200:
              description: "A repeat: the first `message`"
            201:
              description: "`message`"
            409: {$ref: '#/components/responses/409'}
            429: {$ref: '#/components/responses/429'}
        """
        draft = drafts.read_draft(json_object())
        message, new = chat_messages.send(acting_user().id, chat_id, draft)
        return self.response(201 if new else 200, message=message)

    @expose("/messages/<int:message_id>", methods=["PUT"])
    @protect()
    @problems
    def edit(self, message_id: int) -> ResponseReturnValue:
        """Change my message
        ---
        put:
          parameters:
          - {in: path, name: message_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {body: {type: string}}}
          responses:
            200:
              description: "`message`"
        """
        actor, body = acting_user(), json_object().get("body")
        return self.response(200, message=write(actor, lambda: message_changes.edit(actor.id, message_id, body)))

    @expose("/messages/<int:message_id>", methods=["DELETE"])
    @protect()
    @problems
    def delete(self, message_id: int) -> ResponseReturnValue:
        """Delete my message for everybody
        ---
        delete:
          parameters:
          - {in: path, name: message_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`message`"
        """
        actor = acting_user()
        return self.response(200, message=write(actor, lambda: message_changes.delete(actor.id, message_id)))

    @expose("/messages/<int:message_id>/send-again", methods=["POST"])
    @protect()
    @problems
    def send_again(self, message_id: int) -> ResponseReturnValue:
        """Try at once to hand a message to its messenger that waits for the next try, or has failed
        ---
        post:
          parameters:
          - {in: path, name: message_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`message`"
            409: {$ref: '#/components/responses/409'}
        """
        actor = acting_user()
        return self.response(200, message=write(actor, lambda: messenger_out.send_again(actor.id, message_id)))

    @expose("/messages/<int:message_id>/reactions", methods=["POST"])
    @protect()
    @problems
    def react(self, message_id: int) -> ResponseReturnValue:
        """Put an emoji under a message, or take it away
        ---
        post:
          parameters:
          - {in: path, name: message_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {emoji: {type: string}, "on": {type: boolean}}}
          responses:
            200:
              description: "`message`"
        """
        actor, body = acting_user(), json_object()
        emoji, on = body.get("emoji"), body.get("on", True)
        return self.response(200, message=write(actor, lambda: message_changes.react(actor.id, message_id, emoji, on)))

    @expose("/<int:chat_id>/messages/<int:message_id>/trace", methods=["GET"])
    @protect()
    @problems
    def trace(self, chat_id: int, message_id: int) -> ResponseReturnValue:
        """What a message said before
        ---
        get:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          - {in: path, name: message_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`edits`, the newest first"
        """
        return self.response(200, edits=message_changes.trace(acting_user().id, message_id))

    @expose("/<int:chat_id>/reads", methods=["GET"])
    @protect()
    @problems
    def reads(self, chat_id: int) -> ResponseReturnValue:
        """Who has read a message
        ---
        get:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          - {in: query, name: seq, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`readers`"
        """
        access.access_chat(acting_user().id, chat_id)
        seq = number("seq", drafts.LARGEST_BIG_ID)
        if seq is None:
            raise UserError("required", "A number is needed", "seq", 400)
        return self.response(200, readers=chat_pages.readers_of(chat_id, seq))

    @expose("/<int:chat_id>/read", methods=["POST"])
    @protect()
    @problems
    def read(self, chat_id: int) -> ResponseReturnValue:
        """Note up to which message I have read
        ---
        post:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {seq: {type: integer}}}
          responses:
            200:
              description: "`last_read_seq`"
        """
        actor = acting_user()
        seq = drafts.checked_id(json_object().get("seq"), "seq", drafts.LARGEST_BIG_ID)
        return self.response(200, last_read_seq=write(actor, lambda: chat_reading.read(actor.id, chat_id, seq)))
