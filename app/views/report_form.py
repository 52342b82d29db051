"""The form of a scheduled report: contents, whose numbers, times, recipients, attachments."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.forms import DynamicForm
from flask_babel import lazy_gettext
from wtforms import (
    BooleanField,
    Field,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import Optional

from app.models.people import User
from app.models.reports import Report, ReportRecipient
from app.services.account import account
from app.services.reports import report_languages, report_scope, reports
from app.services.reports.figures import SECTIONS
from app.views.generated.forms import INPUT, ZoneField
from app.views.generated.lookup_field import LookupManyField

WEEKDAYS = (
    lazy_gettext("Mo"),
    lazy_gettext("Tu"),
    lazy_gettext("We"),
    lazy_gettext("Th"),
    lazy_gettext("Fr"),
    lazy_gettext("Sa"),
    lazy_gettext("Su"),
)
DEFAULT_SECTIONS = ["leads", "messages", "replies", "tasks", "scores"]


class TimesField(Field):  # type: ignore[misc]
    """Any number of times of day, each an input of its own; ``data`` is a list of "08:00"."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was entered; empty ones are none."""
        self.data = [value.strip() for value in valuelist if value.strip()]


class OwnReportForm(DynamicForm):  # type: ignore[misc]
    """What somebody chooses for the report about themselves."""

    sections = SelectMultipleField(
        lazy_gettext("What it tells"), choices=[SelectChoice(one.key, one.label) for one in SECTIONS]
    )
    period = RadioField(
        lazy_gettext("About"),
        choices=[
            SelectChoice("day", lazy_gettext("The day before")),
            SelectChoice("week", lazy_gettext("The week before")),
            SelectChoice("month", lazy_gettext("The month before")),
        ],
        validate_choice=False,
    )
    times = TimesField(lazy_gettext("At"))
    weekdays = SelectMultipleField(
        lazy_gettext("On"), coerce=int, choices=[SelectChoice(n, name) for n, name in enumerate(WEEKDAYS)]
    )
    monthday = IntegerField(
        lazy_gettext("Day of the month"),
        [Optional()],
        description=lazy_gettext("Where a month is shorter: its last day"),
        render_kw={**INPUT, "min": 1, "max": 31},
    )
    zone = ZoneField(lazy_gettext("Time zone"))
    attach_pdf = BooleanField(lazy_gettext("PDF, laid out for printing"))
    attach_csv = BooleanField(lazy_gettext("CSV, for spreadsheets"))
    language = SelectField(
        lazy_gettext("Language"),
        choices=lambda: [SelectChoice(code, name) for code, name in report_languages.languages().items()],
        validate_choice=False,
        description=lazy_gettext("Of the mail, the report in the browser and what is attached"),
        render_kw=INPUT,
    )


class ReportForm(OwnReportForm):
    """What admins and managers choose for a report about others."""

    name = StringField(lazy_gettext("Name"), render_kw={**INPUT, "maxlength": 80})
    scope = RadioField(lazy_gettext("Whose numbers"), validate_choice=False)
    groups = LookupManyField("reported_groups", lazy_gettext("Groups"))
    users = LookupManyField("reported_users", lazy_gettext("People"))
    recipients = LookupManyField("responsible", lazy_gettext("Colleagues"))
    addresses = TextAreaField(
        lazy_gettext("Addresses outside"),
        description=lazy_gettext("One a line. Each is asked first and gets nothing before it has said yes"),
        render_kw={**INPUT, "rows": 3, "spellcheck": "false"},
    )

    def __init__(self, everything: bool, *arguments: Any, **values: Any) -> None:
        super().__init__(*arguments, **values)
        scopes = [("groups", lazy_gettext("User groups")), ("user", lazy_gettext("People"))]
        self.scope.choices = [("account", lazy_gettext("The whole account"))] * everything + scopes


def first_values(user: User) -> dict[str, Any]:
    """Return what a new report begins with: last week, on Monday morning."""
    return {
        "sections": DEFAULT_SECTIONS,
        "period": "week",
        "times": ["08:00"],
        "weekdays": [0],
        "monthday": 1,
        "zone": user.zone or account.zone(),
        "language": report_languages.DEFAULT,
    }


def values_of(report: Report, recipients: list[ReportRecipient]) -> dict[str, Any]:
    """Return what a form shows of a report."""
    columns = ("name", "sections", "scope", "period", "times", "weekdays", "monthday", "zone", "language")
    values = {name: getattr(report, name) for name in (*columns, "attach_pdf", "attach_csv")}
    chosen = report_scope.chosen(reports.scope_of(report))
    return values | {
        "groups": chosen if report.scope == "groups" else [],
        "users": chosen if report.scope == "user" else [],
        "recipients": [one.user for one in recipients if one.user is not None],
        "addresses": "\n".join(one.address for one in recipients if one.address is not None),
        "weekdays": report.weekdays or [0],
    }
