"""/api/v1/chats: a person's chats and who is in them. Everybody's own, free users' too; membership decides."""

from __future__ import annotations

from flask import request, send_file
from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect

from app.errors import UserError
from app.extensions import db
from app.security import acting_user
from app.services import fields
from app.services.chats import chat_members, chat_pages, chat_pictures, chat_search, chats, drafts
from app.views.api.own import OwnApi
from app.views.api.problem import json_object, number, problems, uploaded_file
from app.views.generated.writing import write


class ChatApi(OwnApi):
    """Chats as JSON."""

    resource_name = "chats"
    class_permission_name = "Center"
    openapi_spec_tag = "Chats"

    @expose("/", methods=["GET"])
    @protect()
    @problems
    def chats(self) -> ResponseReturnValue:
        """My chats, the newest first
        ---
        get:
          parameters:
          - {in: query, name: archived, schema: {type: boolean}}
          - {in: query, name: q, schema: {type: string}, description: "words in the chat's name"}
          responses:
            200:
              description: "`count`, `ids` and `result`"
        """
        archived = request.args.get("archived", "false").lower() in ("true", "1")
        found = chat_pages.of_person(acting_user().id, archived=archived, q=request.args.get("q", "")[:100])
        return self.response(200, count=len(found), ids=[chat["id"] for chat in found], result=found)

    @expose("/", methods=["POST"])
    @protect()
    @problems
    def create(self) -> ResponseReturnValue:
        """Open a direct chat, or start a group chat
        ---
        post:
          requestBody:
            content:
              application/json:
                schema:
                  type: object
                  properties:
                    kind: {type: string, enum: [direct, group]}
                    member_ids: {type: array, items: {type: integer}}
                    group_id: {type: integer, description: "a user group whose people become members"}
                    linked: {type: boolean, description: "members follow the user group from now on"}
                    name: {type: string}
          responses:
            200:
              description: "The direct chat that there is already: `id`, `result`"
            201:
              description: "`id`, `result`"
        """
        actor, body = acting_user(), json_object()
        own, made = write(actor, lambda: chats.create(actor, body))
        return self._answer(actor.id, own.chat_id, 201 if made else 200)

    @expose("/<int:chat_id>", methods=["GET"])
    @protect()
    @problems
    def chat(self, chat_id: int) -> ResponseReturnValue:
        """One of my chats, with its members
        ---
        get:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`id`, `result`"
            404: {$ref: '#/components/responses/404'}
        """
        found = chat_pages.one(acting_user().id, chat_id)
        return self.response(200, id=chat_id, result={**found, "member_list": chat_pages.members_of(chat_id)})

    @expose("/<int:chat_id>", methods=["PUT"])
    @protect()
    @problems
    def update(self, chat_id: int) -> ResponseReturnValue:
        """Rename or archive a group chat, as its owner
        ---
        put:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {name: {type: string}, archived: {type: boolean}}}
          responses:
            200:
              description: "`id`, `result`"
        """
        actor, body = acting_user(), json_object()
        write(actor, lambda: chats.update(actor, chat_id, body))
        return self._answer(actor.id, chat_id)

    @expose("/<int:chat_id>/mine", methods=["PUT"])
    @protect()
    @problems
    def mine(self, chat_id: int) -> ResponseReturnValue:
        """Mute a chat for myself
        ---
        put:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {mute: {type: string, enum: [none, all_but_mentions, all]}}}
          responses:
            200:
              description: "`id`, `result`"
        """
        actor, body = acting_user(), json_object()
        write(actor, lambda: chats.set_mine(actor.id, chat_id, body))
        return self._answer(actor.id, chat_id)

    @expose("/<int:chat_id>/members", methods=["POST"])
    @protect()
    @problems
    def add_members(self, chat_id: int) -> ResponseReturnValue:
        """Add people to a group chat
        ---
        post:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {user_ids: {type: array, items: {type: integer}}}}
          responses:
            200:
              description: "`id`, `result`"
        """
        actor = acting_user()
        user_ids = drafts.checked_ids(json_object().get("user_ids"), "user_ids", 500)
        write(actor, lambda: chat_members.add(actor, chat_id, user_ids))
        return self._answer(actor.id, chat_id)

    @expose("/<int:chat_id>/members/<int:user_id>", methods=["PUT"])
    @protect()
    @problems
    def change_member(self, chat_id: int, user_id: int) -> ResponseReturnValue:
        """Make somebody an owner, or a member again
        ---
        put:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          - {in: path, name: user_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {role: {type: string, enum: [owner, member]}}}
          responses:
            200:
              description: "`id`, `result`"
        """
        actor, body = acting_user(), json_object()
        fields.known(body, ("role",))
        write(actor, lambda: chat_members.set_role(actor, chat_id, user_id, body.get("role")))
        return self._answer(actor.id, chat_id)

    @expose("/<int:chat_id>/members/<int:user_id>", methods=["DELETE"])
    @protect()
    @problems
    def remove_member(self, chat_id: int, user_id: int) -> ResponseReturnValue:
        """Take somebody out of a group chat, as its owner
        ---
        delete:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          - {in: path, name: user_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`id`"
        """
        actor = acting_user()
        write(actor, lambda: chat_members.remove(actor, chat_id, user_id))
        return self.response(200, id=chat_id)

    @expose("/<int:chat_id>/leave", methods=["POST"])
    @protect()
    @problems
    def leave(self, chat_id: int) -> ResponseReturnValue:
        """Leave a group chat
        ---
        post:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`id`"
        """
        actor = acting_user()
        write(actor, lambda: chat_members.leave(actor, chat_id))
        return self.response(200, id=chat_id)

    @expose("/<int:chat_id>/picture", methods=["GET"])
    @protect()
    @problems
    def picture(self, chat_id: int) -> ResponseReturnValue:
        """A group chat's picture
        ---
        get:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: A WebP picture of 256 × 256
        """
        path = chat_pictures.path_for(acting_user().id, chat_id)
        return send_file(path, mimetype="image/webp", max_age=86400)

    @expose("/<int:chat_id>/picture", methods=["POST"])
    @protect()
    @problems
    def set_picture(self, chat_id: int) -> ResponseReturnValue:
        """Give a group chat a picture, as its owner
        ---
        post:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              multipart/form-data:
                schema: {type: object, properties: {file: {type: string, format: binary}}}
          responses:
            202:
              description: It is being cut; chat.changed tells when it is there
        """
        actor, upload = acting_user(), uploaded_file()
        write(actor, lambda: chat_pictures.upload(actor, chat_id, upload.stream))
        return self.response(202, id=chat_id)

    @expose("/<int:chat_id>/picture", methods=["DELETE"])
    @protect()
    @problems
    def remove_picture(self, chat_id: int) -> ResponseReturnValue:
        """Take a group chat's picture away, as its owner
        ---
        delete:
          parameters:
          - {in: path, name: chat_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`id`, `result`"
        """
        actor = acting_user()
        write(actor, lambda: chat_pictures.remove(actor, chat_id))
        return self._answer(actor.id, chat_id)

    @expose("/mentionable", methods=["GET"])
    @protect()
    @problems
    def mentionable(self) -> ResponseReturnValue:
        """Who can be mentioned in a chat
        ---
        get:
          parameters:
          - {in: query, name: chat_id, schema: {type: integer}, required: true}
          - {in: query, name: q, schema: {type: string}}
          responses:
            200:
              description: "`people`, `groups` and whether `all`"
        """
        chat_id = number("chat_id")
        if chat_id is None:
            raise UserError("required", "A number is needed", "chat_id", 400)
        found = chat_search.mentionable(acting_user().id, chat_id, request.args.get("q", ""))
        return self.response(200, **found)

    def _answer(self, user_id: int, chat_id: int, status: int = 200) -> ResponseReturnValue:
        db.session.expire_all()
        return self.response(status, id=chat_id, result=chat_pages.one(user_id, chat_id))
