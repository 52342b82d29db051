"""The companies' screen."""

from __future__ import annotations

from flask_babel import lazy_gettext
from markupsafe import Markup

from app import access
from app.models.crm import Company
from app.services import searching
from app.services.records import companies
from app.views.cards import CardScreen
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface
from app.views.records import phone_link


def website_link(address: str | None) -> str | Markup | None:
    """Show a website as a link; services let only http(s) in."""
    if not address or not address.startswith(("http://", "https://")):
        return address
    link = Markup('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>')
    return link.format(address, address.split("://", 1)[1].rstrip("/"))


class CompanyView(CardScreen):
    """Firms that contacts work for."""

    datamodel = ScreenInterface(Company, eager=("responsible", "tags"), search=searching.company_has)
    service = companies
    base_filters = [["id", Visible, access.visible_companies]]
    export_kind = "companies"
    base_order = ("name", "asc")
    list_title = lazy_gettext("Companies")
    show_title = lazy_gettext("Company")
    add_title = lazy_gettext("Add company")
    edit_title = lazy_gettext("Edit company")
    new_label = lazy_gettext("Company")
    new_icon = "building"
    list_columns = ["name", "responsible", "phone", "website", "tags", "created_at"]
    show_columns = ["name", "website", "phone", "responsible", "created_at"]
    add_columns = edit_columns = ["name", "website", "phone", "responsible"]
    search_columns = ["name", "website", "phone", "responsible", "created_at", "tags"]
    order_columns = ["name", "created_at"]
    sort_columns = {"name": "sort_key"}
    label_columns = {
        "name": lazy_gettext("Name"),
        "website": lazy_gettext("Website"),
        "phone": lazy_gettext("Phone"),
        "responsible": lazy_gettext("Responsible"),
        "tags": lazy_gettext("Tags"),
        "created_at": lazy_gettext("Created"),
    }
    formatters_columns = {"website": website_link, "phone": phone_link}
