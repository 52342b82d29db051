"""The screen of website forms: what they ask, who hears of it, the HTML to paste, and what came in."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, render_template, request
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import lazy_gettext
from markupsafe import Markup
from wtforms import SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from app.models.forms import Form
from app.security import acting_user
from app.services.clients import form_entries, forms
from app.services.limits import limits
from app.views.generated.base import Screen
from app.views.generated.interface import ScreenInterface

LABELS = {
    "name": lazy_gettext("Name"),
    "email": lazy_gettext("Email"),
    "phone": lazy_gettext("Phone"),
    "company": lazy_gettext("Company"),
    "message": lazy_gettext("Message"),
}
_TYPES = {"name": "text", "email": "email", "phone": "tel", "company": "text"}
_COMPLETE = {"name": "name", "email": "email", "phone": "tel", "company": "organization"}
# The frame shows what the website will: its style is in the HTML itself, and nothing can be sent from here.
_PREVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'"


def init_app(app: Flask) -> None:
    """Give the cards' template the names of what forms ask; a website's own fields have their own."""
    app.jinja_env.filters["form_field"] = lambda name: str(LABELS.get(name, name))


class PipelineField(SelectField):  # type: ignore[misc]
    """One of the account's pipelines, or none."""

    change_key = "pipeline_id"

    def __init__(self, label: str | None = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(
            label, validators, choices=_pipelines, coerce=_as_id, render_kw={"class": "form-control"}, **kwargs
        )

    def process_data(self, value: Any) -> None:
        """Take the record of an edited form as its id."""
        super().process_data(getattr(value, "id", value))

    def change_value(self) -> int | None:
        """What services take."""
        return self.data or None


def _as_id(value: Any) -> int:
    return int(value) if value and str(value).isdecimal() else 0


def _pipelines() -> list[tuple[int, str]]:
    return [(0, "–"), *((one.id, one.name) for one in forms.pipelines())]


def _several(label: Any, description: Any) -> SelectMultipleField:
    return SelectMultipleField(
        label,
        choices=list(LABELS.items()),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        description=description,
    )


def shown_names(names: list[str]) -> Markup:
    """Show what a form asks."""
    return Markup(" ").join(Markup('<span class="fd-chip">{}</span>').format(LABELS[name]) for name in names)


def snippet(form: Form) -> str:
    """Return the HTML that a website includes."""
    return render_template(
        "forms/snippet.html",
        form=form,
        address=forms.address(form),
        labels=LABELS,
        types=_TYPES,
        complete=_COMPLETE,
        longest=forms.ASKED,
        honeypot=forms.HONEYPOT,
    )


class FormView(Screen):
    """Website forms."""

    datamodel = ScreenInterface(Form, eager=("group", "responsible", "pipeline"))
    service = forms
    base_order = ("id", "asc")
    show_template = "forms/show.html"
    shows_added = True
    list_title = lazy_gettext("Website forms")
    show_title = lazy_gettext("Website form")
    add_title = lazy_gettext("Add website form")
    edit_title = lazy_gettext("Edit website form")
    list_columns = ["name", "asked", "group", "responsible", "active", "created_at"]
    show_columns = [
        "name",
        "asked",
        "needed",
        "group",
        "responsible",
        "pipeline",
        "allowed_origins",
        "consent_text",
        "thanks_text",
        "redirect_url",
        "active",
    ]
    add_columns = edit_columns = show_columns
    search_columns = ["name", "group", "responsible", "active"]
    order_columns = ["name", "created_at"]
    sort_columns = {"name": "sort_key"}
    formatters_columns = {"asked": shown_names, "needed": shown_names}
    add_form_extra_fields = edit_form_extra_fields = {
        "asked": _several(lazy_gettext("Asks for"), lazy_gettext("An email address or a phone number at least")),
        "needed": _several(lazy_gettext("Has to be filled in"), ""),
        "pipeline": PipelineField(
            lazy_gettext("Pipeline"), description=lazy_gettext("Where its leads begin. Empty: the first one")
        ),
    }
    label_columns = {
        "name": lazy_gettext("Name"),
        "asked": lazy_gettext("Asks for"),
        "needed": lazy_gettext("Has to be filled in"),
        "allowed_origins": lazy_gettext("Allowed pages"),
        "consent_text": lazy_gettext("Text to agree to"),
        "group": lazy_gettext("Group that is told"),
        "responsible": lazy_gettext("Responsible"),
        "pipeline": lazy_gettext("Pipeline"),
        "thanks_text": lazy_gettext("Words of thanks"),
        "redirect_url": lazy_gettext("Page of thanks"),
        "active": lazy_gettext("Switched on"),
        "created_at": lazy_gettext("Created"),
    }
    description_columns = {
        "allowed_origins": lazy_gettext(
            "One address a line, like https://shop.example. * is every page. Empty: no website"
        ),
        "consent_text": lazy_gettext(
            "Beside a box that has to be ticked; kept as it was with each entry. Empty: no box"
        ),
        "responsible": lazy_gettext(
            "Gets every lead. Empty: who is responsible for the client, else the group is told"
        ),
        "thanks_text": lazy_gettext("Shown after sending"),
        "redirect_url": lazy_gettext("An address that is opened after sending, instead of the words of thanks"),
    }

    def prefill_add(self, form: Any) -> None:
        """Suggest what most websites ask."""
        form.asked.data, form.needed.data = ["name", "email", "message"], ["name", "email"]

    def render_template(self, template: str, **kwargs: Any) -> str:
        """Show the HTML and what came in below a form."""
        if template == self.show_template:
            form = self.item_or_404((request.view_args or {}).get("pk"))
            entries = form_entries.newest(form)
            limits.count_records(acting_user(), (entry.lead for entry in entries))
            kwargs |= {"website_form": form, "snippet": snippet(form), "entries": entries}
        return str(super().render_template(template, **kwargs))

    @expose("/preview/<pk>")
    @has_access
    @permission_name("show")
    def preview(self, pk: str) -> Response:
        """Answer the form alone, for the frame on its page."""
        form = self.item_or_404(pk)
        page = render_template("forms/preview.html", form=form, snippet=Markup(snippet(form)))  # noqa: S704 - ours
        answer = Response(page, mimetype="text/html")
        answer.headers["Content-Security-Policy"] = _PREVIEW_POLICY
        return answer
