"""/api/v1/mails: the mails of mailboxes and clients that a person may see. They come from mailboxes: none is added."""

from __future__ import annotations

from marshmallow import Schema, fields

from app import access
from app.models.mailboxes import Mail
from app.views.api.base import Api
from app.views.api.schemas import InSchema
from app.views.generated.filters import Visible
from app.views.generated.interface import ScreenInterface


class MailRow(Schema):
    """A mail in a list, without its text."""

    id = fields.Integer()
    mailbox_id = fields.Integer()
    thread_id = fields.Integer()
    direction = fields.String(metadata={"description": "incoming or outgoing"})
    kind = fields.String(metadata={"description": "person, automatic, own or bounce"})
    from_name = fields.String()
    from_address = fields.String()
    to = fields.String(attribute="to_line")
    subject = fields.String()
    has_files = fields.Boolean()
    contact_id = fields.Integer(allow_none=True)
    lead_id = fields.Integer(allow_none=True)
    author_id = fields.Integer(allow_none=True)
    send_state = fields.String(
        allow_none=True, metadata={"description": "of what was sent here: waiting, sent, failed"}
    )
    received_at = fields.AwareDateTime(format="iso")


class MailOut(MailRow):
    """A mail with its text. HTML is not handed out: it is a stranger's."""

    copy_to = fields.String(attribute="cc_line")
    message_id = fields.String(allow_none=True)
    in_reply_to = fields.String(allow_none=True)
    body = fields.String()


class MailApi(Api):
    """Mails as JSON: lists, filters, one with its text."""

    resource_name = "mails"
    openapi_spec_tag = "Mails"
    datamodel = ScreenInterface(Mail)
    base_filters = [["id", Visible, access.visible_mails]]
    base_order = ("received_at", "desc")
    exclude_route_methods = Api.exclude_route_methods | {"post", "put", "delete"}
    in_schema = InSchema
    list_columns = [field.attribute or name for name, field in MailRow().fields.items()]
    list_model_schema = MailRow()
    show_model_schema = MailOut()
    search_columns = [
        "id",
        "mailbox_id",
        "thread_id",
        "direction",
        "kind",
        "from_name",
        "from_address",
        "subject",
        "contact_id",
        "lead_id",
        "received_at",
    ]
    order_columns = ["id", "received_at"]
