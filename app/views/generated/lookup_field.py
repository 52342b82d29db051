"""Fields for relations: only what is chosen is rendered, the rest is searched for on the server as one types."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from markupsafe import Markup
from wtforms import Field
from wtforms.widgets import html_params

from app.errors import UserError
from app.models.base import Model
from app.security import acting_user
from app.views.generated.lookups import LOOKUPS


def _safe(attributes: str) -> Markup:
    return Markup(attributes)  # noqa: S704 - html_params escapes


class LookupWidget:
    """A select that the page's lookup script turns into a search box; without scripts it still keeps the choice."""

    def __call__(self, field: LookupField, **kwargs: Any) -> Markup:
        many = isinstance(field, LookupManyField)
        attributes = {
            "id": field.id,
            "name": field.name,
            "class": "fd-lookup form-control",
            "data-url": f"/lookup/{field.kind}",
            "multiple": many,
            "required": bool(field.flags.required) and not many,
            "aria-invalid": "true" if field.errors else False,
            "form": kwargs.get("form", False),
        }
        options = [Markup("")] if many else [Markup('<option value=""></option>')]
        options += [
            Markup('<option value="{}" selected>{}</option>').format(record.id, field.text_of(record))  # type: ignore[attr-defined]
            for record in field.chosen()
        ]
        return Markup("<select {}>{}</select>").format(_safe(html_params(**attributes)), Markup("").join(options))


class LookupField(Field):  # type: ignore[misc]
    """One record of a kind in :data:`app.views.generated.lookups.LOOKUPS`, or none. ``data`` is the record."""

    widget = LookupWidget()

    def __init__(self, kind: str, label: str | None = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.kind = kind

    @property
    def change_key(self) -> str:
        """The name under which services take the choice."""
        return f"{self.short_name}_id"

    def change_value(self) -> Any:
        """What services take: the id, or None."""
        return self.data.id if self.data is not None else None

    def chosen(self) -> list[Any]:
        """Return the chosen records."""
        return [self.data] if self.data is not None else []

    def text_of(self, record: Model) -> str:
        """Return the words for a choice."""
        return LOOKUPS[self.kind].text(record)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Find the posted id by the access rules: one that the person may not open is no choice."""
        value = next((value for value in valuelist if value not in ("", "__None")), None)
        before = self.object_data
        self.data = None
        if value is None:
            return
        if before is not None and str(getattr(before, "id", "")) == value:
            self.data = before
            return
        self.data = self._find(value)

    def _find(self, value: str) -> Model:
        if not value.isascii() or not value.isdigit() or len(value) > 10:
            raise ValueError(gettext("Choose an existing one"))
        try:
            return LOOKUPS[self.kind].load(acting_user(), int(value))
        except UserError:
            raise ValueError(gettext("Choose an existing one")) from None


class LookupManyField(LookupField):
    """Any number of records. ``data`` is a list."""

    LARGEST = 500

    @property
    def change_key(self) -> str:
        """The name under which services take the choice: roles → role_ids."""
        return f"{self.short_name.removesuffix('s')}_ids"

    def change_value(self) -> list[int]:
        """What services take: the ids."""
        return [record.id for record in self.data or ()]

    def chosen(self) -> list[Any]:
        """Return the chosen records."""
        return list(self.data or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Find each posted id by the access rules."""
        values = list(dict.fromkeys(value for value in valuelist if value))
        if len(values) > self.LARGEST:
            raise ValueError(gettext("At most %(most)s can be chosen", most=self.LARGEST))
        before = {str(record.id): record for record in self.object_data or ()}
        self.data = [before[value] if value in before else self._find(value) for value in values]
