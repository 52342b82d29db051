"""What can be asked of a column, by its type: comparisons that are typed, escaped and cannot break a statement."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.filters import BaseFilter, BaseFilterConverter
from flask_babel import lazy_gettext
from sqlalchemy.orm import Query
from werkzeug.exceptions import BadRequest

from app.errors import UserError
from app.models.base import sort_key_of
from app.services.searching import escaped, phone_has
from app.views.generated.typed_values import Day, integer_of, text_of, typed_value

MEMBERS_MAX = 200


class _ColumnFilter(BaseFilter):  # type: ignore[misc]
    """A filter on one column or relation; ``value`` is converted to the column's type first."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(self.condition(getattr(self.model, self.column_name), value))

    def condition(self, column: Any, value: Any) -> Any:
        raise NotImplementedError

    def typed(self, value: Any) -> Any:
        return typed_value(self.datamodel, self.column_name, value)


class Contains(_ColumnFilter):
    """Text contains."""

    name = lazy_gettext("Contains")
    arg_name = "ct"
    pattern = "%{}%"

    def condition(self, column: Any, value: Any) -> Any:
        """Compare without regard to case, names without accents, numbers by their digits; % and _ mean themselves."""
        text = text_of(value)
        if column.key == "name" and hasattr(self.model, "sort_key"):
            # The folded name has the index.
            return self.model.sort_key.like(self.pattern.format(escaped(sort_key_of(text))), escape="\\")
        if column.key == "phone" and hasattr(self.model, "phone_tail"):
            number = phone_has(self.model.phone_tail, text)
            if number is not None:
                return number
        return column.ilike(self.pattern.format(escaped(text)), escape="\\")


class StartsWith(Contains):
    """Text starts with."""

    name = lazy_gettext("Starts with")
    arg_name = "sw"
    pattern = "{}%"


class EndsWith(Contains):
    """Text ends with."""

    name = lazy_gettext("Ends with")
    arg_name = "ew"
    pattern = "%{}"


class NotContains(Contains):
    """Text does not contain; an empty one does not."""

    name = lazy_gettext("Not Contains")
    arg_name = "nct"

    def condition(self, column: Any, value: Any) -> Any:
        """Opposite of contains."""
        return column.is_(None) | ~super().condition(column, value)


class Search(_ColumnFilter):
    """What the quick search asks; ``datamodel.search`` says in which columns."""

    name = lazy_gettext("Search")
    arg_name = "q"

    def condition(self, column: Any, value: Any) -> Any:
        """Look into all that the screen searches."""
        return self.datamodel.search(text_of(value))


class Equal(_ColumnFilter):
    """The same value; on a moment, the whole day of the viewer."""

    name = lazy_gettext("Equal to")
    arg_name = "eq"

    def condition(self, column: Any, value: Any) -> Any:
        """Compare."""
        typed = self.typed(value)
        if isinstance(typed, Day):
            return (column >= typed.start) & (column < typed.end)
        return column == typed


class NotEqual(Equal):
    """Another value, or none."""

    name = lazy_gettext("Not Equal to")
    arg_name = "neq"

    def condition(self, column: Any, value: Any) -> Any:
        """Opposite of equal."""
        return column.is_(None) | ~super().condition(column, value)


class Greater(_ColumnFilter):
    """More, or later; after a day means after its end."""

    name = lazy_gettext("Greater than")
    arg_name = "gt"

    def condition(self, column: Any, value: Any) -> Any:
        """Compare."""
        typed = self.typed(value)
        return column >= typed.end if isinstance(typed, Day) else column > typed


class Smaller(_ColumnFilter):
    """Less, or earlier."""

    name = lazy_gettext("Smaller than")
    arg_name = "lt"

    def condition(self, column: Any, value: Any) -> Any:
        """Compare."""
        typed = self.typed(value)
        return column < (typed.start if isinstance(typed, Day) else typed)


class In(_ColumnFilter):
    """One of several values."""

    name = lazy_gettext("In")
    arg_name = "in"

    def condition(self, column: Any, value: Any) -> Any:
        """Compare with each."""
        if not isinstance(value, list) or len(value) > MEMBERS_MAX:
            raise BadRequest(f"A list of up to {MEMBERS_MAX} values is needed")
        return column.in_([self.typed(one) for one in value])


class NotIn(In):
    """None of several values."""

    name = lazy_gettext("Not In")
    arg_name = "not_in"

    def condition(self, column: Any, value: Any) -> Any:
        """Opposite of in."""
        return column.is_(None) | ~super().condition(column, value)


class RelatedTo(_ColumnFilter):
    """The related record has this id; compared by key, so that the other table is not read."""

    name = lazy_gettext("Relation")
    arg_name = "rel_o_m"

    def condition(self, column: Any, value: Any) -> Any:
        """Compare the foreign key."""
        (local,) = column.property.local_columns
        return local == integer_of(value)


class NotRelatedTo(RelatedTo):
    """Another related record, or none."""

    name = lazy_gettext("No Relation")
    arg_name = "nrel_o_m"

    def condition(self, column: Any, value: Any) -> Any:
        """Opposite of related."""
        (local,) = column.property.local_columns
        return local.is_(None) | (local != integer_of(value))


class RelatedToMany(_ColumnFilter):
    """One of the related records has this id."""

    name = lazy_gettext("Relation as Many")
    arg_name = "rel_m_m"

    def condition(self, column: Any, value: Any) -> Any:
        """Look for the id among the related."""
        values = value if isinstance(value, list) else [value]
        return column.any(column.property.mapper.class_.id.in_([integer_of(one) for one in values[:MEMBERS_MAX]]))


class Asked(_ColumnFilter):
    """What no column answers: ``datamodel.asked`` knows the condition."""

    name = lazy_gettext("Equal to")
    arg_name = "eq"

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        """Ask. A word that is not known is a bad request."""
        try:
            return query.filter(self.datamodel.asked[self.column_name](text_of(value)))
        except UserError as error:
            raise BadRequest(f"{self.column_name}: {error.message}") from None


_ORDERED = [Equal, Greater, Smaller, NotEqual, In, NotIn]


class ScreenFilterConverter(BaseFilterConverter):  # type: ignore[misc]
    """Which filters a column offers, by its type."""

    conversion_table = (
        ("is_relation_many_to_one", [RelatedTo, NotRelatedTo]),
        ("is_relation_many_to_many", [RelatedToMany]),
        ("is_relation_one_to_many", [RelatedToMany]),
        ("is_boolean", [Equal]),
        ("is_datetime", [Equal, Greater, Smaller]),
        ("is_integer", _ORDERED),
        ("is_numeric", _ORDERED),
        ("is_float", _ORDERED),
        ("is_string", [Contains, StartsWith, EndsWith, Equal, NotContains, NotEqual, In, NotIn]),
        ("is_text", [Contains, StartsWith, EndsWith, Equal, NotContains, NotEqual]),
    )

    def convert(self, col_name: str) -> list[BaseFilter] | None:
        """Return the column's filters; none for a type that cannot be filtered."""
        if col_name in self.datamodel.asked:
            return [Asked(col_name, self.datamodel)]
        if col_name in self.datamodel.exact:
            return [one(col_name, self.datamodel) for one in (Equal, NotEqual)]
        for check, offered in self.conversion_table:
            if getattr(self.datamodel, check)(col_name):
                also = [Search] if col_name == "name" and self.datamodel.search is not None else []
                return [one(col_name, self.datamodel) for one in (*offered, *also)]
        return None
