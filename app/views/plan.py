"""The account's own plan: until when it is paid, and when admins hear that it ends."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.views import BaseFormView
from flask_babel import gettext, lazy_gettext
from wtforms import DateField, IntegerField, StringField
from wtforms.validators import Length, NumberRange, Optional

from app.errors import UserError
from app.security import acting_user
from app.services import billing
from app.views.base import SignedIn
from app.views.form_values import changes_of, show_error
from app.views.writing import write

_INPUT = {"class": "form-control"}


class PlanForm(DynamicForm):  # type: ignore[misc]
    """What was agreed; nothing of it limits the account."""

    plan = StringField(
        lazy_gettext("Plan"),
        [Optional(), Length(max=60)],
        description=lazy_gettext("What it is called in your contract"),
        render_kw=_INPUT,
    )
    paid_until = DateField(
        lazy_gettext("Paid until"),
        [Optional()],
        description=lazy_gettext("The last paid day. Admins are told 14, 7, 3 and 1 days before, and when it is over"),
        render_kw=_INPUT,
    )
    seats = IntegerField(
        lazy_gettext("Seats"),
        [Optional(), NumberRange(1, billing.MOST_SEATS)],
        description=lazy_gettext("How many people are paid for; free users need none. Empty: not counted"),
        render_kw=_INPUT,
    )


class PlanView(SignedIn, BaseFormView):  # type: ignore[misc]
    """One page, for admins."""

    route_base = "/plan"
    default_view = "page"
    form = PlanForm
    form_title = lazy_gettext("Plan")
    form_template = "account/plan.html"

    @expose("/", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def page(self) -> ResponseReturnValue:
        """Show and save the plan."""
        actor, plan = acting_user(), billing.load()
        stored = {"plan": plan.name, "paid_until": plan.paid_until, "seats": plan.seats}
        form = self.form(data=stored) if request.method == "GET" else self.form()
        if form.validate_on_submit():
            try:
                write(actor, lambda: billing.change(actor, changes_of(form)))
            except UserError as error:
                show_error(form, error)
            else:
                flash(gettext("Saved"), "success")
                return redirect(url_for("PlanView.page"))
        self._init_vars()
        return self.render_template(
            self.form_template,
            title=self.form_title,
            widgets=self._get_edit_widget(form=form),
            form_action=request.path,
            plan=plan,
            notices=billing.notices(),
            ended=billing.ENDED,
        )
