"""The screens of pipelines and their stages: a pipeline's page has its stages in their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import lazy_gettext
from wtforms import Form, RadioField, StringField
from wtforms.validators import InputRequired

from app.formatting import count_label
from app.models.crm import Pipeline, Stage
from app.services.records import pipelines, stages
from app.views.generated.base import Screen
from app.views.generated.forms import INPUT
from app.views.generated.interface import ScreenInterface, as_id
from app.views.generated.placed import Placed, colour_field, colour_label

KINDS = {
    "incoming": lazy_gettext("Incoming"),
    "open": lazy_gettext("Open"),
    "won": lazy_gettext("Won"),
    "lost": lazy_gettext("Lost"),
}


def kind_label(kind: str) -> str:
    """Return what a stage means, in words."""
    return str(KINDS.get(kind, kind))


def _currency_field() -> StringField:
    return StringField(
        lazy_gettext("Currency"),
        [InputRequired()],
        default="EUR",
        description=lazy_gettext("What new leads start with; three letters like EUR"),
        render_kw={**INPUT, "maxlength": 3, "autocomplete": "off", "spellcheck": "false"},
    )


class PipelineView(Placed, Screen):
    """The ways that leads go."""

    datamodel = ScreenInterface(Pipeline, eager=("group",))
    service = pipelines
    base_permissions = ["can_list", "can_show", "can_add", "can_edit", "can_delete"]
    base_order = ("position", "asc")
    show_template = "crm/pipeline.html"
    list_title = lazy_gettext("Pipelines")
    show_title = lazy_gettext("Pipeline")
    add_title = lazy_gettext("Add pipeline")
    edit_title = lazy_gettext("Edit pipeline")
    list_columns = ["name", "currency", "group"]
    show_columns = ["name", "currency", "group"]
    add_columns = edit_columns = ["name", "currency", "group"]
    search_columns = ["name"]
    order_columns: list[str] = []
    label_columns = {
        "name": lazy_gettext("Name"),
        "currency": lazy_gettext("Currency"),
        "group": lazy_gettext("User group"),
    }
    description_columns = {"group": lazy_gettext("Told about leads and clients that nobody is responsible for yet")}
    add_form_extra_fields = {"currency": _currency_field()}
    edit_form_extra_fields = {"currency": _currency_field()}
    remove_title = lazy_gettext("Delete this pipeline?")
    remove_words = lazy_gettext("Its leads go to the stages of the same kind of the pipeline that you choose.")

    def render_template(self, template: str, **kwargs: Any) -> str:
        """Show a pipeline with its stages."""
        if template == self.show_template:
            pipeline = self.item_or_404((request.view_args or {}).get("pk"))
            found = stages.of(pipeline.id)
            kwargs |= {"stages": found, "counts": stages.lead_counts(found), "kind_label": kind_label}
            kwargs |= {"count_label": count_label}
        return str(super().render_template(template, **kwargs))

    def targets(self, item: Pipeline) -> Sequence[Pipeline]:
        """Return the other pipelines."""
        return [one for one in pipelines.every() if one.id != item.id]


def _kind_field() -> RadioField:
    return RadioField(
        lazy_gettext("Means"),
        choices=list(KINDS.items()),
        default="open",
        description=lazy_gettext("A lead in a won or lost stage is closed; what comes in by itself starts at Incoming"),
    )


class StageView(Placed, Screen):
    """The steps of all pipelines."""

    menu_under = "PipelineView"
    datamodel = ScreenInterface(Stage, eager=("pipeline",))
    service = stages
    base_permissions = ["can_list", "can_show", "can_add", "can_edit", "can_delete"]
    base_order = ("id", "asc")
    list_title = lazy_gettext("Stages")
    show_title = lazy_gettext("Stage")
    add_title = lazy_gettext("Add stage")
    edit_title = lazy_gettext("Edit stage")
    list_columns = ["name", "pipeline", "kind", "colour"]
    show_columns = ["name", "pipeline", "kind", "colour"]
    add_columns = ["pipeline", "name", "kind", "colour"]
    edit_columns = ["name", "kind", "colour"]
    search_columns = ["name", "pipeline"]
    order_columns = ["name"]
    label_columns = {
        "name": lazy_gettext("Name"),
        "pipeline": lazy_gettext("Pipeline"),
        "kind": lazy_gettext("Means"),
        "colour": lazy_gettext("Colour"),
    }
    formatters_columns = {"colour": colour_label, "kind": kind_label}
    add_form_extra_fields = {"kind": _kind_field(), "colour": colour_field()}
    edit_form_extra_fields = {"kind": _kind_field(), "colour": colour_field()}
    row_acts = ""
    remove_title = lazy_gettext("Delete this stage?")
    remove_words = lazy_gettext("Its leads go to the stage that you choose.")

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> ResponseReturnValue:
        """Lead to the pipeline, where its stages are."""
        return redirect(self.back_to(self.item_or_404(pk)))

    def back_to(self, item: Stage) -> str:
        """Return the pipeline's page."""
        return url_for("PipelineView.show", pk=item.pipeline_id)

    def post_add_redirect(self) -> ResponseReturnValue:
        """Go to the pipeline's page."""
        pipeline_id = as_id(request.form.get("pipeline", ""))
        return redirect(url_for("PipelineView.show", pk=pipeline_id) if pipeline_id else self.get_redirect())

    def prefill_add(self, form: Form) -> None:
        """Suggest the only pipeline there is."""
        known = pipelines.every()
        if form.pipeline.data is None and len(known) == 1:
            form.pipeline.data = known[0]

    def targets(self, item: Stage) -> Sequence[Stage]:
        """Return the stages that mean the same."""
        return stages.targets(item)
