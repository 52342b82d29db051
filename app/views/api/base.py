"""FAB's generated REST, hardened: it reads, documents and checks rights; services write."""

from __future__ import annotations

import json
from typing import Any, cast

import jsonschema
import prison
from flask import current_app, request
from flask.typing import ResponseReturnValue
from flask_appbuilder import ModelRestApi
from flask_appbuilder.api import expose, protect
from flask_appbuilder.api.convert import Model2SchemaConverter
from flask_appbuilder.api.schemas import get_item_schema, get_list_schema
from flask_appbuilder.security.decorators import permission_name
from marshmallow import Schema, ValidationError, fields
from marshmallow_sqlalchemy import SQLAlchemyAutoSchema

from app.errors import NotFound, UserError
from app.extensions import db
from app.models.base import Model
from app.models.people import User
from app.security import acting_user
from app.services.limits import limits
from app.views import idempotency
from app.views.api import versions
from app.views.api.documentation import DELETE, GET, LIST, POST, PUT, RESPONSES
from app.views.api.problem import json_object, problems
from app.views.generated.filters import RequestScopedFilters
from app.views.generated.interface import COUNT_MAX, PAGE_SIZE_MAX, ScreenInterface
from app.views.generated.writing import RecordService, write


class OutSchemaConverter(Model2SchemaConverter):  # type: ignore[misc]
    """FAB's converter asks marshmallow 4 for foreign keys that it was not told to include, and fails."""

    def _column2field(self, datamodel: Any, column: Any, *args: Any, **kwargs: Any) -> fields.Field[Any]:
        if datamodel.is_numeric(column.name):
            return fields.Float()  # a number in JSON; 14 digits fit
        return cast("fields.Field[Any]", super()._column2field(datamodel, column, *args, **kwargs))

    def _meta_schema_factory(
        self, columns: list[str], model: Any, class_mixin: type, parent_schema_name: str | None = None
    ) -> type[SQLAlchemyAutoSchema]:
        meta: dict[str, Any] = {
            "model": model,
            "include_fk": bool(columns),
            "load_instance": False,
            "sqla_session": current_app.appbuilder.session,  # type: ignore[attr-defined]
            "parent_schema_name": parent_schema_name,
        }
        if columns:
            meta["fields"] = columns
        return type("MetaSchema", (SQLAlchemyAutoSchema, class_mixin), {"Meta": type("Meta", (), meta)})


