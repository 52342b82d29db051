"""The screen that connects Stripe: where it sends to, which events, and the secret of their signature."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from wtforms import Form, PasswordField

from app.models.people import User
from app.security import acting_user
from app.services.payments import payments, stripe_settings
from app.views.generated.form_page import FormPage
from app.views.generated.forms import INPUT
from app.views.generated.writing import write


class StripeForm(DynamicForm):  # type: ignore[misc]
    """What Stripe shows once the endpoint is added there. What is stored is never shown again."""

    secret = PasswordField(
        lazy_gettext("Signing secret"),
        description=lazy_gettext("Begins with whsec_. Kept encrypted, and never shown again"),
        render_kw={**INPUT, "autocomplete": "off", "placeholder": "whsec_…"},
    )


class StripeView(FormPage):
    """One page."""

    route_base = "/stripe"
    form = StripeForm
    form_title = lazy_gettext("Stripe")
    form_template = "stripe/page.html"
    saved_text = lazy_gettext("Connected. Send a test event from Stripe to see it arrive")

    def save(self, actor: User, form: Form) -> None:
        """Keep a secret by the service."""
        stripe_settings.connect(actor, form["secret"].data)

    def beside(self) -> dict[str, Any]:
        """Return how it is connected."""
        return {
            "address": stripe_settings.address(),
            "types": stripe_settings.EVENT_TYPES,
            "connected": stripe_settings.is_connected(),
            "from_environment": stripe_settings.from_environment(),
            "last": payments.last_event(),
        }

    @expose("/disconnect", methods=["POST"])
    @has_access
    @permission_name("edit")
    def disconnect(self) -> ResponseReturnValue:
        """Forget the secret."""
        actor = acting_user()
        write(actor, lambda: stripe_settings.disconnect(actor))
        flash(gettext("Disconnected"), "success")
        return redirect(url_for("StripeView.page"))
