"""A page that is one form: shown with what is stored, saved by a service, refusals beside their fields."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.views import BaseFormView
from flask_babel import lazy_gettext
from wtforms import Form

from app.errors import UserError
from app.models.people import User
from app.security import acting_user
from app.views.generated.base import SignedIn
from app.views.generated.form_values import show_error
from app.views.generated.writing import write


class FormPage(SignedIn, BaseFormView):  # type: ignore[misc]
    """Subclasses name the form, what is stored, and the service's call."""

    default_view = "page"
    saved_text = lazy_gettext("Saved")

    def stored(self) -> dict[str, Any]:
        """Return what the form shows, by field."""
        return {}

    def save(self, actor: User, form: Form) -> None:
        """Save by a service; its UserError is shown."""
        raise NotImplementedError

    def beside(self) -> dict[str, Any]:
        """Return what else the template shows."""
        return {}

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def page(self) -> ResponseReturnValue:
        """Show and save."""
        form = self.form(data=self.stored()) if request.method == "GET" else self.form()
        if form.validate_on_submit():
            actor = acting_user()
            try:
                write(actor, lambda: self.save(actor, form))
            except UserError as error:
                show_error(form, error)
            else:
                flash(str(self.saved_text), "success")
                return redirect(url_for(f"{self.endpoint}.page"))
        self._init_vars()
        return self.render_template(
            self.form_template,
            title=self.form_title,
            widgets=self._get_edit_widget(form=form),
            form_action=request.path,
            **self.beside(),
        )
