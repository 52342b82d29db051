"""The screen of webhooks: where they go, what they hear of, and the log of what they were sent."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.actions import action
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup, escape
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from app.errors import UserError
from app.models.webhooks import Webhook
from app.security import acting_user
from app.services.account import webhooks
from app.views.deliveries import state_label
from app.views.generated.base import Screen
from app.views.generated.interface import ScreenInterface
from app.views.generated.writing import write
from app.views.messengers import shown_secret

TOPIC_LABELS = {
    "lead": lazy_gettext("Leads"),
    "contact": lazy_gettext("Contacts"),
    "company": lazy_gettext("Companies"),
    "task": lazy_gettext("Tasks"),
    "call": lazy_gettext("Calls"),
    "mail": lazy_gettext("Mails"),
    "talk": lazy_gettext("Talks"),
    "chat": lazy_gettext("Chats"),
    "nps": lazy_gettext("Client scores"),
    "stripe": lazy_gettext("Stripe"),
    "billing": lazy_gettext("Billing"),
    "limit": lazy_gettext("Activity limits"),
    "error": lazy_gettext("Errors"),
}


def shown_topics(topics: list[str]) -> Markup:
    """Show what a webhook hears of."""
    if not topics:
        return escape(gettext("Everything"))
    return Markup(" ").join(Markup('<span class="fd-chip">{}</span>').format(TOPIC_LABELS[topic]) for topic in topics)


class WebhookView(Screen):
    """Webhooks."""

    datamodel = ScreenInterface(Webhook)
    service = webhooks
    base_order = ("id", "asc")
    show_template = "webhooks/show.html"
    shows_added = True
    list_title = lazy_gettext("Webhooks")
    show_title = lazy_gettext("Webhook")
    add_title = lazy_gettext("Add webhook")
    edit_title = lazy_gettext("Edit webhook")
    list_columns = ["name", "url", "topics", "active", "disabled_reason", "created_at"]
    show_columns = ["name", "url", "secret", "topics", "active", "failing_since", "disabled_reason"]
    add_columns = ["name", "url", "topics"]
    edit_columns = ["name", "url", "topics", "active"]
    search_columns = ["name", "active"]
    order_columns = ["name", "created_at"]
    formatters_columns = {"secret": shown_secret, "topics": shown_topics}
    add_form_extra_fields = edit_form_extra_fields = {
        "topics": SelectMultipleField(
            lazy_gettext("Hears of"),
            choices=[(topic, TOPIC_LABELS[topic]) for topic in webhooks.TOPICS],
            widget=ListWidget(prefix_label=False),
            option_widget=CheckboxInput(),
            description=lazy_gettext("None ticked: everything"),
        )
    }
    label_columns = {
        "name": lazy_gettext("Name"),
        "url": lazy_gettext("Address"),
        "secret": lazy_gettext("Secret of the signature"),
        "topics": lazy_gettext("Hears of"),
        "active": lazy_gettext("Switched on"),
        "failing_since": lazy_gettext("Failing since"),
        "disabled_reason": lazy_gettext("Why it is off"),
        "created_at": lazy_gettext("Created"),
    }
    description_columns = {
        "url": lazy_gettext("Each event is one POST of JSON, signed as standardwebhooks.com says"),
        "active": lazy_gettext("Switched off by itself, with a notice, when it keeps failing"),
    }

    def render_template(self, template: str, **kwargs: Any) -> str:
        """Show the log below a webhook."""
        if template == self.show_template:
            webhook = self.item_or_404((request.view_args or {}).get("pk"))
            kwargs |= {"log": webhooks.log(webhook), "state_label": state_label, "webhook": webhook}
        return str(super().render_template(template, **kwargs))

    @action("test", lazy_gettext("Send a test"), icon="send", multiple=False)
    def test(self, item: Webhook) -> ResponseReturnValue:
        """Send a made-up event."""
        return self.run_action(item, webhooks.send_test, gettext("On its way; see the log below"))

    @expose("/replay/<pk>/<int:delivery_id>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def replay(self, pk: str, delivery_id: int) -> ResponseReturnValue:
        """Send an old delivery's event once more."""
        webhook, actor = self.item_or_404(pk), acting_user()
        try:
            write(actor, lambda: webhooks.replay(actor, webhook, delivery_id))
        except UserError as error:
            if error.status == 404:
                abort(404)
            flash(error.message, "danger")
        else:
            flash(gettext("On its way again"), "success")
        return redirect(url_for("WebhookView.show", pk=pk))
