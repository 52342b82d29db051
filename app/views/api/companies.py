"""/api/v1/companies: generated CRUD."""

from __future__ import annotations

from app import access
from app.models.crm import Company
from app.services.records import companies
from app.views.api.base import Api
from app.views.api.schemas import CompanyIn
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface


class CompanyApi(Api):
    """Companies as JSON."""

    resource_name = "companies"
    openapi_spec_tag = "Companies"
    datamodel = ScreenInterface(Company)
    service = companies
    base_filters = [["id", Visible, access.visible_companies]]
    in_schema = CompanyIn
    list_columns = [
        "id",
        "name",
        "website",
        "phone",
        "responsible_id",
        "created_at",
        "changed_at",
    ]
    search_columns = [
        "id",
        "name",
        "website",
        "phone",
        "responsible_id",
        "created_at",
        "changed_at",
    ]
    order_columns = ["id", "name", "created_at", "changed_at"]
