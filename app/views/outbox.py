"""The outbox: where admins read the mails that would have been sent if there were a mail server."""

from __future__ import annotations

from flask import Response, abort, current_app, request
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import lazy_gettext

from app.headers import MAIL_POLICY
from app.models.outbox import KeptMail
from app.services import outbox
from app.views.generated.base import SignedIn

PARTS = ("html", "text", "source")


class OutboxView(SignedIn, BaseView):
    """Kept mails, newest first, and one of them as a mail program shows it. Only admins have its permissions."""

    route_base = "/outbox"
    default_view = "list"
    class_permission_name = "OutboxView"
    title = lazy_gettext("Outbox")

    @expose("/")
    @has_access
    def list(self) -> str:
        """Show a page of kept mails (``?page=``, from 1)."""
        page = outbox.page_of_mails(_page_number())
        return str(
            self.render_template(
                "outbox/list.html", title=self.title, page=page, mail_server=current_app.config["MAIL_SERVER"]
            )
        )

    @expose("/<int:mail_id>")
    @has_access
    def show(self, mail_id: int) -> str:
        """Show one mail; ``?part=`` html, text or source."""
        mail = _mail_or_404(mail_id)
        part = request.args.get("part", PARTS[0])
        return str(
            self.render_template(
                "outbox/show.html",
                title=mail.subject,
                mail=mail,
                part=part if part in PARTS else PARTS[0],
                source=mail.raw.decode("utf-8", "replace"),
            )
        )

    @expose("/<int:mail_id>/preview")
    @has_access
    def preview(self, mail_id: int) -> Response:
        """Answer the mail's HTML alone, for the frame on its page."""
        answer = Response(outbox.html_with_images(_mail_or_404(mail_id)), mimetype="text/html")
        answer.headers["Content-Security-Policy"] = MAIL_POLICY
        return answer


def _mail_or_404(mail_id: int) -> KeptMail:
    return outbox.find_mail(mail_id) or abort(404)


def _page_number() -> int:
    asked = request.args.get("page", "1")
    return int(asked) if asked.isdecimal() and len(asked) < 7 else 1
