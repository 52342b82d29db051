"""The screen that connects Stripe: where it sends to, which events, and the secret of their signature."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.views import BaseFormView
from flask_babel import gettext, lazy_gettext
from wtforms import PasswordField

from app.errors import UserError
from app.security import acting_user
from app.services import payments, stripe_settings
from app.views.base import SignedIn
from app.views.form_values import show_error
from app.views.writing import write


class StripeForm(DynamicForm):  # type: ignore[misc]
    """What Stripe shows once the endpoint is added there. What is stored is never shown again."""

    secret = PasswordField(
        lazy_gettext("Signing secret"),
        description=lazy_gettext("Begins with whsec_. Kept encrypted, and never shown again"),
        render_kw={"class": "form-control", "autocomplete": "off", "placeholder": "whsec_…"},
    )


class StripeView(SignedIn, BaseFormView):  # type: ignore[misc]
    """One page."""

    route_base = "/stripe"
    default_view = "page"
    form = StripeForm
    form_title = lazy_gettext("Stripe")
    form_template = "stripe/page.html"

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def page(self) -> ResponseReturnValue:
        """Show the connection and keep a secret."""
        actor, form = acting_user(), self.form()
        if form.validate_on_submit():
            try:
                write(actor, lambda: stripe_settings.connect(actor, form.secret.data))
            except UserError as error:
                show_error(form, error)
            else:
                flash(gettext("Connected. Send a test event from Stripe to see it arrive"), "success")
                return redirect(url_for("StripeView.page"))
        self._init_vars()
        return self.render_template(
            self.form_template,
            title=self.form_title,
            widgets=self._get_edit_widget(form=form),
            form_action=request.path,
            address=stripe_settings.address(),
            types=stripe_settings.EVENT_TYPES,
            connected=stripe_settings.is_connected(),
            from_environment=stripe_settings.from_environment(),
            last=payments.last_event(),
        )

    @expose("/disconnect", methods=["POST"])
    @has_access
    @permission_name("edit")
    def disconnect(self) -> ResponseReturnValue:
        """Forget the secret."""
        actor = acting_user()
        write(actor, lambda: stripe_settings.disconnect(actor))
        flash(gettext("Disconnected"), "success")
        return redirect(url_for("StripeView.page"))
