"""What can be done with several leads, contacts or companies at once, and the tags of one."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from wtforms import Form, StringField
from wtforms.validators import InputRequired, Length

from app.errors import UserError
from app.models.people import User
from app.security import acting_user
from app.services.records import tags
from app.services.records.history import Record
from app.views.generated.bulk import AssignForm, BulkForms
from app.views.generated.interface import as_id
from app.views.generated.writing import write


class TagForm(Form):  # type: ignore[misc]
    """Which tag."""

    tag = StringField(
        lazy_gettext("Tag"),
        [InputRequired(), Length(max=tags.LENGTH_MAX)],
        render_kw={"class": "fd-input", "autocomplete": "off"},
    )


class RecordActions(BulkForms):
    """Assign and tag, for screens whose ``write_edit`` takes ``responsible_id``."""

    bulk_forms: dict[str, type[Form]] = {"assign": AssignForm, "tag": TagForm}

    @action("assign", lazy_gettext("Assign"), icon="user-plus", single=False)
    def assign(self, items: Any) -> ResponseReturnValue:
        """Make somebody responsible for the selected records."""

        def give(actor: User, item: Record, form: Any) -> None:
            self.write_edit(actor, item, {"responsible_id": form.responsible.data.id})  # type: ignore[attr-defined]

        return self.run_asked("assign", items, give, gettext("Assigned"))

    @action("tag", lazy_gettext("Tag"), icon="hash", single=False)
    def tag(self, items: Any) -> ResponseReturnValue:
        """Put a tag on the selected records."""
        return self.run_asked(
            "tag", items, lambda actor, item, form: tags.tag(actor, item, form.tag.data), gettext("Tagged")
        )

    @expose("/tags/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def add_tag(self, pk: str) -> ResponseReturnValue:
        """Put a tag on one record."""
        item, actor = self.item_or_404(pk), acting_user()  # type: ignore[attr-defined]
        try:
            write(actor, lambda: tags.tag(actor, item, request.form.get("tag")))
        except UserError as error:
            flash(error.message, "danger")
        return redirect(url_for(f"{self.endpoint}.show", pk=item.id))  # type: ignore[attr-defined]

    @expose("/tags/<pk>/remove/<tag_pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def remove_tag(self, pk: str, tag_pk: str) -> ResponseReturnValue:
        """Take a tag from one record."""
        item, actor, tag_id = self.item_or_404(pk), acting_user(), as_id(tag_pk)  # type: ignore[attr-defined]
        if tag_id is None:
            abort(404)
        write(actor, lambda: tags.untag(actor, item, tag_id))
        return redirect(url_for(f"{self.endpoint}.show", pk=item.id))  # type: ignore[attr-defined]
