"""The bar above a generated list: quick search, one chip per active filter, and what "Filter" offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Flask, request
from flask_appbuilder.models.filters import Filters
from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, Field, Form, SelectField

from app.formatting import cell
from app.moments import when
from app.views import counted

# What the quick search asks: the screen's own search, else whether its first text contains the words.
QUICK = ("q", "ct")
# Lists of values come from programs only; a form has one value. The quick search has a box of its own.
NOT_IN_FORMS = ("in", "not_in", "q")
# Operations in words that read on after the column's name; the second is for dates.
WORDS = {
    "eq": (lazy_gettext("is"), lazy_gettext("is on")),
    "neq": (lazy_gettext("is not"), lazy_gettext("is not on")),
    "gt": (lazy_gettext("over"), lazy_gettext("after")),
    "lt": (lazy_gettext("under"), lazy_gettext("before")),
    "ct": (lazy_gettext("contains"), ""),
    "nct": (lazy_gettext("does not contain"), ""),
    "sw": (lazy_gettext("starts with"), ""),
    "ew": (lazy_gettext("ends with"), ""),
    "rel_o_m": (lazy_gettext("is"), ""),
    "nrel_o_m": (lazy_gettext("is not"), ""),
    "rel_m_m": (lazy_gettext("has"), ""),
}
DATE_TYPES = {"DateField": "date", "DateTimeField": "date", "DateTimeLocalField": "date"}


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter in words, and the page without it. A whole one is not cut short where it is long."""

    label: str
    text: str
    remove_url: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A column that can be filtered: its operations by FAB's argument name, and how its value is entered."""

    column: str
    label: str
    operations: tuple[tuple[str, str], ...]
    kind: str
    field: Field


@dataclass(frozen=True, slots=True)
class FilterBar:
    """All of the bar. ``search_name`` is the argument of the quick search, empty where no column can be searched."""

    search_name: str = ""
    search_value: str = ""
    chips: tuple[Chip, ...] = ()
    choices: tuple[Choice, ...] = ()
    kept: tuple[tuple[str, str], ...] = field(default=())
    clear_url: str = ""

    @property
    def is_active(self) -> bool:
        """Whether the list shows only part of the records."""
        return bool(self.chips or self.search_value)


def init_filter_bar(app: Flask) -> None:
    """Offer the bar to the search widget's template."""
    app.jinja_env.globals["filter_bar"] = filter_bar


def filter_bar(filters: Filters, form: Form, columns: list[str], labels: dict[str, str]) -> FilterBar:
    """Describe the bar for a view's filters."""
    search_name = _quick_search(filters, columns)
    search_value = request.args.get(search_name, "") if search_name else ""
    active = [
        (name, value)
        for name in request.args
        if name != search_name and _column_of(name) in columns
        for value in request.args.getlist(name)
        if value
    ]
    return FilterBar(
        search_name=search_name,
        search_value=search_value,
        chips=(*_counted(), *(chip for name, value in active if (chip := _chip(name, value, filters, form, labels)))),
        choices=tuple(_choice(column, filters, form, labels) for column in columns if _operations(column, filters)),
        kept=tuple((name, value) for name, value in _arguments() if not name.startswith("page_")),
        clear_url=_url([(name, value) for name, value in _arguments() if not name.startswith(("_flt_", "page_"))]),
    )


def _quick_search(filters: Filters, columns: list[str]) -> str:
    for wanted in QUICK:
        for column in columns:
            for index, candidate in enumerate(filters.get_search_filters().get(column) or ()):
                if candidate.arg_name == wanted:
                    return f"_flt_{index}_{column}"
    return ""


def _operations(column: str, filters: Filters) -> tuple[tuple[str, str], ...]:
    found = filters.get_search_filters().get(column) or ()
    is_date = bool(filters.datamodel.is_datetime(column) or filters.datamodel.is_date(column))
    return tuple(
        (f"_flt_{index}_{column}", str(WORDS.get(one.arg_name, (one.name, one.name))[is_date]))
        for index, one in enumerate(found)
        if one.arg_name not in NOT_IN_FORMS
    )


def _choice(column: str, filters: Filters, form: Form, labels: dict[str, str]) -> Choice:
    form_field = form[column]
    kind = "bool" if isinstance(form_field, BooleanField) else DATE_TYPES.get(form_field.type, "field")
    return Choice(column, str(labels.get(column, column)), _operations(column, filters), kind, form_field)


def _chip(name: str, value: str, filters: Filters, form: Form, labels: dict[str, str]) -> Chip | None:
    column = _column_of(name)
    operation = dict(_operations(column, filters)).get(name)
    if operation is None:
        return None
    others = [(n, v) for n, v in _arguments() if (n, v) != (name, value) and not n.startswith("page_")]
    shown = _value_in_words(form[column], value)
    return Chip(f"{labels.get(column, column)} {operation}", shown, _url(others))


def _column_of(name: str) -> str:
    """Return which column an argument ``_flt_0_column`` filters; empty for any other argument."""
    parts = name.split("_", 3)
    return parts[3] if name.startswith("_flt_") and len(parts) == 4 else ""


def _counted() -> list[Chip]:
    """The number of a report whose records the list shows."""
    values = [value for value in request.args.getlist(counted.ARGUMENT) if value]
    others = [(name, value) for name, value in _arguments() if name != counted.ARGUMENT]
    kept = [(name, value) for name, value in others if not name.startswith("page_")]
    return [Chip(*counted.in_words(value), _url(kept), whole=True) for value in values]


def _value_in_words(form_field: Field, value: str) -> str:
    """Let the field find the record behind an id, so that its own row rights decide whether a name is shown."""
    if isinstance(form_field, BooleanField):
        return gettext("Yes") if value in ("y", "1", "true", "True") else gettext("No")
    if isinstance(form_field, SelectField):
        return next((str(label) for key, label, *_ in form_field.iter_choices() if str(key) == value), value)
    try:
        form_field.process_formdata([value])
        found = form_field.data
    except (ValueError, TypeError):
        return value
    if found is None or isinstance(found, str | bool):
        return value
    return when(found).striptags() if hasattr(found, "year") else cell(found).striptags()


def _arguments() -> list[tuple[str, str]]:
    return [(name, value) for name in request.args for value in request.args.getlist(name)]


def _url(arguments: list[tuple[str, str]]) -> str:
    return f"{request.path}?{urlencode(arguments)}" if arguments else request.path
