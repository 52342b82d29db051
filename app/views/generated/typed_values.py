"""What stands in an address, as the type of the column that it is compared with."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.exceptions import BadRequest

from app.moments import viewer_zone
from app.services import fields


class Day:
    """A day of the viewer's, as the moments where it starts and ends."""

    def __init__(self, day: dt.date) -> None:
        zone = viewer_zone()
        self.start = dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
        self.end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone).astimezone(dt.UTC)


def typed_value(datamodel: Any, column: str, value: Any) -> Any:
    """Return ``value`` in the column's type. Raises BadRequest, naming the column."""
    try:
        if datamodel.is_boolean(column):
            return _boolean(value)
        if datamodel.is_datetime(column):
            return _moment(value)
        if datamodel.is_integer(column):
            return integer_of(value)
        if datamodel.is_numeric(column) or datamodel.is_float(column):
            number = Decimal(str(value))
            if not number.is_finite() or abs(number) > 10**18:
                raise ValueError
            return number
        return text_of(value)
    except (ValueError, InvalidOperation, OverflowError):
        raise BadRequest(f"{column}: this value does not fit") from None


def text_of(value: Any) -> str:
    """Return a text of up to 500 characters, each of them one. Raises BadRequest."""
    text = str(value)
    if isinstance(value, (list, dict)) or len(text) > 500 or not fields.storable(text):
        raise BadRequest("A text of up to 500 characters is needed")
    return text


def integer_of(value: Any) -> int:
    """Return a number that a column of ids can hold. Raises BadRequest."""
    try:
        number = int(str(value))
    except ValueError:
        raise BadRequest("A whole number is needed") from None
    if abs(number) >= 2**31:
        raise BadRequest("This number is too large")
    return number


def _boolean(value: Any) -> bool:
    known = {"y": True, "true": True, "1": True, "n": False, "false": False, "0": False}
    if str(value).lower() not in known:
        raise ValueError
    return known[str(value).lower()]


def _moment(value: Any) -> Day | dt.datetime:
    text = str(value)
    if len(text) == 10:
        return Day(dt.date.fromisoformat(text))
    moment = dt.datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=viewer_zone())).astimezone(dt.UTC)
