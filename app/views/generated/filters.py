"""Filters of lists, by form arguments and by the API's ``?q=``: typed, escaped, and only those that are offered."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from flask import g, has_request_context
from flask_appbuilder.models.filters import BaseFilter, Filters
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Query
from werkzeug.exceptions import BadRequest

from app.models.people import User
from app.security import acting_user

_STORE = "frontdesk_filters"


class RequestScopedFilters:
    """FAB keeps the *active* filters on the view, which all requests share: with threads, one saw another's filter."""

    @property
    def _filters(self) -> Any:
        proto = self.__dict__.get("_filters_prototype")
        if proto is None or not has_request_context():
            return proto
        store: dict[int, Filters] = g.setdefault(_STORE, {})
        if id(self) not in store:
            own = copy.copy(proto)
            own.clear_filters()
            store[id(self)] = own
        return store[id(self)]

    @_filters.setter
    def _filters(self, value: Any) -> None:
        self.__dict__["_filters_prototype"] = value


class RequestFilters(Filters):  # type: ignore[misc]
    """Active filters of one request. What is not offered for a column is a bad request."""

    def add_filter_index(self, column_name: str, filter_instance_index: int, value: Any) -> None:
        """Add the n-th offered filter of a column, once per value."""
        offered = self._search_filters.get(column_name) or []
        if filter_instance_index >= len(offered):
            raise BadRequest(f"{column_name}: there is no such filter")
        for one in value if isinstance(value, list) else [value]:
            if one != "":
                self._add_filter(offered[filter_instance_index], one)

    def rest_add_filters(self, data: Any) -> None:
        """Add ``[{"col", "opr", "value"}]``; the value is converted now, so that the statement cannot fail on it."""
        for wanted in data:
            if not isinstance(wanted, dict) or not {"col", "opr", "value"} <= set(wanted):
                raise BadRequest('A filter is {"col", "opr", "value"}')
            column, operation = str(wanted["col"]), wanted["opr"]
            offered = self._search_filters.get(column) or []
            found = next((one for one in offered if one.arg_name == operation), None)
            if found is None:
                raise BadRequest(f"{column}: there is no filter {operation}")
            self._add_filter(found, wanted["value"])

    def apply_all(self, query: Query[Any]) -> Query[Any]:
        """Apply each filter with its value as it is; FAB would apply one per member of a list."""
        for one, value in zip(self.filters, self.values, strict=True):
            query = one.apply(query, value)
        return query

    def get_joined_filters(self, filters: Filters) -> RequestFilters:
        """Return these filters and those together."""
        joined = RequestFilters(self.filter_converter, self.datamodel)
        joined.filters = self.filters + filters.filters
        joined.values = self.values + filters.values
        return joined

    def copy(self) -> RequestFilters:
        """Return an independent copy."""
        return self.get_joined_filters(Filters(self.filter_converter, self.datamodel))


class Visible(BaseFilter):  # type: ignore[misc]
    """Base filter: only the rows that the acting person may see, by a condition of app.access."""

    name = "visible"

    def apply(self, query: Query[Any], condition: Callable[[User], ColumnElement[bool]]) -> Query[Any]:
        """Limit the query."""
        return query.filter(condition(acting_user()))


class Where(BaseFilter):  # type: ignore[misc]
    """Base filter: a fixed condition, made anew for each request."""

    name = "where"

    def apply(self, query: Query[Any], condition: Callable[[], ColumnElement[bool]]) -> Query[Any]:
        """Limit the query."""
        return query.filter(condition())
