"""How generated screens and APIs read: eager, capped, and with filters that cannot break a statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import BigInteger, ColumnElement, True_, asc, desc, func, literal_column, select, true
from sqlalchemy.orm import Query, joinedload, selectinload
from werkzeug.exceptions import BadRequest

from app.models.base import Model
from app.views.generated.column_filters import ScreenFilterConverter
from app.views.generated.filters import RequestFilters

# Counting stops one above, so that a list of a million says "10,000+" without counting them.
COUNT_MAX = 10_000
PAGE_SIZE_MAX = 100


class ScreenInterface(SQLAInterface):  # type: ignore[misc]
    """FAB's way to a model, for reading only: services write."""

    filter_converter_class = ScreenFilterConverter

    def __init__(
        self,
        obj: type[Model],
        eager: Sequence[str] = (),
        session: Any = None,
        exact: Sequence[str] = (),
        search: Callable[[str], ColumnElement[bool]] | None = None,
        asked: Mapping[str, Callable[[str], ColumnElement[bool]]] | None = None,
    ) -> None:
        """``exact`` are the texts that are one of a few words: they are compared as a whole.

        ``search`` is what the quick search asks, where that is more than a part of the name. ``asked`` are questions
        that no column answers: a name to filter by, and the condition for a word.
        """
        self.eager = tuple(eager)
        self.exact = tuple(exact)
        self.search = search
        self.asked = dict(asked or {})
        super().__init__(obj, session)

    def get_filters(self, search_columns: Any = None, search_filters: Any = None) -> RequestFilters:
        """Return filters that refuse what they do not know, instead of failing in the database."""
        return RequestFilters(
            self.filter_converter_class, self, search_columns=search_columns or [], search_filters=search_filters
        )

    def apply_all(self, query: Query[Any], *args: Any, **kwargs: Any) -> Query[Any]:
        """Load the shown relations with the rows: FAB itself makes one statement per row and relation."""
        query = super().apply_all(query, *args, **kwargs)
        # FAB asks for one record without saying a page: then lists come in the same statement too.
        one_record = len(args) < 2 and "page_size" not in kwargs
        for name in self.eager:
            load = joinedload if one_record or self.is_relation_many_to_one(name) else selectinload
            query = query.options(load(getattr(self.obj, name)))
        return query

    def apply_pagination(self, query: Query[Any], page: int | None, page_size: int | None) -> Query[Any]:
        """Show the last page of the counted part for any later one: the database would walk all rows before it."""
        if page and page_size:
            page = min(page, COUNT_MAX // page_size)
        return super().apply_pagination(query, page, page_size)

    def query(
        self,
        filters: Any = None,
        order_column: str = "",
        order_direction: str = "",
        page: int | None = None,
        page_size: int | None = None,
        select_columns: Any = None,
        outer_default_load: bool = False,
    ) -> tuple[int, list[Any]]:
        """Return how many rows the filters leave, and a page of them.

        The keys of the page come first: neither the rows before it nor what they are related to are read.
        """
        query = self.session.query(self.obj)
        left = self.apply_filters(query, filters).order_by(None)
        by = getattr(self.obj, order_column) if order_column else self.get_pk()
        rows = left.with_entities(self.get_pk().label("key"), by.label("place"))
        keys: Any
        if rows.whereclause is None or isinstance(rows.whereclause, True_):
            count, few = self._counted(left), False
        else:
            count, keys = self._found(rows, order_direction, page, page_size)
            few = count <= COUNT_MAX
        if not few:
            in_order = self.apply_pagination(self._in_order(rows, order_direction), page, page_size)
            keys = select(in_order.subquery().c.key)
        shown = query.filter(self.get_pk().in_(keys))
        shown = self.apply_all(shown, None, order_column, order_direction, None, None, select_columns)
        return count, shown.all()

    def _found(
        self, rows: Query[Any], order_direction: str, page: int | None, page_size: int | None
    ) -> tuple[int, list[Any]]:
        """Find up to one above :data:`COUNT_MAX` rows; return how many, and the keys of the page where these are all.

        They are found first and then sorted. The planner alone would walk along the order's index until the page is
        full: the whole table, where they are rare or all at its end.
        """
        found = rows.limit(COUNT_MAX + 1).cte("found").prefix_with("MATERIALIZED")
        total = select(func.count().label("count")).select_from(found).cte("total")
        # Of too many nothing is sorted.
        all_found = select(total.c.count).scalar_subquery() <= COUNT_MAX
        in_order = self._in_order(self.session.query(found.c.key, found.c.place).filter(all_found), order_direction)
        keys = self.apply_pagination(in_order, page, page_size).subquery()
        # A row also where the page is empty.
        statement = select(total.c.count, keys.c.key).select_from(total.outerjoin(keys, true()))
        answer = self.session.execute(statement).all()
        return answer[0][0], [key for _, key in answer if key is not None]

    @staticmethod
    def _in_order(keys: Query[Any], order_direction: str) -> Query[Any]:
        direction = desc if order_direction == "desc" else asc
        return keys.order_by(direction(literal_column("place")), direction(literal_column("key")))

    def query_count(self, query: Query[Any], filters: Any = None, select_columns: Any = None) -> int:
        """Count up to one above :data:`COUNT_MAX`."""
        return self._counted(self.apply_filters(query, filters).order_by(None))

    def _counted(self, left: Query[Any]) -> int:
        rows = left.with_entities(self.get_pk()).limit(COUNT_MAX + 1)
        return int(self.session.execute(select(func.count()).select_from(rows.subquery())).scalar_one())

    def get(self, id: Any, filters: Any = None, select_columns: Any = None, outer_default_load: bool = False) -> Any:
        """Return the record, or None: also for an id that is no number."""
        pk = self._as_key(id)
        return None if pk is None else super().get(pk, filters, select_columns, outer_default_load)

    def get_all(self, ids: Sequence[object], filters: Any = None) -> list[Any]:
        """Return the records of these ids that the filters leave, in the order of the ids: one statement."""
        keys = list(dict.fromkeys(key for one in ids if (key := self._as_key(one)) is not None))
        if not keys:
            return []
        query = self.apply_filters(self.session.query(self.obj), filters).filter(self.get_pk().in_(keys))
        found = self.apply_all(query, None, "", "", None, None, None).all()
        return sorted(found, key=lambda item: keys.index(item.id))

    def _as_key(self, written: object) -> int | None:
        return as_id(written, 63 if isinstance(self.get_pk().type, BigInteger) else 31)

    def add(self, *_args: Any, **_kwargs: Any) -> None:
        """Not to be called: a service writes, inside the entry point's transaction."""
        raise NotImplementedError("services write")

    edit = delete = delete_all = add


def as_id(value: object, bits: int = 31) -> int | None:
    """Return a key that a column of so many bits can hold, None for anything else."""
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    number = int(text)
    return number if number < 2**bits else None


def checked_page(value: object, largest: int, name: str) -> int:
    """Return a page number or size of a request. Raises BadRequest."""
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > largest:
        raise BadRequest(f"{name}: a whole number up to {largest} is needed")
    return int(text)