class Api(RequestScopedFilters, ModelRestApi):  # type: ignore[misc]
    """Base of the generated APIs. Subclasses name columns, the schema of what is sent, and the service that writes."""

    datamodel: ScreenInterface
    model2schemaconverter = OutSchemaConverter
    csrf_exempt = False  # browsers' sessions are let in, so their requests carry the token
    allow_browser_login = True
    max_page_size = PAGE_SIZE_MAX
    responses = RESPONSES
    # FAB's /_info lists whole related tables.
    exclude_route_methods = {"info"}
    base_order = ("id", "desc")
    # What may be sent; PUT takes any part of it.
    in_schema: type[Schema]
    service: RecordService

    def __init__(self) -> None:
        self.show_columns = self.show_columns or self.list_columns
        self.add_columns = self.edit_columns = list(self.in_schema().fields)
        super().__init__()

    def _init_model_schemas(self) -> None:
        self.add_model_schema = self.in_schema()
        self.edit_model_schema = self.in_schema(partial=True)
        super()._init_model_schemas()

    # -- what a subclass gives

    def create(self, actor: User, changes: dict[str, Any]) -> Model:
        """Add a record by its service."""
        return self.service.create(actor, changes)

    def update(self, actor: User, item: Any, changes: dict[str, Any]) -> None:
        """Change a record by its service."""
        self.service.update(actor, item, changes)

    def remove(self, actor: User, item: Any) -> None:
        """Delete a record by its service."""
        self.service.delete(actor, item)

    # -- reading

    @expose("/", methods=["GET"])
    @protect()
    @problems
    @permission_name("get")
    def get_list(self) -> ResponseReturnValue:
        arguments = list_arguments(get_list_schema)
        columns = [name for name in arguments.get("columns") or () if name in self.list_columns]
        schema = self.model2schemaconverter.convert(columns) if columns else self.list_model_schema
        page, size = self._page(arguments)
        self._filters.clear_filters()
        self._filters.rest_add_filters(arguments.get("filters") or [])
        filters = self._filters.get_joined_filters(self._base_filters)
        column, direction = self._order(arguments)
        count, items = self.datamodel.query(filters, column, direction, page=page, page_size=size)
        limits.count_records(acting_user(), items)
        return self.response(200, count=count, ids=[item.id for item in items], result=schema.dump(items, many=True))

    @expose("/<int:pk>", methods=["GET"])
    @protect()
    @problems
    @permission_name("get")
    def get(self, pk: int) -> ResponseReturnValue:
        arguments = list_arguments(get_item_schema)
        columns = [name for name in arguments.get("columns") or () if name in self.show_columns]
        schema = self.model2schemaconverter.convert(columns) if columns else self.show_model_schema
        item = self._item(pk)
        limits.count_record(acting_user(), item)
        return versions.tagged(self.response(200, id=item.id, result=schema.dump(item)), item)

    # -- writing

    @expose("/", methods=["POST"])
    @protect()
    @problems
    @permission_name("post")
    def post(self) -> ResponseReturnValue:
        actor, changes = acting_user(), loaded(self.add_model_schema, json_object())

        def add() -> ResponseReturnValue:
            item: Any = self.create(actor, changes)
            response = self.response(201, id=item.id, result=self.show_model_schema.dump(item))
            idempotency.store(response)
            return response

        return write(actor, add)

    @expose("/<int:pk>", methods=["PUT"])
    @protect()
    @problems
    @permission_name("put")
    def put(self, pk: int) -> ResponseReturnValue:
        actor, item = acting_user(), self._item(pk)
        limits.count_record(actor, item)  # the answer shows it
        body = json_object()
        changes, version = loaded(self.edit_model_schema, body), versions.wanted_version(body)

        def change() -> ResponseReturnValue:
            versions.check(item, version, set(self.show_columns))
            self.update(actor, item, changes)
            db.session.flush()
            db.session.refresh(item)
            response = self.response(200, id=item.id, result=self.show_model_schema.dump(item))
            return versions.tagged(response, item)

        return write(actor, change)

    @expose("/<int:pk>", methods=["DELETE"])
    @protect()
    @problems
    @permission_name("delete")
    def delete(self, pk: int) -> ResponseReturnValue:
        actor, item = acting_user(), self._item(pk)
        write(actor, lambda: self.remove(actor, item))
        return self.response(200, message="OK")

    get_list.__doc__, get.__doc__, post.__doc__, put.__doc__, delete.__doc__ = LIST, GET, POST, PUT, DELETE

    # -- helpers

    def _item(self, pk: int) -> Any:
        item = self.datamodel.get(pk, self._base_filters)
        if item is None:
            raise NotFound(str(self.datamodel.obj.__name__))
        return item

    def _page(self, arguments: dict[str, Any]) -> tuple[int, int]:
        page, size = arguments.get("page") or 0, arguments.get("page_size") or self.page_size
        if page < 0:
            raise UserError("invalid", "page: zero or more is needed", "page", 400)
        size = size if 1 <= size <= PAGE_SIZE_MAX else PAGE_SIZE_MAX
        if page * size > COUNT_MAX:
            # Showing another page than the asked one would send a program round in circles.
            raise UserError("page_too_deep", f"Only the first {COUNT_MAX} rows have pages; filter by id", "page", 400)
        return page, size

    def _order(self, arguments: dict[str, Any]) -> tuple[str, str]:
        column = arguments.get("order_column") or ""
        if not column:
            return self.base_order
        if column not in self.order_columns:
            # Another order than the asked one would pass unseen.
            wanted = ", ".join(self.order_columns)
            raise UserError("invalid_query", f"order_column: one of {wanted} is needed", "order_column", 400)
        if column == "name" and hasattr(self.datamodel.obj, "sort_key"):
            column = "sort_key"  # the folded name has the index, and the same order everywhere
        return column, arguments.get("order_direction") or "asc"


def list_arguments(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the request's ``?q=``, rison or JSON. Raises UserError (400)."""
    text = request.args.get("q", "")
    if not text:
        return {}
    for parse in (json.loads, prison.loads):
        try:
            parsed = parse(text)
            jsonschema.validate(parsed, schema)
        except jsonschema.ValidationError as error:
            raise UserError("invalid_query", f"q: {error.message[:200]}", "q", 400) from None
        except Exception:  # noqa: S112 - prison fails in many ways on what is not rison
            continue
        return dict(parsed)
    raise UserError("invalid_query", "q: rison or JSON is needed", "q", 400)


def loaded(schema: Schema, body: dict[str, Any]) -> dict[str, Any]:
    """Return the checked body. Raises UserError (422) naming the first wrong field."""
    try:
        return dict(schema.load(body))
    except ValidationError as error:
        field, messages = next(iter(error.normalized_messages().items()))
        while isinstance(messages, (dict, list)) and messages:
            messages = next(iter(messages.values())) if isinstance(messages, dict) else messages[0]
        raise UserError("invalid", str(messages), None if field == "_schema" else str(field)) from None
