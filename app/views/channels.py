"""The health of each channel, for admins: does it work, what waits, what failed; and testing it at once."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext

from app.extensions import db
from app.services.account import channel_health
from app.services.mails import mailbox_health
from app.views.generated.base import SignedIn
from app.views.mailboxes import state_of


class ChannelView(SignedIn, BaseView):  # type: ignore[misc]
    """One row per channel."""

    route_base = "/channels"
    default_view = "health"
    title = lazy_gettext("Channels")

    @expose("/")
    @has_access
    @permission_name("health")
    def health(self) -> ResponseReturnValue:
        """Show how each channel is."""
        return self.render_template(
            "channels/health.html",
            title=self.title,
            channels=health_of_channels(),
            mailboxes=mailbox_health.overview(),
            state_of=state_of,
        )

    @expose("/test", methods=["POST"])
    @has_access
    @permission_name("test")
    def test(self) -> ResponseReturnValue:
        """Test all channels now; each test has its own time limit."""
        channel_health.check_now()
        down = [one["channel"] for one in health_of_channels() if one["down_since"]]
        db.session.rollback()
        if down:
            flash(gettext("Tested: something does not work"), "warning")
        else:
            flash(gettext("Tested: everything that is set up works"), "success")
        return redirect(url_for("ChannelView.health"))


def health_of_channels() -> list[dict[str, Any]]:
    """Return what the table shows."""
    return channel_health.overview()
