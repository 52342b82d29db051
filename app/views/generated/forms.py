"""Fields of the generated forms, and the converter that chooses them."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from flask_appbuilder.forms import GeneralModelConverter
from flask_babel import gettext
from wtforms import BooleanField, DateTimeLocalField, Field, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.models.crm import Company, Contact, Lead, Pipeline, Stage
from app.models.mailboxes import Mailbox
from app.models.people import Group, Role, User
from app.models.records import Tag
from app.moments import viewer_zone
from app.services.account import account
from app.services.fields import zones
from app.views.generated.lookup_field import LookupField, LookupManyField

# Which search serves a relation to this model.
KIND_OF_MODEL: dict[type, str] = {
    User: "users",
    Group: "groups",
    Role: "roles",
    Lead: "leads",
    Contact: "contacts",
    Company: "companies",
    Pipeline: "pipelines",
    Stage: "stages",
    Tag: "tags",
    Mailbox: "mailboxes",
}
# How a field looks that FAB does not make itself.
INPUT = {"class": "form-control"}


class ZonedDateTimeField(DateTimeLocalField):  # type: ignore[misc]
    """A moment, entered and shown in the viewer's zone, aware UTC inside."""

    def __init__(self, label: str | None = None, validators: Any = None, **kwargs: Any) -> None:
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
        super().__init__(label, validators, format=formats, **kwargs)

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        return self.data.astimezone(viewer_zone()).strftime("%Y-%m-%dT%H:%M") if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read local time; what a clock change skips or repeats is taken as the earlier moment."""
        super().process_formdata(valuelist)
        if isinstance(self.data, dt.datetime):
            try:
                self.data = self.data.replace(tzinfo=viewer_zone()).astimezone(dt.UTC)
            except OverflowError:  # the first and the last day that there are
                raise ValueError(gettext("Choose a date and time")) from None


@cache
def _zone_choices() -> tuple[str, ...]:
    return ("UTC", *sorted(zone for zone in zones() if "/" in zone and not zone.startswith(("Etc/", "posix/"))))


class ZoneField(SelectField):  # type: ignore[misc]
    """One of the world's time zones. Where nothing is chosen yet, the page chooses the browser's."""

    def __init__(self, label: str | None = None, validators: Any = None, **kwargs: Any) -> None:
        render_kw = {"class": "form-control fd-zone", "autocomplete": "off"}
        super().__init__(label, validators, choices=_zone_choices(), render_kw=render_kw, **kwargs)


def not_blank(form: Any, field: Field) -> None:
    """Refuse a text of blanks only."""
    if isinstance(field.data, str) and not field.data.strip():
        raise ValidationError(gettext("This field is needed"))


class FormConverter(GeneralModelConverter):  # type: ignore[misc]
    """Chooses fields that work: FAB's own require a tick in NOT NULL booleans, and load whole tables for relations."""

    def _convert_simple(
        self, col_name: str, label: str, description: str, lst_validators: list[Any], form_props: dict[str, Any]
    ) -> dict[str, Any]:
        model = self.datamodel
        default = model.get_col_default(col_name)
        shared = {"description": description, "default": default}
        if model.is_boolean(col_name):
            form_props[col_name] = BooleanField(label, [Optional(), *lst_validators], **shared)
            return form_props
        needed = not model.is_nullable(col_name)
        validators = [InputRequired(), not_blank] if needed else [Optional()]
        if model.is_datetime(col_name):
            form_props[col_name] = ZonedDateTimeField(label, validators[:1], render_kw=INPUT, description=description)
        elif col_name == "zone":
            form_props[col_name] = ZoneField(label, description=description, default=account.zone)
        elif model.is_text(col_name) or model.is_string(col_name):
            longest = model.get_max_length(col_name)
            validators += [Length(max=longest)] if longest > 0 else []
            # FAB's length -1 means no limit; long texts get room to be written in.
            kind = TextAreaField if model.is_text(col_name) or longest > 320 else StringField
            form_props[col_name] = kind(label, [*validators, *lst_validators], render_kw=INPUT, **shared)
        else:
            # No Unique validator: services leave that to the database, which two people at once cannot both pass.
            super()._convert_simple(col_name, label, description, list(lst_validators), form_props)
        return form_props

    def _convert_many_to_one(
        self, col_name: str, label: str, description: str, lst_validators: list[Any], _filters: Any, form_props: Any
    ) -> dict[str, Any]:
        needed = not self.datamodel.is_nullable(col_name)
        validators = [InputRequired() if needed else Optional(), *lst_validators]
        form_props[col_name] = LookupField(self._kind(col_name), label, validators, description=description)
        return dict(form_props)

    def _convert_many_to_many(
        self, col_name: str, label: str, description: str, lst_validators: list[Any], _filters: Any, form_props: Any
    ) -> dict[str, Any]:
        form_props[col_name] = LookupManyField(
            self._kind(col_name), label, [Optional(), *lst_validators], description=description
        )
        return dict(form_props)

    def _kind(self, col_name: str) -> str:
        if col_name in ("responsible", "manager"):
            return "responsible"
        return KIND_OF_MODEL[self.datamodel.get_related_model(col_name)]
