"""`/unsubscribe/…`: one click ends mails of one kind (RFC 8058). No login: the signed link is the proof.

GET shows a button and changes nothing, since mail programs and scanners follow links; only POST acts.
"""

from __future__ import annotations

from flask import Blueprint, Flask, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import UserError
from app.extensions import csrf, db
from app.services.settings import unsubscribe
from app.transaction import transaction

blueprint = Blueprint("unsubscribe", __name__)


def init_app(app: Flask) -> None:
    """Add the address; the providers' one-click POST carries neither cookie nor CSRF token."""
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)


@blueprint.get("/unsubscribe/<string:token>")
def ask(token: str) -> ResponseReturnValue:
    """Show what would be stopped, and the button that does it."""
    try:
        link = unsubscribe.read(token)
    except UserError as error:
        return _page(error=error), error.status
    return _page(link=link)


@blueprint.post("/unsubscribe/<string:token>")
def act(token: str) -> ResponseReturnValue:
    """Stop it; with the form field ``undo``, put it back."""
    try:
        link = unsubscribe.read(token)
        with transaction(link.user.id):
            undo = request.form.get("undo")
            if undo:
                unsubscribe.undo(link, undo)
                return _page(link=link, undone=True)
            return _page(link=link, stopped=True, undo=unsubscribe.stop(link))
    except UserError as error:
        db.session.rollback()
        return _page(error=error), error.status


def _page(**values: object) -> str:
    return render_template("unsubscribe.html", **values)
