"""The users' screen. Only admins have its permissions, and the services behind it refuse everybody else too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from sqlalchemy import ColumnElement
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Optional

from app.errors import UserError
from app.models.people import Group, Role, RoleName, User, full_name
from app.security import acting_user
from app.services.people import own_data, passwords, people, person_history, signin
from app.views.generated.base import Screen
from app.views.generated.filters import Where
from app.views.generated.form_values import names_of, show_error
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface
from app.views.generated.writing import write
from app.views.hand_overs import HandingOver, history_of
from app.views.two_step import TwoStepReset

_NEW_PASSWORD = {**INPUT, "autocomplete": "new-password"}


def is_free_condition() -> ColumnElement[bool]:
    """Condition: limited accounts, as :func:`app.access.is_free` tells them."""
    stronger = Role.name != RoleName.FREE
    return ~(User.roles.any(stronger) | User.groups.any(Group.roles.any(stronger)))


def is_member_condition() -> ColumnElement[bool]:
    """Condition: everybody else."""
    return ~is_free_condition()


def password_fields(*, needed: bool = True) -> dict[str, PasswordField]:
    """Two fields, so that a typing error is found before the account is closed by it."""
    about = lazy_gettext("At least %(count)s characters", count=passwords.SHORTEST)
    by_mail = lazy_gettext("Empty: a mail with a link to choose one is sent")
    return {
        "password": PasswordField(
            lazy_gettext("Password"),
            [InputRequired() if needed else Optional(), Length(max=passwords.LONGEST)],
            description=about if needed else by_mail,
            render_kw=_NEW_PASSWORD,
        ),
        "again": PasswordField(
            lazy_gettext("Password again"),
            [EqualTo("password", lazy_gettext("The passwords differ"))],
            render_kw=_NEW_PASSWORD,
        ),
    }


class ReasonForm(DynamicForm):  # type: ignore[misc]
    """Why somebody is deactivated; the login page says so."""

    deactivated_reason = StringField(lazy_gettext("Reason"), [InputRequired(), Length(max=300)], render_kw=INPUT)


class AgainForm(DynamicForm):  # type: ignore[misc]
    """Why somebody is let in again; kept in the history of the account."""

    reason = StringField(lazy_gettext("Reason"), [Length(max=300)], render_kw=INPUT)


class PasswordForm(DynamicForm):  # type: ignore[misc]
    """A new password for somebody else."""

    password = password_fields()["password"]
    again = password_fields()["again"]


class PersonScreen(HandingOver, Screen):
    """What the lists of users and of free users share."""

    exclude_route_methods = {"download", "delete"}
    base_order = ("username", "asc")
    edit_template = "appbuilder/general/model/edit.html"
    show_template = "people/person.html"
    list_columns = ["get_full_name", "username", "email", "roles", "groups", "active", "last_login"]
    show_columns = [
        "get_full_name",
        "username",
        "email",
        "phone",
        "roles",
        "groups",
        "zone",
        "active",
        "deactivated_at",
        "deactivated_reason",
        "last_login",
        "created_on",
    ]
    add_columns = [
        "first_name",
        "last_name",
        "username",
        "email",
        "phone",
        "zone",
        "roles",
        "groups",
        "password",
        "again",
    ]
    edit_columns = ["first_name", "last_name", "username", "email", "phone", "zone", "roles", "groups"]
    search_columns = ["first_name", "last_name", "username", "email", "active", "roles", "groups"]
    order_columns = ["username", "email", "last_login", "active"]
    add_form_extra_fields = password_fields(needed=False)
    label_columns = {
        "get_full_name": lazy_gettext("Name"),
        "first_name": lazy_gettext("First name"),
        "last_name": lazy_gettext("Last name"),
        "username": lazy_gettext("User name"),
        "email": lazy_gettext("Email"),
        "phone": lazy_gettext("Phone"),
        "zone": lazy_gettext("Time zone"),
        "roles": lazy_gettext("Roles"),
        "groups": lazy_gettext("User groups"),
        "active": lazy_gettext("Active"),
        "deactivated_at": lazy_gettext("Deactivated"),
        "deactivated_reason": lazy_gettext("Reason"),
        "last_login": lazy_gettext("Last sign-in"),
        "created_on": lazy_gettext("Created"),
    }

    def offers(self, what: str, row: Mapping[str, Any]) -> bool:
        """Offer to let in only who is out, and the other way round."""
        out = not row["active"]
        return {"reactivate": out, "to_reactivate": out, "erase": out, "to_deactivate": row["active"]}.get(what, True)

    def _show(self, pk: object) -> dict[str, Any]:
        widgets = super()._show(pk)
        user = self.item_or_404(pk)
        widgets["about"] = history_of(user) | {"history": person_history.of(user), "free": user.limited}
        return widgets

    def _init_properties(self) -> None:
        super()._init_properties()
        self.list_columns = [name for name in self.list_columns if name != "id"]

    def write_add(self, actor: User, changes: dict[str, Any]) -> User:
        """Add by the service."""
        changes.pop("again")
        return people.create_user(actor, changes)

    def _add(self) -> dict[str, Any] | None:
        widgets: dict[str, Any] | None = super()._add()
        if widgets is None and not request.form.get("password"):
            email = request.form.get("email", "").strip()
            flash(gettext("A mail with a link to choose a password goes to %(email)s", email=email), "info")
        return widgets

    def write_edit(self, actor: User, item: User, changes: dict[str, Any]) -> None:
        """Change by the service."""
        people.update_user(actor, item, changes)

    @expose("/deactivate/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def deactivate(self, pk: str) -> ResponseReturnValue:
        """Ask for the reason, then deactivate: users are never deleted."""
        user = self.item_or_404(pk)
        form = ReasonForm()
        if form.validate_on_submit():
            actor = acting_user()
            try:
                write(actor, lambda: people.deactivate(actor, user, form.deactivated_reason.data))
            except UserError as error:
                error.field = "deactivated_reason"  # the page's only field
                show_error(form, error)
            else:
                flash(gettext("%(name)s is deactivated", name=full_name(user)), "success")
                return redirect(url_for(f"{self.endpoint}.show", pk=pk))
        return self.form_page(form, gettext("Deactivate %(name)s", name=full_name(user)), gettext("Deactivate"))

    @expose("/reactivate/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def let_in(self, pk: str) -> ResponseReturnValue:
        """Ask for the reason, then let somebody in again."""
        user, form = self.item_or_404(pk), AgainForm()
        if form.validate_on_submit():
            actor = acting_user()
            try:
                write(actor, lambda: people.reactivate(actor, user, form.reason.data))
            except UserError as error:
                error.field = "reason"
                show_error(form, error)
            else:
                flash(gettext("%(name)s is active again", name=full_name(user)), "success")
                return redirect(url_for(f"{self.endpoint}.show", pk=pk))
        return self.form_page(form, gettext("Reactivate %(name)s", name=full_name(user)), gettext("Reactivate"))

    @expose("/password/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def password(self, pk: str) -> ResponseReturnValue:
        """Give somebody a new password; all sessions of that person end."""
        user = self.item_or_404(pk)
        form = PasswordForm()
        if form.validate_on_submit():
            actor = acting_user()
            try:
                write(actor, lambda: people.set_password(actor, user, form.password.data))
            except UserError as error:
                show_error(form, error)
            else:
                signin.forget_failures(user)
                flash(gettext("%(name)s has a new password", name=full_name(user)), "success")
                return redirect(url_for(f"{self.endpoint}.show", pk=pk))
        return self.form_page(form, gettext("New password for %(name)s", name=full_name(user)))

    def form_page(self, form: DynamicForm, title: str, submit: str = "") -> ResponseReturnValue:
        """Render a form of this screen that is not about a whole record."""
        widget = self.edit_widget(form=form, include_cols=names_of(form), exclude_cols=[], fieldsets=[])
        return self.render_template(  # type: ignore[no-any-return]
            self.edit_template, title=title, widgets={"edit": widget}, related_views=[], submit_label=submit
        )

    def moved_on(self, items: Any, service: Any, done: str, endpoint: str) -> ResponseReturnValue:
        """Run an action after which one person is on the other screen: their page goes along, a list stays."""
        pk = None if isinstance(items, Sequence) else items.id
        answer = self.run_action(items, service, done)
        if pk is not None and "/show/" in self.came_from() and self.datamodel.get(pk, self._base_filters) is None:
            return redirect(url_for(f"{endpoint}.show", pk=pk))
        return answer

    @action("to_reactivate", lazy_gettext("Reactivate"), icon="refresh", multiple=False)
    def to_reactivate(self, item: User) -> ResponseReturnValue:
        """Lead to the page that asks for the reason."""
        return redirect(url_for(f"{self.endpoint}.let_in", pk=item.id))

    @action("to_deactivate", lazy_gettext("Deactivate"), icon="pause", multiple=False)
    def to_deactivate(self, item: User) -> ResponseReturnValue:
        """Lead to the page that asks for the reason."""
        return redirect(url_for(f"{self.endpoint}.deactivate", pk=item.id))

    @action(
        "reactivate",
        lazy_gettext("Reactivate"),
        lazy_gettext("Let these people in again?"),
        icon="refresh",
        single=False,
    )
    def reactivate(self, items: Any) -> ResponseReturnValue:
        """Let people in again."""
        return self.run_action(items, people.reactivate, gettext("Reactivated"))

    @action("to_password", lazy_gettext("New password"), icon="lock", multiple=False)
    def to_password(self, item: User) -> ResponseReturnValue:
        """Lead to the page for a new password."""
        return redirect(url_for(f"{self.endpoint}.password", pk=item.id))

    @action(
        "erase",
        lazy_gettext("Erase personal data"),
        lazy_gettext("Forget this person's name, address, settings and notices? It cannot be undone."),
        icon="trash",
        multiple=False,
    )
    def erase(self, item: User) -> ResponseReturnValue:
        """Make a deactivated person nobody; what the person wrote to others stays."""
        return self.run_action(item, own_data.erase, gettext("Erased"))


class UserView(TwoStepReset, PersonScreen):
    """Admins, managers, staff, and whoever has a role that admins made."""

    datamodel = ScreenInterface(User, eager=("roles", "groups"))
    base_filters = [["id", Where, is_member_condition]]
    list_title = lazy_gettext("Users")
    show_title = lazy_gettext("User")
    add_title = lazy_gettext("Add user")
    edit_title = lazy_gettext("Edit user")

    @action(
        "demote", lazy_gettext("Make a free user"), lazy_gettext("Only profile and center stay open. Go on?"), icon="dn"
    )
    def demote(self, items: Any) -> ResponseReturnValue:
        """Turn people into free users."""
        return self.moved_on(items, people.demote, gettext("Free users now"), "FreeUserView")
