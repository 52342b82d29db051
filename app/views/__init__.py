"""All screens and APIs there are, in the order of the menu."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from flask import Flask, g, has_request_context, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import AppBuilder, expose
from flask_appbuilder.views import IndexView, UtilView
from flask_babel import get_babel, lazy_gettext

from app import access
from app.extensions import db
from app.models.people import RoleName
from app.views import (
    calls,
    center,
    crm,
    deliveries,
    errors,
    health,
    idempotency,
    lead_forms,
    mails,
    navigation,
    notification_settings,
    payments,
    personas,
    push,
    rate_limit,
    report_links,
    unsubscribe,
    widget,
)
from app.views.api.openapi import OpenApi
from app.views.generated import filter_bar
from app.views.hooks import call_hook, channel_hook, form_hook, stripe_hook, telegram_hook

CRM, REPORTS = "CRM", "Reports"
# The groups of Settings, in this order.
USERS, CONNECTIONS, DELIVERY, ACCOUNT = "Users and rights", "Connections", "Delivery", "Your account"

# module, class, menu name ("" for none), category ("" for the top of the menu), icon of the sprite
SCREENS: tuple[tuple[str, str, str, str, str], ...] = (
    ("login", "LoginView", "", "", ""),
    ("login", "SetupView", "", "", ""),
    ("password_reset", "PasswordResetView", "", "", ""),
    ("invitations", "InvitationView", "", "", ""),
    ("lookup", "LookupView", "", "", ""),
    ("appearance", "AppearanceView", "", "", ""),
    ("center", "CenterView", "", "", ""),
    ("center", "MailLinkView", "", "", ""),
    ("demo", "DemoView", "", "", ""),
    ("profile", "ProfileView", "", "", ""),
    ("profile", "PictureView", "", "", ""),
    ("two_step", "TwoStepView", "", "", ""),
    ("account", "AccountView", "Account", "", "bolt"),
    ("leads", "LeadView", "Leads", CRM, "target"),
    ("contacts", "ContactView", "Contacts", CRM, "user"),
    ("companies", "CompanyView", "Companies", CRM, "building"),
    ("tasks", "TaskView", "Tasks", CRM, "check-circle"),
    ("calls", "CallView", "Calls", CRM, "phone"),
    ("saved_answers", "SavedAnswerView", "Saved answers", CRM, "bolt"),
    ("mails", "MailView", "Mails", CRM, "mail"),
    ("exports", "ExportView", "", "", ""),
    ("imports", "ImportView", "", "", ""),
    ("dashboard", "DashboardView", "Dashboard", REPORTS, "chart"),
    ("scores", "ScoreView", "Client scores", REPORTS, "star"),
    ("reports", "ReportView", "Scheduled reports", REPORTS, "clock"),
    ("report_runs", "ReportRunView", "", "", ""),
    ("activity", "ActivityView", "", "", ""),
    ("users", "UserView", "Users", USERS, "users"),
    ("groups", "GroupView", "User groups", USERS, "chats"),
    ("free_users", "FreeUserView", "Free users", USERS, "user-plus"),
    ("limits", "LimitRuleView", "Activity limits", USERS, "clock"),
    ("roles", "RoleView", "Roles", USERS, "lock"),
    ("widgets", "WidgetView", "Website chats", CONNECTIONS, "chat"),
    ("lead_forms", "FormView", "Website forms", CONNECTIONS, "edit"),
    ("mailboxes", "MailboxView", "Mailboxes", CONNECTIONS, "mail"),
    ("call_lines", "CallLineView", "Telephone lines", CONNECTIONS, "phone"),
    ("stripe_connection", "StripeView", "Stripe", CONNECTIONS, "card"),
    ("payments", "PaymentView", "Payments", CONNECTIONS, "card"),
    ("messengers", "MessengerView", "Messengers", CONNECTIONS, "phone-in"),
    ("webhooks", "WebhookView", "Webhooks", CONNECTIONS, "send"),
    ("api_keys", "ApiKeyView", "API keys", CONNECTIONS, "lock"),
    ("defaults", "DefaultView", "Notification defaults", DELIVERY, "bell"),
    ("channels", "ChannelView", "Channels", DELIVERY, "bolt"),
    ("deliveries", "DeliveryView", "Deliveries", DELIVERY, "send"),
    ("outbox", "OutboxView", "Outbox", DELIVERY, "mail"),
    ("pipelines", "PipelineView", "Pipelines", ACCOUNT, "swap"),
    ("pipelines", "StageView", "", "", ""),
    ("task_types", "TaskTypeView", "Task types", ACCOUNT, "check-circle"),
    ("getting_started", "GettingStartedView", "Getting started", ACCOUNT, "check"),
    ("plan", "PlanView", "Plan", ACCOUNT, "card"),
    ("account", "AccountSettingsView", "Account settings", ACCOUNT, "sliders"),
)

APIS: tuple[tuple[str, str], ...] = (
    ("security", "SecurityApi"),
    ("leads", "LeadApi"),
    ("contacts", "ContactApi"),
    ("companies", "CompanyApi"),
    ("tasks", "TaskApi"),
    ("calls", "CallApi"),
    ("mails", "MailApi"),
    ("users", "UserApi"),
    ("groups", "GroupApi"),
    ("me", "MeApi"),
    ("settings", "SettingsApi"),
    ("center", "CenterApi"),
    ("chats", "ChatApi"),
    ("messages", "MessageApi"),
    ("talks", "TalkApi"),
    ("saved_answers", "SavedAnswerApi"),
    ("files", "FileApi"),
    ("files", "UploadApi"),
    ("search", "SearchApi"),
)

MENU_LABELS = {
    "Leads": lazy_gettext("Leads"),
    "Contacts": lazy_gettext("Contacts"),
    "Companies": lazy_gettext("Companies"),
    "Tasks": lazy_gettext("Tasks"),
    "Pipelines": lazy_gettext("Pipelines"),
    "Task types": lazy_gettext("Task types"),
    "Getting started": lazy_gettext("Getting started"),
    "Activity limits": lazy_gettext("Activity limits"),
    "Users": lazy_gettext("Users"),
    "User groups": lazy_gettext("User groups"),
    "Website chats": lazy_gettext("Website chats"),
    "Calls": lazy_gettext("Calls"),
    "Saved answers": lazy_gettext("Saved answers"),
    "Telephone lines": lazy_gettext("Telephone lines"),
    "Mails": lazy_gettext("Mails"),
    "Mailboxes": lazy_gettext("Mailboxes"),
    "Stripe": lazy_gettext("Stripe"),
    "Payments": lazy_gettext("Payments"),
    "Website forms": lazy_gettext("Website forms"),
    "Dashboard": lazy_gettext("Dashboard"),
    "Client scores": lazy_gettext("Client scores"),
    "Scheduled reports": lazy_gettext("Scheduled reports"),
    "Messengers": lazy_gettext("Messengers"),
    "Webhooks": lazy_gettext("Webhooks"),
    "API keys": lazy_gettext("API keys"),
    "Free users": lazy_gettext("Free users"),
    "Roles": lazy_gettext("Roles"),
    "Account": lazy_gettext("Account"),
    "Plan": lazy_gettext("Plan"),
    "Account settings": lazy_gettext("Account settings"),
    "Notification defaults": lazy_gettext("Notification defaults"),
    "Channels": lazy_gettext("Channels"),
    "Deliveries": lazy_gettext("Deliveries"),
    "Outbox": lazy_gettext("Outbox"),
}

CATEGORY_LABELS = {
    CRM: lazy_gettext("CRM"),
    REPORTS: lazy_gettext("Reports"),
    USERS: lazy_gettext("Users"),
    CONNECTIONS: lazy_gettext("Connections"),
    DELIVERY: lazy_gettext("Delivery"),
    ACCOUNT: lazy_gettext("Account"),
}
# A category with an icon is a group of Settings that opens and closes.
GROUP_ICONS = {USERS: "users", CONNECTIONS: "globe", DELIVERY: "bell", ACCOUNT: "sliders"}


class HomeView(IndexView):  # type: ignore[misc]
    """The address without a path."""

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """Lead admins to the account, managers to their team, others to the center, strangers to the sign-in page."""
        if not g.user.is_authenticated:
            return redirect(url_for("LoginView.login"))
        if access.is_admin(g.user):
            return redirect(url_for("AccountView.page"))
        manages = RoleName.MANAGER in access.role_names(g.user)
        return redirect(url_for("CenterView.page", tab="team") if manages else "/center")


class FrontdeskBuilder(AppBuilder):  # type: ignore[misc]
    """FAB without its own screens: everything reachable is listed above."""

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(self.indexview)
        self.add_view_no_menu(UtilView)
        self.bm.register_views()
        self.add_api(OpenApi)

    @property
    def get_url_for_userinfo(self) -> str:
        """Where the picture at the top left leads."""
        return url_for("ProfileView.profile")


def init_app(app: Flask) -> None:
    """Build FAB on this app, register the screens and APIs and what their pages need. Runs no SQL."""
    health.init_app(app)
    rate_limit.init_app(app)
    idempotency.init_app(app)
    with app.app_context():
        builder = FrontdeskBuilder(indexview=HomeView, base_template="appbuilder/baselayout.html")
        builder.init_app(app, db.session)
        _choose_locale(app)
        for module, name, menu, category, icon in SCREENS:
            view: Any = getattr(import_module(f"app.views.{module}"), name)()
            if name == "LoginView":
                builder.sm.auth_view = view
            if menu:
                builder.add_view(
                    view,
                    menu,
                    icon=icon,
                    label=MENU_LABELS[menu],
                    category=category,
                    category_icon=GROUP_ICONS.get(category, ""),
                    category_label=CATEGORY_LABELS.get(category, ""),
                )
            else:
                builder.add_view_no_menu(view)
        for module, name in APIS:
            builder.add_api(getattr(import_module(f"app.views.api.{module}"), name))
    navigation.init_navigation(app)
    filter_bar.init_filter_bar(app)
    personas.init_personas(app)
    crm.init_crm(app)
    center.init_center(app)
    notification_settings.init_app(app)
    deliveries.init_app(app)
    push.init_app(app)
    unsubscribe.init_app(app)
    report_links.init_app(app)
    telegram_hook.init_app(app)
    widget.init_app(app)
    channel_hook.init_app(app)
    form_hook.init_app(app)
    call_hook.init_app(app)
    stripe_hook.init_app(app)
    calls.init_app(app)
    mails.init_app(app)
    payments.init_app(app)
    lead_forms.init_app(app)
    errors.init_errors(app)


def _choose_locale(app: Flask) -> None:
    """Read the language without writing it: FAB's selector gives every stranger and program a session cookie."""

    def selector() -> str:
        chosen = session.get("locale") if has_request_context() else None
        return str(chosen or app.config["BABEL_DEFAULT_LOCALE"])

    get_babel(app).locale_selector = selector
