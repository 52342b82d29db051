"""The screen of saved answers: one's own, and those that everybody shares."""

from __future__ import annotations

from flask_babel import lazy_gettext

from app import access
from app.models.answers import SavedAnswer
from app.security import acting_user
from app.services.clients import saved_answers
from app.views.generated.base import Screen
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface


class SavedAnswerView(Screen):
    """Saved answers."""

    datamodel = ScreenInterface(SavedAnswer, eager=("owner",))
    service = saved_answers
    base_filters = [["id", Visible, access.visible_answers]]
    base_order = ("name", "asc")
    list_title = lazy_gettext("Saved answers")
    show_title = lazy_gettext("Saved answer")
    add_title = lazy_gettext("Add saved answer")
    edit_title = lazy_gettext("Edit saved answer")
    list_columns = ["name", "body", "shared", "owner"]
    show_columns = ["name", "body", "shared", "owner", "created_at"]
    add_columns = edit_columns = ["name", "body", "shared"]
    search_columns = ["name", "body", "shared"]
    order_columns = ["name"]
    sort_columns = {"name": "sort_key"}
    label_columns = {
        "name": lazy_gettext("Name"),
        "body": lazy_gettext("Text"),
        "shared": lazy_gettext("For everybody"),
        "owner": lazy_gettext("Written by"),
        "created_at": lazy_gettext("Created"),
    }
    description_columns = {
        "name": lazy_gettext("Short: it is found by / and these words in the box of a client's chat"),
        "body": lazy_gettext("{client} becomes the client's name, {me} yours"),
        "shared": lazy_gettext("Managers and admins only; else it is yours alone"),
    }

    def may_edit(self, item: SavedAnswer) -> bool:
        """Shared ones are managers' and admins' to change."""
        return saved_answers.may_change(acting_user(), item)
