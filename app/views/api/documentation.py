"""What the generated APIs say about themselves in OpenAPI."""

from __future__ import annotations

from typing import Any

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "field": {"type": "string"},
            },
        }
    },
}


def _response(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _PROBLEM}}}


RESPONSES: dict[str, dict[str, Any]] = {
    "400": _response("The request cannot be read"),
    "401": _response("Sign in first"),
    "403": _response("This role may not"),
    "404": _response("Missing, or not yours to see"),
    "409": _response("Somebody was first, or the state does not allow it"),
    "413": _response("Too large"),
    "422": _response("A field is wrong; `field` names it"),
    "429": _response("Too many requests"),
    # FAB's own texts refer to it; our APIs never answer it on purpose.
    "500": _response("Something went wrong on our side"),
}

_REFERENCES = "".join(
    f"            {code}: {{$ref: '#/components/responses/{code}'}}\n" for code in (400, 401, 403, 404)
)
_WRITE_REFERENCES = _REFERENCES + "".join(
    f"            {code}: {{$ref: '#/components/responses/{code}'}}\n" for code in (409, 422)
)
_SCHEMA = "$ref: '#/components/schemas/{{self.__class__.__name__}}."
_PK = "          - {in: path, name: pk, required: true, schema: {type: integer}}\n"
_VERSION = (
    "          - {in: header, name: If-Match, schema: {type: string}, "
    'description: "the ETag of an earlier answer; `changed_at` in the body says the same"}\n'
)
_KEY = (
    "          - {in: header, name: Idempotency-Key, schema: {type: string, maxLength: 200}, "
    'description: "a repeat answers like the first request"}\n'
)

LIST = f"""A page of the list
        ---
        get:
          parameters:
          - in: query
            name: q
            description: "rison or JSON: filters, order_column, order_direction, page, page_size (at most 100), columns"
            schema: {{type: string}}
          responses:
            200:
              description: "`count` (10001 means more), `ids` and `result`"
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      count: {{type: integer}}
                      ids: {{type: array, items: {{type: integer}}}}
                      result: {{type: array, items: {{{_SCHEMA}get_list'}}}}
{_REFERENCES}"""

_ONE = f"""
                  schema:
                    type: object
                    properties:
                      id: {{type: integer}}
                      result: {{{_SCHEMA}get'}}
"""

GET = f"""One record
        ---
        get:
          parameters:
{_PK}          responses:
            200:
              description: "`id` and `result`"
              content:
                application/json:{_ONE}{_REFERENCES}"""

POST = f"""Add a record
        ---
        post:
          parameters:
{_KEY}          requestBody:
            required: true
            content:
              application/json:
                schema: {{{_SCHEMA}post'}}
          responses:
            201:
              description: "`id` and `result`"
              content:
                application/json:{_ONE}{_WRITE_REFERENCES}"""

PUT = f"""Change any part of a record; 409 with what changed, when it is no longer the version that is named
        ---
        put:
          parameters:
{_PK}{_VERSION}          requestBody:
            required: true
            content:
              application/json:
                schema: {{{_SCHEMA}put'}}
          responses:
            200:
              description: "`id` and `result`"
              content:
                application/json:{_ONE}{_WRITE_REFERENCES}"""

DELETE = f"""Delete a record
        ---
        delete:
          parameters:
{_PK}          responses:
            200:
              description: Deleted
{_WRITE_REFERENCES}"""
