"""Mails: the list, reading a thread, its files, and answering. What strangers wrote is shown in a frame of its own."""

from __future__ import annotations

import secrets
from typing import BinaryIO, cast

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup
from wtforms import SelectField

from app import access
from app.errors import NotFound, UserError
from app.headers import MAIL_POLICY
from app.models.mailboxes import Mail
from app.security import acting_user
from app.services.limits import limits
from app.services.mails import mail_answers, mail_files, mail_new, mail_receivers, mails
from app.services.mails.mail_files import Upload
from app.services.mails.mail_new import About, Draft
from app.services.mails.mail_receivers import Receivers
from app.views import downloads
from app.views.errors import or_404
from app.views.generated.base import Screen
from app.views.generated.filters import Visible
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface, as_id
from app.views.generated.writing import write

DIRECTION_LABELS = {"incoming": lazy_gettext("Received"), "outgoing": lazy_gettext("Sent")}
KIND_LABELS = {
    "person": lazy_gettext("Person"),
    "automatic": lazy_gettext("Automatic"),
    "bounce": lazy_gettext("Undeliverable"),
    "own": lazy_gettext("Frontdesk's own"),
}
PROBLEMS = {
    "too_large": lazy_gettext("This mail is very large: only its beginning was read, without its files."),
    "cut": lazy_gettext("A part of this mail was too much or broken, and is left out."),
    "unreadable": lazy_gettext("This mail is built in a way that cannot be read safely. Look at it in the mailbox."),
}


def init_app(app: Flask) -> None:
    """Give the cards' templates the words for mails."""
    app.jinja_env.filters.update(mail_title=title, mail_icon=icon, mail_problem=lambda it: str(PROBLEMS.get(it, "")))


def title(mail: Mail) -> str:
    """Return the subject."""
    return mail.subject or gettext("(no subject)")


def icon(mail: Mail) -> Markup:
    """Return the arrow of a mail."""
    name = "send" if mail.direction == "outgoing" else "mail"
    bad = " t-bad" if mail.send_state == "failed" else ""
    return Markup('<svg class="i i-16{}" aria-hidden="true"><use href="#i-{}"/></svg>').format(bad, name)


def _kind(kind: str) -> Markup:
    css = "" if kind == "person" else "fd-chip"
    return Markup('<span class="{}">{}</span>').format(css, KIND_LABELS[kind])


