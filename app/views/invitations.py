"""Where the link of an invitation leads: a free user gives name and password, once."""

from __future__ import annotations

from flask import abort, flash, request, url_for
from flask import redirect as go_to
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.views import BaseFormView
from flask_babel import gettext, lazy_gettext
from flask_login import current_user
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.errors import UserError
from app.models.people import full_name
from app.security import start_session
from app.services.people import invitations
from app.transaction import transaction
from app.views.generated.form_values import changes_of, show_error
from app.views.generated.forms import INPUT, ZoneField
from app.views.login import login_limits
from app.views.users import password_fields


class AcceptForm(DynamicForm):  # type: ignore[misc]
    """Who comes; the address is the invited one."""

    first_name = StringField(lazy_gettext("First name"), [InputRequired(), Length(max=64)], render_kw=INPUT)
    last_name = StringField(lazy_gettext("Last name"), [InputRequired(), Length(max=64)], render_kw=INPUT)
    username = StringField(lazy_gettext("User name"), [InputRequired(), Length(max=64)], render_kw=INPUT)
    password = password_fields()["password"]
    again = password_fields()["again"]
    zone = ZoneField(lazy_gettext("Time zone"))


class InvitationView(BaseFormView):  # type: ignore[misc]
    """Open to strangers: the signed link is the proof. A limit per address keeps guessing slow."""

    route_base = "/invitation"
    default_view = "accept"
    form = AcceptForm
    form_title = lazy_gettext("Join as a free user")

    def __init__(self) -> None:
        super().__init__()
        self.limits = login_limits()

    @expose("/<token>", methods=["GET", "POST"])
    @no_cache
    def accept(self, token: str) -> ResponseReturnValue:
        """Make the account and sign in; 404 for a link that is not ours, 410 with the reason for a dead one."""
        invitation = invitations.of_token(token)
        if invitation is None:
            abort(404)
        if reason := invitations.why_closed(invitation, token):
            return self._closed(reason)
        if current_user.is_authenticated:
            return self._closed(gettext("You are signed in already. Sign out first, then follow the link again."))
        form = self.form()
        if form.validate_on_submit():
            changes = changes_of(form)
            changes.pop("again")
            try:
                with transaction():
                    user = invitations.accept(token, changes)
            except UserError as error:
                if error.code == "closed":
                    return self._closed(error.message)
                show_error(form, error)
            else:
                start_session(user)
                flash(gettext("Welcome! Here you find your chats and what is shared with you."), "success")
                return go_to(url_for("CenterView.page"))
        elif request.method == "GET":
            form.first_name.data, form.last_name.data = invitation.first_name, invitation.last_name
            form.username.data = invitation.email.partition("@")[0].lower()
        by = full_name(invitation.invited_by) if invitation.invited_by else gettext("An admin")
        words = gettext("%(name)s invited %(email)s.", name=by, email=invitation.email)
        sees = gettext("You will see your own profile, chats, and what colleagues share with you.")
        return self.render_template(  # type: ignore[no-any-return]
            "people/own_form.html",
            title=self.form_title,
            lead=f"{words} {sees}",
            form=form,
            submit_label=gettext("Join"),
        )

    def _closed(self, reason: str) -> ResponseReturnValue:
        page = self.render_template("people/invitation_closed.html", title=gettext("Invitation"), message=reason)
        return page, 410
