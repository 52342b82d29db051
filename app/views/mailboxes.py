"""The screen of mailboxes: admins see all, the others their own and those of their groups."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup, escape
from wtforms import Form, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app import access
from app.extensions import db
from app.integrations import mailbox as imap_mailbox
from app.integrations.mailbox_connection import MailboxProblem
from app.models.mailboxes import Mailbox
from app.moments import when
from app.security import acting_user
from app.services.mails import mailbox_health, mailboxes
from app.services.mails.mailbox_health import Problem
from app.views.generated.base import Screen
from app.views.generated.filters import Visible
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface
from app.views.generated.writing import write

SECURITIES = (
    ("tls", lazy_gettext("TLS (usual)")),
    ("starttls", lazy_gettext("STARTTLS")),
    ("none", lazy_gettext("None: only inside your own network")),
)
FIRST = (
    (0, lazy_gettext("Only what comes from now on")),
    (14, lazy_gettext("The last 14 days")),
    (90, lazy_gettext("The last 90 days")),
    (365, lazy_gettext("The last year")),
    (3650, lazy_gettext("The last ten years")),
)
# What only admins decide.
FOR_ADMINS = ("owner", "group")


def state_of(mailbox: Mailbox) -> Markup:
    """Show how a mailbox's connection is."""
    state = mailbox.state
    if not mailbox.active:
        return Markup('<span class="fd-chip">{}</span>').format(gettext("Switched off"))
    if state is None or (state.last_ok_at is None and state.failing_since is None):
        return Markup('<span class="fd-chip">{}</span>').format(gettext("Waits for its first connection"))
    if state.failing_since is not None:
        return Markup('<span class="fd-chip fd-chip--bad">{}</span>').format(gettext("Cannot be read"))
    return Markup('<span class="fd-chip fd-chip--ok">{}</span>').format(gettext("Works"))


def server(host: str | None) -> Markup:
    """Show a host."""
    return Markup("<code>{}</code>").format(host) if host else escape(gettext("The account's own mail server"))


def _port(label: Any, default: int) -> IntegerField:
    return IntegerField(label, [InputRequired(), NumberRange(1, 65535)], default=default, render_kw=INPUT)


def _line(label: Any, longest: int, description: Any) -> StringField:
    return StringField(label, [Optional(), Length(max=longest)], description=description, render_kw=INPUT)


def _security(label: Any) -> SelectField:
    return SelectField(label, choices=SECURITIES, render_kw=INPUT)


def _password(description: Any, *validators: Any) -> PasswordField:
    keywords = {**INPUT, "autocomplete": "new-password"}
    return PasswordField(lazy_gettext("Password"), [*validators], description=description, render_kw=keywords)


def _fields(password: PasswordField) -> dict[str, Any]:
    return {
        "name": _line(lazy_gettext("Name"), 60, lazy_gettext("Empty: the address")),
        "username": _line(lazy_gettext("User name"), 254, lazy_gettext("Empty: the address")),
        "imap_port": _port(lazy_gettext("Port"), 993),
        "imap_security": _security(lazy_gettext("Security")),
        "smtp_port": _port(lazy_gettext("Port for answers"), 465),
        "smtp_security": _security(lazy_gettext("Security for answers")),
        "password": password,
        "first_days": SelectField(
            lazy_gettext("First reading"),
            choices=FIRST,
            coerce=int,
            default=14,
            description=lazy_gettext("What is there already is kept with its clients; nobody is told of it"),
            render_kw=INPUT,
        ),
    }


