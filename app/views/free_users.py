"""The list of free users: accounts without a seat, which admins promote to staff."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from wtforms import EmailField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.errors import UserError
from app.extensions import db
from app.models.people import Role, RoleName, User
from app.security import acting_user
from app.services.people import invitations, people
from app.views.generated.filters import Where
from app.views.generated.form_values import changes_of, show_error
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface, as_id
from app.views.generated.writing import write
from app.views.users import PersonScreen, is_free_condition


class InviteForm(DynamicForm):  # type: ignore[misc]
    """Whom to ask; the person chooses name and password."""

    email = EmailField(lazy_gettext("Email"), [InputRequired(), Length(max=254)], render_kw=INPUT)
    first_name = StringField(lazy_gettext("First name"), [Length(max=64)], render_kw=INPUT)
    last_name = StringField(lazy_gettext("Last name"), [Length(max=64)], render_kw=INPUT)
    message = TextAreaField(
        lazy_gettext("Message"),
        [Length(max=500)],
        description=lazy_gettext("Shown in the mail. The link in it works once, for two weeks."),
        render_kw={**INPUT, "rows": 3},
    )


class FreeUserView(PersonScreen):
    """People who have their profile and their chats, and nothing else."""

    datamodel = ScreenInterface(User, eager=("roles", "groups"))
    base_filters = [["id", Where, is_free_condition]]
    list_title = lazy_gettext("Free users")
    show_title = lazy_gettext("Free user")
    add_title = lazy_gettext("Add free user")
    edit_title = lazy_gettext("Edit free user")
    list_columns = ["get_full_name", "username", "email", "groups", "active", "last_login"]
    list_template = "people/free_users.html"
    add_columns = ["first_name", "last_name", "username", "email", "phone", "zone", "groups", "password", "again"]
    edit_columns = ["first_name", "last_name", "username", "email", "phone", "zone", "groups"]

    def write_add(self, actor: User, changes: dict[str, Any]) -> User:
        """Add by the service, as a free user."""
        role = db.session.scalars(select(Role).where(Role.name == RoleName.FREE)).one()
        return super().write_add(actor, {**changes, "role_ids": [role.id]})

    def _list(self) -> dict[str, Any]:
        widgets: dict[str, Any] = super()._list()
        waiting = invitations.waiting(acting_user())
        widgets["invited"] = waiting
        widgets["expired"] = {one.id for one in waiting if invitations.is_expired(one)}
        return widgets

    @expose("/invite", methods=["GET", "POST"])
    @has_access
    @permission_name("add")
    def invite(self) -> ResponseReturnValue:
        """Invite somebody by mail."""
        form, actor = InviteForm(), acting_user()
        if form.validate_on_submit():
            try:
                write(actor, lambda: invitations.invite(actor, changes_of(form)))
            except UserError as error:
                show_error(form, error)
            else:
                flash(gettext("%(email)s is invited", email=form.email.data), "success")
                return redirect(url_for("FreeUserView.list"))
        return self.form_page(form, gettext("Invite a free user"), gettext("Send the invitation"))

    @expose("/invite/<invitation_pk>/again", methods=["POST"])
    @has_access
    @permission_name("add")
    def invite_again(self, invitation_pk: str) -> ResponseReturnValue:
        """Send an invitation again; the link from before ends."""
        return self._with_invitation(invitation_pk, invitations.send_again, gettext("Sent again"))

    @expose("/invite/<invitation_pk>/withdraw", methods=["POST"])
    @has_access
    @permission_name("add")
    def invite_withdraw(self, invitation_pk: str) -> ResponseReturnValue:
        """End an invitation."""
        return self._with_invitation(invitation_pk, invitations.withdraw, gettext("The invitation is withdrawn"))

    def _with_invitation(self, pk: str, service: Any, done: str) -> ResponseReturnValue:
        actor = acting_user()
        try:
            found = invitations.find(actor, as_id(pk) or 0)
            write(actor, lambda: service(actor, found))
        except UserError as error:
            if error.status == 404:
                abort(404)
            flash(error.message, "danger")
        else:
            flash(done, "success")
        return redirect(url_for("FreeUserView.list"))

    @action("promote", lazy_gettext("Make a staff member"), lazy_gettext("Give this person staff's rights?"), icon="up")
    def promote(self, items: Any) -> ResponseReturnValue:
        """Turn free users into staff."""
        return self.moved_on(items, people.promote, gettext("Staff members now"), "UserView")
