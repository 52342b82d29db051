"""*Client scores*: the results for everybody who answers clients, and the settings for admins."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView
from flask_appbuilder.baseviews import expose
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.security import acting_user
from app.services.limits import limits
from app.services.talks import scores, talk_settings
from app.views.generated.base import SignedIn
from app.views.generated.form_values import changes_of, names_of, show_error
from app.views.generated.forms import INPUT
from app.views.generated.lookup_field import LookupField
from app.views.generated.writing import write

PERIODS = (30, 90, 365)


def _number(label: Any, low: int, high: int, hint: Any = "") -> IntegerField:
    return IntegerField(label, [InputRequired(), NumberRange(low, high)], description=hint, render_kw=INPUT)


class TalkSettingsForm(DynamicForm):  # type: ignore[misc]
    """How talks are closed and scored."""

    nps_on = BooleanField(lazy_gettext("Ask clients for a score when a talk is closed"))
    nps_text = StringField(lazy_gettext("Question"), [Length(max=500)], render_kw=INPUT)
    nps_thanks = StringField(lazy_gettext("Thanks"), [Length(max=500)], render_kw=INPUT)
    nps_every_days = _number(lazy_gettext("Ask a client at most once in so many days"), 0, 3650)
    nps_timeout_hours = _number(lazy_gettext("Close unrated after so many hours"), 1, 720)
    nps_critical = _number(lazy_gettext("Tell about scores up to"), 1, 10)
    nps_responsible = LookupField(
        "responsible", lazy_gettext("Who is told"), description=lazy_gettext("Empty: the group's manager")
    )
    nps_follow_up = BooleanField(lazy_gettext("Make a task to call whoever gave a low score"))
    auto_close_hours = _number(
        lazy_gettext("Close a talk after so many hours of silence"), 0, 8760, lazy_gettext("0: never")
    )
    nps_on_auto_close = BooleanField(lazy_gettext("Ask for a score then, too"))


class ScoreView(SignedIn, BaseView):  # type: ignore[misc]
    """Results and settings."""

    route_base = "/scores"
    default_view = "results"

    @expose("/")
    @has_access
    @permission_name("list")
    def results(self) -> ResponseReturnValue:
        """Show mean, NPS, response rate, trend, members and low scores."""
        asked = request.args.get("days", "")
        days = int(asked) if asked.isascii() and asked.isdigit() and int(asked) in PERIODS else PERIODS[1]
        user = acting_user()
        found = scores.of_person(user, days)
        limits.count_items(user, sum(1 for low in found.low if low["contact"]))
        trend = {
            "labels": [one.label for one in found.trend],
            "nps": [one.nps for one in found.trend],
            "mean": [one.mean for one in found.trend],
            "answered": [one.answered for one in found.trend],
            "spread": found.spread,
            "critical": found.critical,
            "words": {"nps": gettext("NPS"), "mean": gettext("Mean"), "given": gettext("Clients")},
        }
        may_change = talk_settings.may_change(user)
        return self.render_template(  # type: ignore[no-any-return]
            "scores/results.html",
            title=lazy_gettext("Client scores"),
            results=found,
            days=days,
            periods=PERIODS,
            trend=trend,
            may_change=may_change,
        )

    @expose("/settings", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def settings(self) -> ResponseReturnValue:
        """Show and change how talks are closed and scored."""
        actor = acting_user()
        if not talk_settings.may_change(actor):
            abort(403)
        stored = talk_settings.load()
        form = TalkSettingsForm()
        if request.method == "GET":
            for name in talk_settings.FIELDS:
                if name in form:
                    form[name].data = getattr(stored, name)
            form.nps_responsible.data = _person(stored.nps_responsible_id)
        elif form.validate():
            try:
                write(actor, lambda: talk_settings.save(actor, changes_of(form)))
            except UserError as error:
                show_error(form, error)
            else:
                flash(lazy_gettext("Saved"), "success")
                return redirect(url_for("ScoreView.settings"))
        return self.render_template(
            "scores/settings.html", title=lazy_gettext("Talks and scores"), form=form, columns=names_of(form)
        )  # type: ignore[no-any-return]


def _person(user_id: int | None) -> User | None:
    return db.session.get(User, user_id) if user_id is not None else None