class MailboxView(Screen):
    """Mailboxes."""

    datamodel = ScreenInterface(Mailbox, eager=("owner", "group", "state"))
    service = mailboxes
    base_filters = [["id", Visible, access.visible_mailboxes]]
    base_order = ("id", "asc")
    show_template = "mailboxes/show.html"
    shows_added = True
    list_title = lazy_gettext("Mailboxes")
    show_title = lazy_gettext("Mailbox")
    add_title = lazy_gettext("Connect mailbox")
    edit_title = lazy_gettext("Edit mailbox")
    list_columns = ["name", "address", "connection", "owner", "group", "makes_leads"]
    show_columns = [
        "name",
        "address",
        "owner",
        "group",
        "imap_host",
        "imap_port",
        "imap_security",
        "username",
        "smtp_host",
        "smtp_port",
        "smtp_security",
        "sent_folder",
        "copies_sent",
        "makes_leads",
        "shares",
        "active",
    ]
    add_columns = [
        "address",
        "name",
        "owner",
        "group",
        "imap_host",
        "imap_port",
        "imap_security",
        "username",
        "password",
        "smtp_host",
        "smtp_port",
        "smtp_security",
        "first_days",
        "sent_folder",
        "copies_sent",
        "makes_leads",
        "shares",
        "active",
    ]
    edit_columns = [column for column in add_columns if column != "first_days"]
    search_columns = ["name", "address", "owner", "group", "active"]
    order_columns = ["name"]
    sort_columns = {"name": "sort_key"}
    formatters_columns = {
        "connection": state_of,
        # A port is a name, no amount.
        "imap_port": str,
        "smtp_port": str,
        "imap_host": server,
        "smtp_host": server,
        "imap_security": lambda value: str(dict(SECURITIES)[value]),
        "smtp_security": lambda value: str(dict(SECURITIES)[value]),
    }
    add_form_extra_fields = _fields(
        _password(
            lazy_gettext("Kept encrypted, and never shown again. Often one made for this program only"), InputRequired()
        )
    )
    edit_form_extra_fields = _fields(_password(lazy_gettext("Empty: the one that is stored"), Optional()))
    label_columns = {
        "name": lazy_gettext("Name"),
        "address": lazy_gettext("Address"),
        "connection": lazy_gettext("State"),
        "owner": lazy_gettext("Whose it is"),
        "group": lazy_gettext("Shared by the group"),
        "imap_host": lazy_gettext("IMAP host"),
        "imap_port": lazy_gettext("Port"),
        "imap_security": lazy_gettext("Security"),
        "username": lazy_gettext("User name"),
        "smtp_host": lazy_gettext("SMTP host for answers"),
        "smtp_port": lazy_gettext("Port for answers"),
        "smtp_security": lazy_gettext("Security for answers"),
        "sent_folder": lazy_gettext("Folder of what was sent"),
        "copies_sent": lazy_gettext("Copy what is sent here into that folder"),
        "makes_leads": lazy_gettext("Unknown senders become leads"),
        "shares": lazy_gettext("Colleagues see its mails on their clients' cards"),
        "active": lazy_gettext("Is read"),
    }
    description_columns = {
        "owner": lazy_gettext("A person who is told of its mails …"),
        "group": lazy_gettext("… or a group whose members are"),
        "imap_host": lazy_gettext("Like imap.example.com"),
        "smtp_host": lazy_gettext("Like smtp.example.com. Empty: answers leave by the account's own mail server"),
        "sent_folder": lazy_gettext("Like Sent: mails that were written elsewhere appear on the cards too"),
        "copies_sent": lazy_gettext(
            "Into the folder that the mailbox itself calls that of sent mails, where none is named"
            " above. Off where the provider does it by itself, as Gmail does"
        ),
    }

    def _init_forms(self) -> None:
        super()._init_forms()
        self.add_form, self.edit_form = _without_admins_fields(self.add_form), _without_admins_fields(self.edit_form)

    def _get_add_widget(self, form: Form, exclude_cols: Any = None, widgets: Any = None) -> dict[str, Any]:
        return dict(super()._get_add_widget(form, _missing(form), widgets))

    def _get_edit_widget(self, form: Form, exclude_cols: Any = None, widgets: Any = None) -> dict[str, Any]:
        return dict(super()._get_edit_widget(form, _missing(form), widgets))

    def prefill_add(self, form: Form) -> None:
        """Suggest what most mailboxes are."""
        form.copies_sent.data = form.shares.data = form.active.data = True

    def may_edit(self, item: Mailbox) -> bool:
        """Whether it is one's own, or one is an admin."""
        return mailboxes.may_change(acting_user(), item)

    def render_template(self, template: str, **kwargs: Any) -> str:
        """Show how the connection is below a mailbox."""
        if template == self.show_template:
            mailbox = self.item_or_404((request.view_args or {}).get("pk"))
            kwargs |= {"mailbox": mailbox, "state": mailbox.state, "may_edit": self.may_edit(mailbox)}
            kwargs |= {"chip": state_of(mailbox), "when": when}
        return str(super().render_template(template, **kwargs))

    @expose("/test/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def test(self, pk: str) -> ResponseReturnValue:
        """Connect as the listener does; what is wrong is told with field and cure. Nothing is open meanwhile."""
        mailbox = self.item_or_404(pk)
        if not self.may_edit(mailbox):
            abort(403)
        mailbox_id, problem = mailbox.id, None
        try:
            account = mailboxes.account_of(mailbox)
            db.session.rollback()
            imap_mailbox.test(account)
        except LookupError:
            what = "The password cannot be decrypted: ENCRYPTION_KEY was changed"
            problem = Problem("password", what, "Enter the password again", lasting=True)
        except MailboxProblem as error:
            problem = error.problem
        if problem is None:
            mailbox_health.worked(mailbox_id)
            flash(gettext("It works: mails are read, and answers can be sent"), "success")
        else:
            if problem.field == "smtp_host":
                # It can be read: the listener need not wait for its next try.
                write(acting_user(), lambda: mailbox_health.try_again(mailbox_id))
            flash(f"{self.label_columns.get(problem.field, problem.field)}: {problem.text}", "danger")
        return redirect(url_for("MailboxView.show", pk=mailbox_id))


def _missing(form: Form) -> list[str]:
    return [name for name in FOR_ADMINS if name not in form]


def _without_admins_fields(form: Any) -> Any:
    """Wrap a form's class: who is no admin has no choice of whose mailbox it is."""

    def made(*arguments: Any, **keywords: Any) -> Form:
        built = form(*arguments, **keywords)
        if not access.is_admin(acting_user()):
            for name in FOR_ADMINS:
                del built[name]
        return built

    return made
