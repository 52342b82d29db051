"""Between a form and a service: what the form says, and where a refusal is shown."""

from __future__ import annotations

from typing import Any

from flask import flash
from werkzeug.datastructures import MultiDict
from wtforms import Form

from app.errors import UserError

SKIPPED_FIELDS = frozenset({"csrf_token"})


def prefill(form: Form, arguments: MultiDict[str, str]) -> None:
    """Fill an add form from the address: ``?lead=5``. What does not fit is left empty."""
    for field in form:
        if field.short_name in arguments and field.short_name not in SKIPPED_FIELDS:
            field.process(arguments)
            if field.process_errors:
                field.process_errors = []
                field.process(None)


def names_of(form: Form) -> list[str]:
    """Return the fields that a page shows, in their order."""
    return [field.short_name for field in form if field.short_name not in SKIPPED_FIELDS]


def changes_of(form: Form) -> dict[str, Any]:
    """Return what a service takes: by field name, relations as ids."""
    changes: dict[str, Any] = {}
    for field in form:
        if field.short_name in SKIPPED_FIELDS:
            continue
        if hasattr(field, "change_key"):
            changes[field.change_key] = field.change_value()
        else:
            changes[field.short_name] = field.data
    return changes


def show_error(form: Form, error: UserError) -> None:
    """Put a service's refusal beside its field; one without a field, or of another form, above the form."""
    field = next(
        (field for field in form if error.field in (field.short_name, getattr(field, "change_key", None))), None
    )
    if field is None or error.field is None:
        flash(error.message, "danger")
        form.form_errors.append(error.message)
        return
    field.errors = [*field.errors, error.message]
