"""Bulk actions that ask for something first: one small form per action, in a dialog over the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import Form
from wtforms.validators import InputRequired

from app.views.generated.lookup_field import LookupField


class AssignForm(Form):  # type: ignore[misc]
    """To whom."""

    responsible = LookupField("responsible", lazy_gettext("Responsible"), [InputRequired()])


class BulkForms:
    """For screens whose bulk actions have a form: ``bulk_forms`` by the action's name."""

    bulk_forms: dict[str, type[Form]] = {}

    def bulk_form(self, name: str) -> Form | None:
        """Return the empty form of an action, its fields named apart from others of the page, or None."""
        form = self.bulk_forms.get(name)
        return form(prefix=name) if form is not None else None

    def asked(self, name: str) -> Any | None:
        """Return what was entered for an action, or None after saying what is wrong with it."""
        form = self.bulk_forms[name](request.form, prefix=name)
        if form.validate():
            return form
        problem = next((f"{field.label.text}: {error}" for field in form for error in field.errors), "")
        flash(problem or gettext("Nothing was changed"), "danger")
        return None

    def run_asked(self, name: str, items: Any, service: Any, done: str) -> ResponseReturnValue:
        """Like ``run_action``, with the entered form: calls ``service(actor, item, form)``."""
        form = self.asked(name)
        if form is None:
            return redirect(self.came_from())  # type: ignore[attr-defined]
        chosen = items if isinstance(items, Sequence) else [items]
        return self.run_action(  # type: ignore[attr-defined,no-any-return]
            chosen, lambda actor, item: service(actor, item, form), done
        )


def bulk_form(view: Any, name: str) -> Form | None:
    """Return the form that a view's action asks for."""
    return view.bulk_form(name) if isinstance(view, BulkForms) else None


def init_bulk(app: Flask) -> None:
    """Offer the forms to the lists' template."""
    app.jinja_env.globals["bulk_form"] = bulk_form
