"""The account's own plan: until when it is paid, and when admins hear that it ends."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.forms import DynamicForm
from flask_babel import lazy_gettext
from wtforms import DateField, Form, IntegerField, StringField
from wtforms.validators import Length, NumberRange, Optional

from app.models.people import User
from app.services.payments import billing
from app.views.generated.form_page import FormPage
from app.views.generated.form_values import changes_of
from app.views.generated.forms import INPUT


class PlanForm(DynamicForm):  # type: ignore[misc]
    """What was agreed; nothing of it limits the account."""

    plan = StringField(
        lazy_gettext("Plan"),
        [Optional(), Length(max=60)],
        description=lazy_gettext("What it is called in your contract"),
        render_kw=INPUT,
    )
    paid_until = DateField(
        lazy_gettext("Paid until"),
        [Optional()],
        description=lazy_gettext("The last paid day. Admins are told 14, 7, 3 and 1 days before, and when it is over"),
        render_kw=INPUT,
    )
    seats = IntegerField(
        lazy_gettext("Seats"),
        [Optional(), NumberRange(1, billing.MOST_SEATS)],
        description=lazy_gettext("How many people are paid for; free users need none. Empty: not counted"),
        render_kw=INPUT,
    )


class PlanView(FormPage):
    """One page, for admins."""

    route_base = "/plan"
    form = PlanForm
    form_title = lazy_gettext("Plan")
    form_template = "account/plan.html"

    def stored(self) -> dict[str, Any]:
        """Return the plan."""
        plan = billing.load()
        return {"plan": plan.name, "paid_until": plan.paid_until, "seats": plan.seats}

    def save(self, actor: User, form: Form) -> None:
        """Save by the service."""
        billing.change(actor, changes_of(form))

    def beside(self) -> dict[str, Any]:
        """Return what was told, and when."""
        return {"plan": billing.load(), "notices": billing.notices(), "ended": billing.ENDED}