class MailView(Screen):
    """Mails of the mailboxes and clients that a person may see, newest first."""

    datamodel = ScreenInterface(Mail, eager=("contact", "mailbox"), exact=("direction", "kind"))
    base_filters = [["id", Visible, access.visible_mails]]
    base_permissions = ["can_list", "can_show", "can_answer"]
    base_order = ("received_at", "desc")
    list_template = "mails/list.html"
    list_title = lazy_gettext("Mails")
    empty_text = lazy_gettext("Mails show up here once a mailbox is connected.")
    show_title = lazy_gettext("Mail")
    list_columns = ["subject", "from_name", "contact", "direction", "kind", "mailbox", "received_at"]
    phone_columns = ("subject", "received_at", "from_name", "direction")
    show_columns = ["subject"]
    # There is no form: FAB would build one for all columns.
    add_columns = edit_columns = ["subject"]
    search_columns = ["from_address", "from_name", "subject", "contact", "mailbox", "direction", "kind", "received_at"]
    search_form_extra_fields = {
        "direction": SelectField(lazy_gettext("Direction"), choices=list(DIRECTION_LABELS.items()), render_kw=INPUT),
        "kind": SelectField(lazy_gettext("Kind"), choices=list(KIND_LABELS.items()), render_kw=INPUT),
    }
    order_columns = ["received_at"]
    formatters_columns = {"direction": lambda value: str(DIRECTION_LABELS[value]), "kind": _kind}
    label_columns = {
        "from_name": lazy_gettext("From"),
        "from_address": lazy_gettext("Sender's address"),
        "subject": lazy_gettext("Subject"),
        "contact": lazy_gettext("Contact"),
        "direction": lazy_gettext("Direction"),
        "kind": lazy_gettext("Kind"),
        "mailbox": lazy_gettext("Mailbox"),
        "received_at": lazy_gettext("When"),
    }

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> ResponseReturnValue:
        """Show a thread; its notice is read by that."""
        return self._page(self._mail(pk))

    @expose("/answer/<pk>", methods=["POST"])
    @has_access
    @permission_name("answer")
    def answer(self, pk: str) -> ResponseReturnValue:
        """Answer a mail; a refused answer stays in its box."""
        actor, mail = acting_user(), self._mail(pk)
        body, token, cc = (request.form.get(name, "") for name in ("body", "token", "cc"))
        try:
            token = token or secrets.token_hex(8)
            made = write(actor, lambda: mail_answers.answer(actor, mail, body, token, _uploads(), cc))
        except UserError as error:
            return self._page(mail, body, error, cc)
        return redirect(url_for("MailView.show", pk=made.id) + f"#mail-{made.id}")

    @expose("/body/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def body(self, pk: str) -> ResponseReturnValue:
        """Answer a mail's HTML alone, cleaned, for the frame on its page."""
        mail = self._mail(pk)
        page = render_template("mails/frame.html", html=Markup(mails.html_of(mail)))  # noqa: S704 - cleaned when it came
        answer = Response(page, mimetype="text/html")
        answer.headers["Content-Security-Policy"] = MAIL_POLICY
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cache-Control"] = "private, no-store"
        return answer

    @expose("/file/<pk>/<file_pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def file(self, pk: str, file_pk: str) -> ResponseReturnValue:
        """Answer a file of a mail, always as a download."""
        return or_404(
            lambda: downloads.download(access.access_mail_file(acting_user(), as_id(pk) or 0, as_id(file_pk) or 0))
        )

    def _mail(self, pk: str) -> Mail:
        return or_404(lambda: access.access_mail(acting_user(), as_id(pk, 63) or 0))

    def _page(
        self, mail: Mail, body: str = "", error: UserError | None = None, cc: str | None = None
    ) -> ResponseReturnValue:
        viewer = acting_user()
        letters = mails.thread_of(viewer, mail)
        if mail.contact is not None or mail.lead is not None:
            limits.count_items(viewer, 1)
        write(viewer, lambda: mails.seen(viewer, mail))
        # An answer goes to the newest that can be answered.
        target = next(
            (one.mail for one in reversed(letters) if one.may_answer and one.mail.direction == "incoming"), None
        )
        target = target or next((one.mail for one in reversed(letters) if one.may_answer), None)
        receivers = mail_receivers.of_answer(target) if target else Receivers()
        if request.method == "GET":
            self.update_redirect()
        return self.render_template(
            "mails/show.html",
            title=title(mail),
            mail=mail,
            letters=letters,
            target=target,
            receiver=receivers.to_line,
            cc=receivers.cc_line if cc is None else cc,
            body=body,
            error=error,
            token=secrets.token_hex(8),
            max_files=mail_files.MOST_FILES,
            max_bytes=mail_files.MOST_BYTES,
        )

    @expose("/write", methods=["GET", "POST"])
    @has_access
    @permission_name("answer")
    def write_mail(self) -> ResponseReturnValue:
        """Write a mail that answers none; a refused one stays as it was typed."""
        actor = acting_user()
        try:
            card = mail_new.about(
                actor,
                contact_id=_number("contact"),
                lead_id=_number("lead"),
                company_id=_number("company"),
            )
        except NotFound:
            abort(404)
        if request.method == "GET":
            draft = Draft(to=card.suggested[0][1] if card.suggested and card.company is None else "")
            return self._write_page(card, draft, None)
        form = request.form
        draft = Draft(
            mailbox_id=as_id(form.get("mailbox", "")),
            to=form.get("to", ""),
            cc=form.get("cc", ""),
            subject=form.get("subject", ""),
            body=form.get("body", ""),
            files=_uploads(),
        )
        token = form.get("token") or secrets.token_hex(8)
        try:
            made = write(actor, lambda: mail_new.send(actor, draft, card, token))
        except UserError as error:
            return self._write_page(card, draft, error)
        return redirect(url_for("MailView.show", pk=made.id))

    def _write_page(self, card: About, draft: Draft, error: UserError | None) -> ResponseReturnValue:
        viewer = acting_user()
        shown = len(card.suggested) or (1 if card.lead or card.contact or card.company else 0)
        if shown:
            limits.count_items(viewer, shown)
        return self.render_template(
            "mails/write.html",
            title=gettext("Write a mail"),
            card=card,
            draft=draft,
            error=error,
            senders=mail_new.senders(viewer),
            token=secrets.token_hex(8),
            max_files=mail_files.MOST_FILES,
            max_bytes=mail_files.MOST_BYTES,
        )


def _number(name: str) -> int:
    return as_id(request.args.get(name, "")) or 0


def _uploads() -> list[Upload]:
    """The chosen files; a browser sends an empty one where none was chosen."""
    return [
        Upload(file.filename or "", cast(BinaryIO, file.stream))
        for file in request.files.getlist("files")
        if file.filename
    ]
