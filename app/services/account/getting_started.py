"""What a new account still needs before a team can work with it; derived from what is there, never ticked off."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app
from flask_babel import gettext
from sqlalchemy import text

from app.extensions import db
from app.models.people import User


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it is good for, whether it is done, the view that does it ("" for none)."""

    icon: str
    title: str
    why: str
    done: bool
    endpoint: str
    label: str


def steps(user: User) -> list[Step]:
    """Return the steps in the order that makes sense, in one look at the database."""
    there = db.session.execute(
        text(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM ab_user LIMIT 2) u) > 1 AS colleagues,"
            " EXISTS (SELECT FROM ab_group) AS groups, EXISTS (SELECT FROM widgets) AS widgets,"
            " EXISTS (SELECT FROM contacts) AS contacts,"
            " EXISTS (SELECT FROM preference_cells WHERE user_id = :user_id) AS cells"
        ),
        {"user_id": user.id},
    ).one()
    mail_server = current_app.config["MAIL_SERVER"]
    return [
        Step(
            "user-plus",
            gettext("Add your colleagues"),
            gettext(
                "Each gets a role: admin, manager or staff. Free users see only chats and what is shared with them."
            ),
            there.colleagues,
            "UserView.add",
            gettext("Add a user"),
        ),
        Step(
            "users",
            gettext("Make user groups"),
            gettext("New leads and talks that nobody has taken are told to a group, for instance the Sales Office."),
            there.groups,
            "GroupView.add",
            gettext("Add a group"),
        ),
        Step(
            "mail",
            gettext("Connect your mail server"),
            gettext("Mails go out by %(server)s.", server=mail_server)
            if mail_server
            else gettext(
                "Set MAIL_SERVER and start again. Until then they are kept in the outbox, and nothing is lost."
            ),
            bool(mail_server),
            "OutboxView.list",
            gettext("Look at the outbox"),
        ),
        Step(
            "chat",
            gettext("Put the chat on your website"),
            gettext("One line to paste. Clients write there, you answer in the center."),
            there.widgets,
            "WidgetView.add",
            gettext("Add a website chat"),
        ),
        Step(
            "user",
            gettext("Bring your contacts"),
            gettext("Whoever writes or calls is recognised by address or number."),
            there.contacts,
            "ContactView.list",
            gettext("Open the contacts"),
        ),
        Step(
            "bell",
            gettext("Choose how news reaches you"),
            gettext("Per kind of news: in the browser, on the phone, by Telegram, by mail at once or as a digest."),
            there.cells,
            "ProfileView.profile",
            gettext("Open my settings"),
        ),
    ]
