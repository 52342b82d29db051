"""The contacts' screen."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_babel import gettext, lazy_gettext

from app import access
from app.models.crm import Contact
from app.security import acting_user
from app.services import searching
from app.services.account import personal_data
from app.services.records import contacts
from app.views.cards import CardScreen
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface
from app.views.json_file import as_file
from app.views.records import card_link, mail_link, phone_link


class ContactView(CardScreen):
    """Clients and prospects as persons."""

    datamodel = ScreenInterface(Contact, eager=("company", "responsible", "tags"), search=searching.contact_has)
    service = contacts
    base_filters = [["id", Visible, access.visible_contacts]]
    export_kind = import_kind = "contacts"
    base_order = ("name", "asc")
    list_title = lazy_gettext("Contacts")
    show_title = lazy_gettext("Contact")
    add_title = lazy_gettext("Add contact")
    edit_title = lazy_gettext("Edit contact")
    new_label = lazy_gettext("Contact")
    new_icon = "user-plus"
    list_columns = ["name", "company", "responsible", "email", "phone", "tags", "created_at"]
    show_columns = ["name", "email", "phone", "company", "responsible", "created_at"]
    add_columns = edit_columns = ["name", "email", "phone", "company", "responsible"]
    search_columns = ["name", "email", "phone", "company", "responsible", "created_at", "tags"]
    order_columns = ["name", "email", "created_at"]
    sort_columns = {"name": "sort_key"}
    label_columns = {
        "name": lazy_gettext("Name"),
        "email": lazy_gettext("Email"),
        "phone": lazy_gettext("Phone"),
        "company": lazy_gettext("Company"),
        "responsible": lazy_gettext("Responsible"),
        "tags": lazy_gettext("Tags"),
        "created_at": lazy_gettext("Created"),
    }
    formatters_columns = {"company": card_link, "email": mail_link, "phone": phone_link}

    @action("personal_data", lazy_gettext("Personal data"), icon="download", multiple=False)
    def personal_data(self, item: Contact) -> ResponseReturnValue:
        """Hand out everything that is kept about a contact."""
        return as_file(personal_data.of_contact(acting_user(), item), f"contact-{item.id}.json")

    @action(
        "erase",
        lazy_gettext("Erase"),
        lazy_gettext("Erase everything that is kept about this person, messages too? It cannot be undone."),
        icon="trash",
        multiple=False,
    )
    def erase(self, item: Contact) -> ResponseReturnValue:
        """Erase what is kept about a contact."""
        return self.run_action(item, personal_data.erase_contact, gettext("Erased"))
