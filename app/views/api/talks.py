"""/api/v1/talks: clients' conversations by their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect

from app.models.people import User
from app.models.talks import Talk
from app.security import acting_user
from app.services import fields
from app.services.talks import talk_pages, talks
from app.views import idempotency
from app.views.api.own import OwnApi
from app.views.api.problem import json_object, problems
from app.views.generated.writing import write


class TalkApi(OwnApi):
    """Talks as JSON. Who may see which is decided per talk."""

    resource_name = "talks"
    class_permission_name = "Center"
    openapi_spec_tag = "Talks"

    @expose("/<int:number>", methods=["GET"])
    @protect()
    @problems
    def talk(self, number: int) -> ResponseReturnValue:
        """A talk, with what I may do and the talks before it
        ---
        get:
          parameters:
          - {in: path, name: number, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`id` (the number) and `result`"
            404: {$ref: '#/components/responses/404'}
        """
        return self.response(200, id=number, result=talk_pages.of_person(acting_user(), number))

    @expose("/<int:number>/close", methods=["POST"])
    @protect()
    @problems
    def close(self, number: int) -> ResponseReturnValue:
        """Close a talk; the client is asked for a score where that is on
        ---
        post:
          parameters:
          - {in: path, name: number, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {without_survey: {type: boolean}}}
          responses:
            202:
              description: "`id` and `result`; state is closing while the score is pending"
            404: {$ref: '#/components/responses/404'}
            409: {$ref: '#/components/responses/409'}
        """
        body = _body("without_survey")
        without = fields.flag(body.get("without_survey", False), "without_survey")
        return self._done(number, lambda actor: talks.close(actor, number, without_survey=without), 202)

    @expose("/<int:number>/take", methods=["POST"])
    @protect()
    @problems
    def take(self, number: int) -> ResponseReturnValue:
        """Take a talk that nobody has
        ---
        post:
          parameters:
          - {in: path, name: number, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`id` and `result`"
            409: {$ref: '#/components/responses/409'}
        """
        _body()
        return self._done(number, lambda actor: talks.take(actor, number))

    @expose("/<int:number>/transfer", methods=["POST"])
    @protect()
    @problems
    def transfer(self, number: int) -> ResponseReturnValue:
        """Pass a talk on to a colleague
        ---
        post:
          parameters:
          - {in: path, name: number, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {user_id: {type: integer}}}
          responses:
            200:
              description: "`id` and `result`"
            422: {$ref: '#/components/responses/422'}
        """
        body = _body("user_id")
        return self._done(number, lambda actor: talks.transfer(actor, number, body.get("user_id")))

    @expose("/<int:number>/no-answer-needed", methods=["POST"])
    @protect()
    @problems
    def no_answer_needed(self, number: int) -> ResponseReturnValue:
        """End a client's waiting without an answer
        ---
        post:
          parameters:
          - {in: path, name: number, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`id` and `result`"
        """
        _body()
        return self._done(number, lambda actor: talks.no_answer_needed(actor, number))

    @expose("/<int:number>/ask", methods=["POST"])
    @protect()
    @problems
    def ask(self, number: int) -> ResponseReturnValue:
        """Ask a colleague or a free user about a talk; they may read it from then on
        ---
        post:
          parameters:
          - {in: path, name: number, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema:
                  type: object
                  properties:
                    user_id: {type: integer}
                    question: {type: string}
                    answer: {type: boolean, description: Whether they may answer the client, too}
          responses:
            200:
              description: "`id` and `result`"
            422: {$ref: '#/components/responses/422'}
        """
        body = _body("user_id", "question", "answer")
        asked = (body.get("user_id"), body.get("question"), body.get("answer"))
        return self._done(number, lambda actor: talks.ask(actor, number, *asked))

    @expose("/<int:number>/asked/<int:user_id>", methods=["PUT"])
    @protect()
    @problems
    def let_answer(self, number: int, user_id: int) -> ResponseReturnValue:
        """Let somebody who was asked answer the client, too, or write notes only
        ---
        put:
          parameters:
          - {in: path, name: number, schema: {type: integer}, required: true}
          - {in: path, name: user_id, schema: {type: integer}, required: true}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {answer: {type: boolean}}}
          responses:
            200:
              description: "`id` and `result`"
            404: {$ref: '#/components/responses/404'}
            422: {$ref: '#/components/responses/422'}
        """
        body = _body("answer")
        return self._done(number, lambda actor: talks.let_answer(actor, number, user_id, body.get("answer")))

    @expose("/<int:number>/asked/<int:user_id>", methods=["DELETE"])
    @protect()
    @problems
    def take_back(self, number: int, user_id: int) -> ResponseReturnValue:
        """Let somebody who was asked out of the chat again
        ---
        delete:
          parameters:
          - {in: path, name: number, schema: {type: integer}, required: true}
          - {in: path, name: user_id, schema: {type: integer}, required: true}
          responses:
            200:
              description: "`id` and `result`"
            404: {$ref: '#/components/responses/404'}
        """
        return self._done(number, lambda actor: talks.take_back_question(actor, number, user_id))

    def _done(self, number: int, service: Callable[[User], Talk], status: int = 200) -> ResponseReturnValue:
        actor = acting_user()

        def act() -> ResponseReturnValue:
            talk = service(actor)
            response = self.response(status, id=number, result=talk_pages.as_json(actor, talk))
            idempotency.store(response)
            return response

        return write(actor, act)


def _body(*names: str) -> dict[str, Any]:
    body = json_object() if request.get_data() else {}
    fields.known(body, names)
    return body
