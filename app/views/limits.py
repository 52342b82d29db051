"""The screen of activity limits, with what history suggests and who would have exceeded them."""

from __future__ import annotations

import json
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, Form, IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from app.formatting import number
from app.models.limits import Counted, LimitRule, Scope, Span
from app.services.account import account
from app.services.limits import limit_rules
from app.views.generated.base import Screen
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface
from app.views.generated.lookup_field import LookupField

SCOPES = {
    Scope.EVERYONE.value: lazy_gettext("Everyone"),
    Scope.ROLE.value: lazy_gettext("A role"),
    Scope.GROUP.value: lazy_gettext("A user group"),
    Scope.USER.value: lazy_gettext("One user"),
}
KINDS = {
    Counted.CARDS.value: lazy_gettext("Cards opened"),
    Counted.ITEMS.value: lazy_gettext("List items shown"),
}
SPANS = {Span.HOUR.value: lazy_gettext("Hour"), Span.DAY.value: lazy_gettext("Day")}


def kind_label(kind: str) -> str:
    """Return what is counted, in words."""
    return str(KINDS.get(kind, kind))


def span_label(span: str) -> str:
    """Return the window, in words."""
    return str(SPANS.get(span, span))


def active_label(active: bool) -> str:
    """Say whether it counts."""
    return gettext("On") if active else gettext("Off")


class LimitRuleView(Screen):
    """Who exceeds a limit that is on is deactivated at once."""

    datamodel = ScreenInterface(LimitRule, eager=("role", "group", "user", "created_by"))
    service = limit_rules
    base_permissions = ["can_list", "can_show", "can_add", "can_edit", "can_delete"]
    base_order = ("id", "asc")
    shows_added = True
    list_title = lazy_gettext("Activity limits")
    show_title = lazy_gettext("Activity limit")
    add_title = lazy_gettext("Add an activity limit")
    edit_title = lazy_gettext("Change an activity limit")
    list_template = "limits/list.html"
    show_template = "limits/show.html"
    add_template = edit_template = "limits/form.html"
    list_columns = ["whom", "kind", "amount", "span", "active"]
    show_columns = ["whom", "kind", "amount", "span", "active", "created_by", "created_at"]
    search_columns = ["scope", "kind", "span", "active", "role", "group", "user"]
    order_columns = ["amount", "kind", "span"]
    add_columns = edit_columns = ["scope", "role", "group", "user", "kind", "span", "amount", "active"]
    label_columns = {
        "whom": lazy_gettext("For"),
        "scope": lazy_gettext("For"),
        "role": lazy_gettext("Role"),
        "group": lazy_gettext("User group"),
        "user": lazy_gettext("User"),
        "kind": lazy_gettext("What is counted"),
        "span": lazy_gettext("Per"),
        "amount": lazy_gettext("Allowed"),
        "active": lazy_gettext("Limit is on"),
        "created_by": lazy_gettext("Set by"),
        "created_at": lazy_gettext("Created"),
    }
    formatters_columns = {"kind": kind_label, "span": span_label, "active": active_label, "amount": number}
    add_form_extra_fields = edit_form_extra_fields = {
        "scope": SelectField(label_columns["scope"], choices=list(SCOPES.items()), render_kw=INPUT),
        "role": LookupField("roles", label_columns["role"], [Optional()]),
        "group": LookupField("groups", label_columns["group"], [Optional()]),
        "user": LookupField("users", label_columns["user"], [Optional()]),
        "kind": SelectField(
            label_columns["kind"],
            choices=list(KINDS.items()),
            render_kw=INPUT,
            description=lazy_gettext(
                "Cards: the first opening of each lead, contact and company. List items: every element of lists,"
                " boards, search, exports and the API; look-up fields and one's own tasks do not count."
            ),
        ),
        "span": SelectField(label_columns["span"], choices=list(SPANS.items()), render_kw=INPUT),
        "amount": IntegerField(
            label_columns["amount"],
            [InputRequired(), NumberRange(min=1, max=limit_rules.AMOUNT_MAX)],
            render_kw={**INPUT, "min": 1, "max": limit_rules.AMOUNT_MAX},
        ),
        "active": BooleanField(
            label_columns["active"],
            description=lazy_gettext(
                "Save it switched off first: its page shows who would have exceeded it in the last 30 days."
            ),
        ),
    }

    def prefill_add(self, form: Form) -> None:
        """Suggest three times the busiest person of thirty days."""
        chosen = limit_rules.suggestions().get((form.kind.data or Counted.CARDS, form.span.data or Span.HOUR))
        if form.amount.data is None and chosen is not None:
            form.amount.data = chosen.amount

    def _get_add_widget(self, form: Form, **kwargs: Any) -> dict[str, Any]:
        _describe(form)
        return dict(super()._get_add_widget(form=form, **kwargs))

    def _get_edit_widget(self, form: Form, **kwargs: Any) -> dict[str, Any]:
        _describe(form)
        return dict(super()._get_edit_widget(form=form, **kwargs))

    def _show(self, pk: object) -> dict[str, Any]:
        widgets = super()._show(pk)
        rule = self.item_or_404(pk)
        widgets["dry_run"] = limit_rules.dry_run(rule)
        return widgets


def _describe(form: Form) -> None:
    """Say what a window is and what is suggested, also beside an error."""
    form.span.description = gettext("A clock hour or a day in the account's zone, %(zone)s", zone=account.zone())
    found = limit_rules.suggestions()
    suggested = {f"{kind}:{span}": one.amount for (kind, span), one in found.items()}
    form.amount.render_kw = {**form.amount.render_kw, "data-suggested": json.dumps(suggested)}
    words = [
        gettext(
            "%(kind)s per %(span)s: %(amount)s (busiest: %(name)s, %(most)s)",
            kind=kind_label(one.kind),
            span=span_label(one.span).lower(),
            amount=number(one.amount),
            name=one.busiest,
            most=number(one.most),
        )
        for one in found.values()
    ]
    if words:
        form.amount.description = gettext(
            "Suggested, three times the busiest user of 30 days: %(list)s", list=" · ".join(words)
        )
