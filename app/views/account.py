"""Where admins land: how the account is; and the settings of the whole account."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from wtforms import Form, IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

from app.errors import UserError
from app.models.people import User, full_name
from app.security import acting_user
from app.services.account import account_overview, account_settings, retention
from app.services.payments import billing
from app.services.talks import talks
from app.views.generated.base import SignedIn
from app.views.generated.form_page import FormPage
from app.views.generated.form_values import changes_of
from app.views.generated.forms import INPUT, ZoneField
from app.views.generated.interface import as_id
from app.views.generated.writing import write
from app.views.limits import kind_label, span_label


class AccountForm(DynamicForm):  # type: ignore[misc]
    """One field per setting; the first choice of each is the default."""

    record_visibility = SelectField(
        lazy_gettext("Staff see records and talks"),
        choices=[
            ("all", lazy_gettext("All")),
            ("groups", lazy_gettext("Their groups'")),
            ("own", lazy_gettext("Their own")),
        ],
        description=lazy_gettext("Decides every list, card, search, feed and count; admins see all"),
        render_kw=INPUT,
    )
    zone = ZoneField(
        lazy_gettext("Time zone"),
        description=lazy_gettext("In which hours and days activity limits and reports are meant"),
    )
    direct_chats = SelectField(
        lazy_gettext("Direct chats between colleagues"),
        choices=[("on", lazy_gettext("Allowed")), ("off", lazy_gettext("Not allowed"))],
        render_kw=INPUT,
    )
    group_chat_creators = SelectField(
        lazy_gettext("Who may create group chats"),
        choices=[
            ("all_but_free", lazy_gettext("Everyone but free users")),
            ("everyone", lazy_gettext("Everyone")),
            ("managers", lazy_gettext("Managers and admins")),
            ("admins", lazy_gettext("Admins only")),
        ],
        render_kw=INPUT,
    )
    message_texts = SelectField(
        lazy_gettext("Message texts in mails, push and Telegram"),
        choices=[("full", lazy_gettext("In full")), ("hidden", lazy_gettext("Hidden: only that there is a message"))],
        render_kw=INPUT,
    )
    notice_days = IntegerField(
        lazy_gettext("Keep notices for so many days"),
        [InputRequired(), NumberRange(retention.SHORTEST_DAYS, retention.LONGEST_DAYS)],
        description=lazy_gettext("Read or not, older ones leave everybody's center"),
        render_kw=INPUT,
    )
    trace_days = IntegerField(
        lazy_gettext("Keep the delivery log for so many days"),
        [InputRequired(), NumberRange(retention.SHORTEST_DAYS, retention.LONGEST_DAYS)],
        description=lazy_gettext("Also what people see of why something reached them or not"),
        render_kw=INPUT,
    )


class AccountSettingsView(FormPage):
    """One page, saved as a whole."""

    route_base = "/account/settings"
    form = AccountForm
    form_title = lazy_gettext("Account settings")

    def stored(self) -> dict[str, Any]:
        """Return the settings."""
        return account_settings.load()

    def save(self, actor: User, form: Form) -> None:
        """Save by the service."""
        account_settings.change(actor, changes_of(form))


class AccountView(SignedIn, BaseView):  # type: ignore[misc]
    """Where an admin lands."""

    route_base = "/account"
    default_view = "page"

    @expose("/")
    @has_access
    @permission_name("show")
    def page(self) -> ResponseReturnValue:
        """Show how the account is."""
        return self.render_template(
            "account/page.html",
            title=lazy_gettext("Account"),
            overview=account_overview.overview(),
            plan=billing.load(),
            kind_label=kind_label,
            span_label=span_label,
        )

    @expose("/talks/<int:number>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def assign(self, number: int) -> ResponseReturnValue:
        """Give a talk that nobody has taken to a colleague."""
        actor = acting_user()
        try:
            talk = write(actor, lambda: talks.transfer(actor, number, as_id(request.form.get("user_id", ""))))
        except UserError as error:
            flash(error.message, "danger")
        else:
            flash(
                gettext("%(name)s has talk %(number)s now", name=full_name(talk.responsible), number=number), "success"
            )
        return redirect(url_for("AccountView.page"))
