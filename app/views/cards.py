"""The card of a lead, contact or company: fields, notes, timeline, tasks and what hangs on it."""

from __future__ import annotations

from flask import abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext

from app.errors import UserError
from app.security import acting_user
from app.services.limits import limits
from app.services.records import card_chats, cards, notes
from app.services.records.history import subject_of
from app.views.exports import Exporting
from app.views.generated.interface import as_id
from app.views.generated.saved_views import SavedViews
from app.views.generated.undo import Undoable
from app.views.generated.versions import Versioned
from app.views.generated.writing import write
from app.views.record_actions import RecordActions
from app.views.records import RecordScreen


class CardScreen(Versioned, Undoable, Exporting, SavedViews, RecordActions, RecordScreen):
    """A screen whose records have cards."""

    show_template = "crm/card.html"

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> ResponseReturnValue:
        """Show the card."""
        return self.card_page(pk)

    @expose("/note/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def note(self, pk: str) -> ResponseReturnValue:
        """Write a note; a refused one stays in its box."""
        item, actor, body = self.item_or_404(pk), acting_user(), request.form.get("body", "")
        try:
            write(actor, lambda: notes.add(actor, subject_of(item), body))
        except UserError as error:
            return self.card_page(pk, note=body, note_error=error.message)
        return redirect(url_for(f"{self.endpoint}.show", pk=item.id) + "#notes")

    @expose("/note/<pk>/delete/<note_pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def delete_note(self, pk: str, note_pk: str) -> ResponseReturnValue:
        """Delete one's own note."""
        item, actor, note_id = self.item_or_404(pk), acting_user(), as_id(note_pk)
        if note_id is None:
            abort(404)
        try:
            write(actor, lambda: notes.delete(actor, subject_of(item), note_id))
        except UserError as error:
            if error.status == 404:
                abort(404)
            flash(error.message, "danger")
        else:
            flash(gettext("Note deleted"), "success")
        return redirect(url_for(f"{self.endpoint}.show", pk=item.id) + "#notes")

    @expose("/chat/<pk>", methods=["POST"])
    @has_access
    @permission_name("show")
    def chat(self, pk: str) -> ResponseReturnValue:
        """Open the card's internal chat and return its id."""
        item, actor = self.item_or_404(pk), acting_user()
        return jsonify({"id": write(actor, lambda: card_chats.open_chat(actor, item))})

    @expose("/share/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def share(self, pk: str) -> ResponseReturnValue:
        """Share the card with a colleague."""
        item, actor = self.item_or_404(pk), acting_user()
        user_id, answer = as_id(request.form.get("user", "")), request.form.get("answer") == "1"
        try:
            write(actor, lambda: card_chats.share(actor, item, user_id, answer=answer))
        except UserError as error:
            flash(error.message, "danger")
        else:
            flash(gettext("Shared"), "success")
        return redirect(url_for(f"{self.endpoint}.show", pk=item.id) + "#shared")

    @expose("/unshare/<pk>/<user_pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def unshare(self, pk: str, user_pk: str) -> ResponseReturnValue:
        """Take a share back."""
        item, actor, user_id = self.item_or_404(pk), acting_user(), as_id(user_pk)
        try:
            write(actor, lambda: card_chats.unshare(actor, item, user_id or 0))
        except UserError:
            abort(404)
        flash(gettext("No longer shared"), "success")
        return redirect(url_for(f"{self.endpoint}.show", pk=item.id) + "#shared")

    def card_page(self, pk: str, note: str = "", note_error: str = "") -> ResponseReturnValue:
        """Render the card, with a note that was refused."""
        viewer, item = acting_user(), self.item_or_404(pk)
        before = as_id(request.args.get("before", ""), 63)
        card = cards.card_of(viewer, item, before)
        limits.count_record(viewer, item, (*card.tasks, *card.leads, *card.contacts))
        widgets = self._get_show_widget(item.id, item)
        if request.method == "GET":
            self.update_redirect()
        return self.render_template(
            self.show_template,
            pk=item.id,
            title=self.show_title,
            widgets=widgets,
            related_views=(),
            card=card,
            before=before,
            note=note,
            note_error=note_error,
        )
