"""The center's pages, and the links of mails into it."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView, expose, has_access
from flask_wtf.csrf import generate_csrf
from sqlalchemy import text

from app import access
from app.errors import NotFound
from app.extensions import db
from app.models.notifications import FeedItem, Notification
from app.models.people import full_name
from app.services import feed, feed_counters, mailing, reading
from app.services.chats import chat_feed, chat_mail, chat_reading, chats
from app.services.render import SETTINGS_PATH
from app.transaction import transaction
from app.views import demo
from app.views.generated.base import SignedIn

# Tabs whose sources exist.
TABS = ("all", "chats", "clients", "tasks", "leads", "system", "team")
# Whoever has a limited account works with colleagues, and with clients to whom somebody let them.
FREE_TABS = ("all", "chats")


class CenterView(SignedIn, BaseView):
    """`/center`: the notification center as a full page. Everybody's, free users' too."""

    route_base = "/center"
    default_view = "page"

    @expose("/")
    @has_access
    def page(self) -> ResponseReturnValue:
        """Show the feed beside the opened item."""
        return self.render_template("center/page.html")


class MailLinkView(SignedIn, BaseView):
    """`/go/…`: where a mail's button leads. Following it is reading, sending or opening a mail is not."""

    route_base = "/go"
    default_view = "follow"

    @expose("/<string:token>")
    @has_access
    def follow(self, token: str) -> ResponseReturnValue:
        """Mark the item read and go on to its subject; a link that is not this person's leads to the center."""
        notification = db.session.get(Notification, mailing.notification_of(token) or 0)
        if notification is None or notification.user_id != g.user.id:
            return redirect(url_for("CenterView.page"))
        with transaction(g.user.id):
            reading.mark_read(g.user.id, [notification.feed_item_id])
        item_id = notification.feed_item_id
        if db.session.get(FeedItem, item_id) is None:
            return redirect(url_for("CenterView.page"))
        (_, item) = feed.items_by_id(db.session(), [item_id])[0]
        return redirect(item["url"] or url_for("CenterView.page"))

    @expose("/chat/<string:token>")
    @has_access
    def chat(self, token: str) -> ResponseReturnValue:
        """Mark the chat read up to what the mail showed, and open it; somebody else's link leads to the center."""
        named = chat_mail.chat_of(token)
        if named is None or named[1] != g.user.id:
            return redirect(url_for("CenterView.page"))
        chat_id, user_id, seq = named
        try:
            with transaction(user_id):
                chat_reading.read(user_id, chat_id, seq)
        except NotFound:
            return redirect(url_for("CenterView.page"))
        return redirect(chat_feed.url_of(chat_id, seq))


def init_center(app: Flask) -> None:
    """Give the templates what the bubble and the page start from."""
    app.jinja_env.globals["center_boot"] = center_boot


def center_boot() -> dict[str, Any]:
    """Return what the center needs to start, for the page's data block: two statements."""
    user = g.user
    cursor, unread_first, invited = _start(user.id)
    free = access.is_free(user)
    return {
        "user": {
            "id": user.id,
            "name": full_name(user),
            "zone": user.zone,
            "roles": [role.name for role in user.roles],
            "free": free,
            "group_ids": [group.id for group in user.groups],
        },
        "cursor": cursor,
        "counters": feed_counters.counters(db.session(), [user.id])[user.id],
        "tabs": [*FREE_TABS, *(["clients"] if invited else [])] if free else list(TABS),
        "search": True,
        "chat": chats.boot(user),
        "unread_first": unread_first,
        "demo": demo.offered(user),
        "csrf": generate_csrf(),
        "urls": {
            "center": url_for("CenterView.page"),
            "login": current_app.appbuilder.get_url_for_login,  # type: ignore[attr-defined]
            "settings": SETTINGS_PATH,
        },
    }


def _start(user_id: int) -> tuple[str, bool, bool]:
    row = db.session.execute(
        text(
            "SELECT clock_timestamp() AS now,"
            " coalesce((SELECT unread_first FROM user_settings WHERE user_id = :id), true) AS unread_first,"
            " EXISTS (SELECT FROM chat_members m JOIN chats c ON c.id = m.chat_id WHERE m.user_id = :id"
            "  AND m.left_at IS NULL AND c.kind = 'client') AS invited"
        ),
        {"id": user_id},
    ).one()
    return row.now.isoformat(), row.unread_first, row.invited
