"""A forgotten password: ask for a link by mail, and choose a new one where it leads. Open to strangers."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.views import BaseFormView
from flask_babel import gettext, lazy_gettext
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.errors import UserError
from app.services.people import password_resets
from app.transaction import transaction
from app.views.generated.form_values import show_error
from app.views.generated.forms import INPUT
from app.views.login import login_limits
from app.views.users import password_fields


class ForgottenForm(DynamicForm):  # type: ignore[misc]
    """Whose password."""

    name = StringField(
        lazy_gettext("User name or email"),
        [InputRequired(), Length(max=254)],
        render_kw={**INPUT, "autocomplete": "username"},
    )


class NewPasswordForm(DynamicForm):  # type: ignore[misc]
    """The new one, twice."""

    password = password_fields()["password"]
    again = password_fields()["again"]


class PasswordResetView(BaseFormView):  # type: ignore[misc]
    """Both pages; a limit per address keeps guessing slow."""

    route_base = "/login/reset"
    default_view = "ask"

    def __init__(self) -> None:
        super().__init__()
        self.limits = login_limits()

    @expose("/", methods=["GET", "POST"])
    @no_cache
    def ask(self) -> ResponseReturnValue:
        """Send the link; the answer is the same whoever is asked for."""
        form = ForgottenForm()
        if form.validate_on_submit():
            with transaction():
                password_resets.ask(form.name.data)
            flash(gettext("If we know this person, a mail with a link is on its way to the profile's address."), "info")
            return redirect(url_for("LoginView.login"))
        return self._page(gettext("Forgot the password?"), form, gettext("Send me a link"))

    @expose("/<token>", methods=["GET", "POST"])
    @no_cache
    def choose(self, token: str) -> ResponseReturnValue:
        """Set the new password. The second step of signing in, where it is on, is asked for as ever."""
        form = NewPasswordForm()
        if password_resets.person_of(token) is None:
            flash(gettext("This link was used already, or is too old. Ask for a new one."), "danger")
            return redirect(url_for("PasswordResetView.ask"))
        if form.validate_on_submit():
            try:
                with transaction():
                    password_resets.use(token, form.password.data)
            except UserError as error:
                show_error(form, error)
            else:
                flash(gettext("Your new password is set: sign in with it"), "success")
                return redirect(url_for("LoginView.login"))
        return self._page(gettext("Choose a new password"), form, gettext("Save"))

    def _page(self, title: str, form: DynamicForm, submit_label: str) -> ResponseReturnValue:
        return self.render_template(  # type: ignore[no-any-return]
            "people/own_form.html", title=title, form=form, submit_label=submit_label, leads_back=True
        )
