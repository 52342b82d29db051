"""Two people editing one record: the second is shown what the first changed, and loses nothing of the own text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flask import abort, flash, request
from flask_babel import gettext
from sqlalchemy import select
from wtforms import Field, Form

from app.errors import Conflict
from app.extensions import db
from app.models.audit import AuditEntry
from app.models.people import User, full_name
from app.views.generated.form_values import SKIPPED_FIELDS
from app.views.generated.lookup_field import LookupField, LookupManyField

SEEN = "seen"


class Versioned:
    """For screens whose model has ``changed_at``. The form carries what its reader saw."""

    def _edit(self, pk: object) -> dict[str, Any] | None:
        item = self.opened(pk)  # type: ignore[attr-defined]
        if not self.may_edit(item):  # type: ignore[attr-defined]
            abort(403)
        form = self.edit_form(obj=item)  # type: ignore[attr-defined]
        # Until the form has told what changed, its reader has seen no more than before.
        seen_state = self._seen_state(item) if _seen() is None else request.form[SEEN]
        if request.method == "POST":
            if form.validate():
                if self._changed_meanwhile(form, item):
                    seen_state = self._seen_state(item)
                elif self._written(form, self._edit_version, item, item.changed_at):  # type: ignore[attr-defined]
                    flash(self.edit_row_message, "success")  # type: ignore[attr-defined]
                    return None
                item = self.item_or_404(pk)  # type: ignore[attr-defined]
        else:
            self.prefill_form(form, item.id)  # type: ignore[attr-defined]
            self.remember_way_back()  # type: ignore[attr-defined]
        form.seen_state = seen_state
        return dict(self._related(item, self._get_edit_widget(form=form)))  # type: ignore[attr-defined]

    def _edit_version(self, actor: User, changes: dict[str, Any], item: Any, version: Any) -> None:
        db.session.refresh(item, with_for_update={"of": type(item)})
        if item.changed_at != version:
            raise Conflict(
                "changed_meanwhile", gettext("Somebody changed this at the same moment. Look, and save again.")
            )
        self.write_edit(actor, item, changes)  # type: ignore[attr-defined]

    def _seen_state(self, item: Any) -> str:
        fresh = self.edit_form(formdata=None, obj=item)  # type: ignore[attr-defined]
        return json.dumps({"version": item.changed_at.isoformat(), "values": _values(fresh)})

    def _changed_meanwhile(self, form: Form, item: Any) -> bool:
        """Whether somebody changed a field since the form was opened; then the form says which, and how."""
        seen = _seen()
        if seen is None or seen["version"] == item.changed_at.isoformat():
            return False
        fresh = self.edit_form(formdata=None, obj=item)  # type: ignore[attr-defined]
        now, typed, told = _values(fresh), _values(form), []
        for name, before in seen["values"].items():
            if name not in now or now[name] == before:
                continue
            field, label = form[name], str(form[name].label.text)
            if typed[name] == before:
                field.data, field.raw_data = fresh[name].data, None
                told.append(gettext("%(field)s: now “%(value)s”", field=label, value=_shown(fresh[name])))
            elif typed[name] != now[name]:
                message = gettext(
                    "Changed meanwhile to “%(value)s”. Save again to keep yours.", value=_shown(fresh[name])
                )
                field.errors = [*field.errors, message]
                told.append(label)
        if told:
            who = _changer(item) or gettext("Somebody")
            words = gettext("%(who)s changed this while you were writing.", who=who)
            form.form_errors.append(f"{words} {' · '.join(told)}. {gettext('Nothing was saved yet.')}")
        return bool(told)


def _seen() -> dict[str, Any] | None:
    try:
        seen = json.loads(request.form.get(SEEN, ""))
        return seen if isinstance(seen["version"], str) and isinstance(seen["values"], dict) else None
    except (ValueError, KeyError, TypeError):
        return None


def _values(form: Form) -> dict[str, str]:
    return {field.short_name: _plain(field) for field in form if field.short_name not in SKIPPED_FIELDS}


def _plain(field: Field) -> str:
    """A field's value as text that two forms can be compared by."""
    if isinstance(field, LookupManyField):
        return ",".join(str(number) for number in sorted(field.change_value()))
    value = field.change_value() if isinstance(field, LookupField) else field.data
    if value is None:
        return ""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value).strip()


def _shown(field: Field) -> str:
    if isinstance(field, LookupField):
        return ", ".join(field.text_of(record) for record in field.chosen()) or gettext("nobody")
    return _plain(field)


def _changer(item: Any) -> str:
    statement = (
        select(User)
        .join(AuditEntry, AuditEntry.actor_id == User.id)
        .where(AuditEntry.table_name == item.__tablename__, AuditEntry.row_id == str(item.id))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    user = db.session.scalars(statement).first()
    return full_name(user) if user is not None else ""
