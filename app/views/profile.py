"""One's own profile: data, password, theme, and at the bottom the notification settings."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.widgets import FormWidget
from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, EmailField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import EqualTo, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.catalogue import LEAD_TIMES_MINUTES
from app.errors import UserError
from app.models.people import User
from app.security import acting_user, keep_session
from app.services.people import own_data, passwords, people, people_pictures
from app.services.settings import preferences
from app.views.generated.base import SignedIn
from app.views.generated.form_values import changes_of, names_of, show_error
from app.views.generated.forms import INPUT, ZoneField
from app.views.generated.writing import write
from app.views.json_file import as_file

_NEW_PASSWORD = {**INPUT, "autocomplete": "new-password"}


class OwnDataForm(DynamicForm):  # type: ignore[misc]
    """What people change about themselves."""

    first_name = StringField(lazy_gettext("First name"), [InputRequired(), Length(max=64)], render_kw=INPUT)
    last_name = StringField(lazy_gettext("Last name"), [InputRequired(), Length(max=64)], render_kw=INPUT)
    email = EmailField(lazy_gettext("Email"), [InputRequired(), Length(max=254)], render_kw=INPUT)
    phone = StringField(lazy_gettext("Phone"), [Optional(), Length(max=32)], render_kw=INPUT)
    zone = ZoneField(lazy_gettext("Time zone"))
    theme = SelectField(
        lazy_gettext("Theme"),
        choices=[
            SelectChoice("system", lazy_gettext("As the system")),
            SelectChoice("light", lazy_gettext("Light")),
            SelectChoice("dark", lazy_gettext("Dark")),
        ],
        render_kw=INPUT,
    )


class NotificationsForm(DynamicForm):  # type: ignore[misc]
    """First form of the notification settings."""

    receive = BooleanField(
        lazy_gettext("Receive notifications"),
        description=lazy_gettext("Off stops every channel but the center and what admins require"),
    )
    lead_times = SelectMultipleField(
        lazy_gettext("Before a task"),
        coerce=int,
        choices=[
            SelectChoice(minutes, lazy_gettext("%(minutes)s minutes", minutes=minutes))
            for minutes in LEAD_TIMES_MINUTES
        ],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    unread_first = BooleanField(lazy_gettext("Show unread first in the center"))


class OwnPasswordForm(DynamicForm):  # type: ignore[misc]
    """The old password is asked for: an unlocked screen must not be enough to take an account over."""

    old_password = PasswordField(
        lazy_gettext("Current password"), [InputRequired()], render_kw={**INPUT, "autocomplete": "current-password"}
    )
    password = PasswordField(
        lazy_gettext("New password"),
        [InputRequired(), Length(max=passwords.LONGEST)],
        description=lazy_gettext("At least %(count)s characters", count=passwords.SHORTEST),
        render_kw=_NEW_PASSWORD,
    )
    again = PasswordField(
        lazy_gettext("New password again"),
        [EqualTo("password", lazy_gettext("The passwords differ"))],
        render_kw=_NEW_PASSWORD,
    )


class ProfileView(SignedIn, BaseView):  # type: ignore[misc]
    """Everybody's own page, free users' too."""

    route_base = "/profile"
    default_view = "profile"
    template = "profile/profile.html"
    form_template = "appbuilder/general/model/edit.html"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def profile(self) -> ResponseReturnValue:
        """Show the page; a POST stores one's own data."""
        user = acting_user()
        form = OwnDataForm(obj=user)
        if request.method == "POST" and form.validate():
            try:
                write(user, lambda: people.update_own(user, changes_of(form)))
            except UserError as error:
                show_error(form, error)
            else:
                flash(gettext("Saved"), "success")
                return redirect(url_for("ProfileView.profile"))
        return self._page(user, form, _notifications_form(user, None))

    @expose("/notifications", methods=["POST"])
    @has_access
    def notifications(self) -> ResponseReturnValue:
        """Store the notification settings."""
        user = acting_user()
        form = NotificationsForm()
        if form.validate():
            try:
                write(user, lambda: preferences.update(user, changes_of(form)))
            except UserError as error:
                show_error(form, error)
            else:
                flash(gettext("Saved"), "success")
                return redirect(url_for("ProfileView.profile", _anchor="notifications"))
        return self._page(user, OwnDataForm(formdata=None, obj=user), form)

    @expose("/password", methods=["GET", "POST"])
    @has_access
    @permission_name("profile")
    def password(self) -> ResponseReturnValue:
        """Change one's own password: other sessions, tokens and sockets end, this session stays."""
        user = acting_user()
        form = OwnPasswordForm()
        if form.validate_on_submit():
            try:
                write(user, lambda: people.change_own_password(user, form.old_password.data, form.password.data))
            except UserError as error:
                show_error(form, error)
            else:
                keep_session(user)
                flash(gettext("Your password is changed. You are signed out everywhere else."), "success")
                return redirect(url_for("ProfileView.profile"))
        return self.render_template(
            self.form_template, title=gettext("Change password"), widgets={"edit": _widget(form)}, related_views=[]
        )

    @expose("/picture", methods=["POST"])
    @has_access
    @permission_name("profile")
    def picture(self) -> ResponseReturnValue:
        """Take a new picture of oneself from the form's file ``picture``, or take it away (``remove``)."""
        user, chosen = acting_user(), request.files.get("picture")
        stream = cast(BinaryIO, chosen.stream) if chosen else None
        try:
            if "remove" in request.form:
                write(user, lambda: people_pictures.remove(user))
                flash(gettext("Your picture is gone"), "success")
            else:
                write(user, lambda: people_pictures.upload(user, stream))
                flash(gettext("Your new picture shows in a moment"), "success")
        except UserError as error:
            flash(error.message, "danger")
        return redirect(url_for("ProfileView.profile"))

    @expose("/data", methods=["GET"])
    @has_access
    @permission_name("profile")
    def data(self) -> ResponseReturnValue:
        """Hand out what is kept about oneself."""
        user = acting_user()
        return as_file(own_data.of(user), f"{user.username}.json")

    def _page(self, user: User, own_form: DynamicForm, notifications_form: DynamicForm) -> ResponseReturnValue:
        return self.render_template(
            self.template,
            title=gettext("Profile"),
            user=user,
            own_form=own_form,
            own_widget=_widget(own_form),
            notifications_form=notifications_form,
            notifications_widget=_widget(notifications_form),
        )


class PictureView(SignedIn, BaseView):  # type: ignore[misc]
    """The people's pictures, for everybody who is signed in."""

    route_base = people_pictures.ADDRESS.rstrip("/")
    default_view = "show"

    @expose("/<name>", methods=["GET"])
    @has_access
    def show(self, name: str) -> ResponseReturnValue:
        """Send a WebP picture of 256 × 256. Raises NotFound."""
        answer = send_file(people_pictures.path_of(name), mimetype="image/webp")
        answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return answer


def _notifications_form(user: User, formdata: Any) -> NotificationsForm:
    return NotificationsForm(formdata=formdata, data=preferences.get(user))


def _widget(form: DynamicForm) -> FormWidget:
    return FormWidget(form=form, include_cols=names_of(form), exclude_cols=[], fieldsets=[])
