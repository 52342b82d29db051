"""Signing in and out, and the page where the first admin of an empty account is made."""

from __future__ import annotations

from flask import abort, current_app, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.utils.base import get_safe_redirect
from flask_appbuilder.utils.limit import Limit
from flask_appbuilder.views import BaseFormView
from flask_babel import gettext, lazy_gettext
from flask_limiter.util import get_remote_address
from flask_login import logout_user
from wtforms import BooleanField, EmailField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from app import access
from app.errors import UserError
from app.security import start_session
from app.services.people import passwords, people, signin, two_step
from app.transaction import transaction
from app.views import half_way
from app.views.generated.form_values import changes_of, show_error
from app.views.generated.forms import INPUT, ZoneField
from app.views.personas import demo_person


def login_limits() -> list[Limit]:
    """Return the limit of attempts per address, for the form and for the API."""
    limit = current_app.config["AUTH_RATE_LIMIT"]
    return [Limit(limit, key_func=get_remote_address, methods=("POST",), exempt_when=_limits_are_off)]


def _limits_are_off() -> bool:
    return not current_app.config["RATE_LIMITS"]


class LoginForm(DynamicForm):  # type: ignore[misc]
    """Name or email address, and password."""

    username = StringField(lazy_gettext("User name or email"), [InputRequired(), Length(max=254)])
    password = PasswordField(lazy_gettext("Password"), [InputRequired()])
    stay = BooleanField(lazy_gettext("Stay signed in on this device"))


class CodeForm(DynamicForm):  # type: ignore[misc]
    """A code of the authenticator app, or a recovery code."""

    otp = StringField(lazy_gettext("Code"), [InputRequired(), Length(max=20)])


class LoginView(BaseView):  # type: ignore[misc]
    """The sign-in page; in a demo it also shows its people as cards."""

    route_base = ""
    default_view = "login"
    login_template = "appbuilder/general/security/login_db.html"
    title = lazy_gettext("Sign in")

    def __init__(self) -> None:
        super().__init__()
        self.limits = login_limits()

    @expose("/login/", methods=["GET", "POST"])
    @no_cache
    def login(self) -> ResponseReturnValue:
        """Sign in and go where the person was going; a refusal keeps the typed name and says why."""
        target = get_safe_redirect(request.args.get("next") or self.appbuilder.get_url_for_index)
        if g.user.is_authenticated:
            return redirect(target)
        persona = demo_person(request.form.get("persona", ""))
        if persona is not None:
            start_session(persona)
            # Whoever looks at the demo sees what came in, not what colleagues have done.
            begins = access.is_admin(persona) or "next" in request.args
            return redirect(target if begins else url_for("CenterView.page"))
        form = LoginForm()
        status = 200
        if request.method == "GET" and (why := signin.why_session_ended(session.get("_user_id"))):
            flash(why, "danger")
        if "persona" not in request.form and form.validate_on_submit():
            try:
                with transaction():
                    user = signin.authenticate(form.username.data, form.password.data)
                    has_code = two_step.is_on(user)
            except UserError as error:
                show_error(form, error)
                status = error.status if error.status == 429 else 200
            else:
                if has_code:
                    half_way.remember(user, stay=form.stay.data)
                    return redirect(url_for("LoginView.code", next=target))
                start_session(user, stay=form.stay.data)
                return redirect(target)
        page = self.render_template(self.login_template, title=self.title, form=form, appbuilder=self.appbuilder)
        return page, status

    @expose("/login/code", methods=["GET", "POST"])
    @no_cache
    def code(self) -> ResponseReturnValue:
        """Ask for the second step; without the first one, or too long after it, begin anew."""
        target = get_safe_redirect(request.args.get("next") or self.appbuilder.get_url_for_index)
        waiting = half_way.person()
        if waiting is None:
            return redirect(url_for("LoginView.login", next=target))
        form, status, (user, stay) = CodeForm(), 200, waiting
        if form.validate_on_submit():
            try:
                with transaction():
                    two_step.accept(user, form.otp.data)
            except UserError as error:
                show_error(form, error)
                status = error.status if error.status == 429 else 200
            else:
                start_session(user, stay=stay)
                return redirect(target)
        return self.render_template("people/login_code.html", title=gettext("Sign in"), form=form), status

    @expose("/logout/")
    def logout(self) -> ResponseReturnValue:
        """End this browser's session."""
        logout_user()
        session.clear()
        return redirect(url_for("LoginView.login"))


class FirstAdminForm(DynamicForm):  # type: ignore[misc]
    """Who will look after the account."""

    first_name = StringField(lazy_gettext("First name"), [InputRequired(), Length(max=64)], render_kw=INPUT)
    last_name = StringField(lazy_gettext("Last name"), [InputRequired(), Length(max=64)], render_kw=INPUT)
    email = EmailField(lazy_gettext("Email"), [InputRequired(), Length(max=254)], render_kw=INPUT)
    username = StringField(lazy_gettext("User name"), [InputRequired(), Length(max=64)], render_kw=INPUT)
    password = PasswordField(
        lazy_gettext("Password"),
        [InputRequired(), Length(min=passwords.SHORTEST, max=passwords.LONGEST)],
        description=lazy_gettext("At least %(count)s characters", count=passwords.SHORTEST),
        render_kw={**INPUT, "autocomplete": "new-password"},
    )
    again = PasswordField(
        lazy_gettext("Password again"),
        [InputRequired(), EqualTo("password", lazy_gettext("The passwords differ"))],
        render_kw={**INPUT, "autocomplete": "new-password"},
    )
    zone = ZoneField(
        lazy_gettext("Time zone"),
        description=lazy_gettext("Yours, and the account's: new colleagues, groups and limits begin with it"),
    )


class SetupView(BaseFormView):  # type: ignore[misc]
    """The one-time link that an empty account prints when it starts."""

    route_base = "/setup"
    default_view = "first_admin"
    form = FirstAdminForm
    form_title = lazy_gettext("Make the first admin")

    def __init__(self) -> None:
        super().__init__()
        self.limits = login_limits()

    @expose("/<token>", methods=["GET", "POST"])
    @no_cache
    def first_admin(self, token: str) -> ResponseReturnValue:
        """Make the first admin and sign in; 404 for a wrong or used link."""
        from app.bootstrap import forget_first_admin_token, is_first_admin_token

        if not is_first_admin_token(token):
            abort(404)
        form = self.form()
        if form.validate_on_submit():
            changes = changes_of(form)
            changes.pop("again")
            try:
                with transaction():
                    user = people.create_first_admin(changes)
                    forget_first_admin_token()
            except UserError as error:
                show_error(form, error)
            else:
                start_session(user)
                flash(lazy_gettext("Welcome! You are the first admin."), "success")
                return redirect(url_for("GettingStartedView.page"))
        return self.render_template(
            "people/own_form.html",
            title=self.form_title,
            lead=gettext("Of the people who will work here you come first; you add the others afterwards."),
            form=form,
            submit_label=gettext("Begin"),
        )
