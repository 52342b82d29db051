"""The board of leads: drag a card to another stage, or move it by keys or its own list of stages."""

from __future__ import annotations

from flask import Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_appbuilder.baseviews import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext

from app.formatting import number
from app.models.crm import Pipeline
from app.security import acting_user
from app.services.limits import limits
from app.services.records import board
from app.services.tasks import next_tasks
from app.views.cards import CardScreen
from app.views.errors import or_404
from app.views.generated.interface import as_id
from app.views.lead_fields import next_task


class BoardScreen(CardScreen):
    """The leads' screen with its board."""

    list_template = "crm/leads.html"

    @expose("/board/")
    @has_access
    @permission_name("list")
    def board(self) -> ResponseReturnValue:
        """Show the board of a pipeline."""
        pipelines, choice = board.pipelines(), _choice()
        pipeline = _asked(pipelines)
        self.update_redirect()
        columns = board.columns(acting_user(), pipeline, choice)
        leads = [lead for column in columns for lead in column.leads]
        limits.count_records(acting_user(), leads)
        return self.render_template(
            "crm/board.html",
            title=gettext("Leads"),
            pipelines=pipelines,
            pipeline=pipeline,
            choice=choice,
            columns=columns,
            next_tasks=next_tasks.of(acting_user(), [lead.id for lead in leads]),
            next_task=next_task,
            stages=[column.stage for column in columns],
            sums=sums_in_words,
            count=count_in_words,
        )

    @expose("/board/cards/<stage_pk>")
    @has_access
    @permission_name("list")
    def board_cards(self, stage_pk: str) -> ResponseReturnValue:
        """Return the next cards of a column as a piece of HTML."""
        before, stage_id = as_id(request.args.get("before", "")), as_id(stage_pk)
        if before is None or stage_id is None:
            abort(404)
        column = or_404(lambda: board.more(acting_user(), stage_id, before, _choice()))
        limits.count_records(acting_user(), column.leads)
        stages = board.stages_of(column.stage.pipeline_id)
        return self.render_template(
            "crm/board_cards.html",
            column=column,
            stages=stages,
            next_tasks=next_tasks.of(acting_user(), [lead.id for lead in column.leads]),
            next_task=next_task,
        )

    @expose("/board/totals")
    @has_access
    @permission_name("list")
    def board_totals(self) -> Response:
        """Return each column's head in words, after a card was moved."""
        stages = board.stages_of(_asked(board.pipelines()).id)
        counted = board.totals(acting_user(), stages, _choice()) if stages else {}
        return jsonify(
            {
                str(stage.id): {"count": count_in_words(totals), "sums": sums_in_words(totals)}
                for stage in stages
                for totals in (counted.get(stage.id, board.Totals()),)
            }
        )


def count_in_words(totals: board.Totals) -> str:
    """Return "1,204"; with a plus where counting stopped."""
    return f"{number(min(totals.count, board.COUNT_MAX))}{'+' if totals.more else ''}"


def sums_in_words(totals: board.Totals) -> str:
    """Return "12,000 EUR · 300 USD"; with a plus where counting stopped."""
    plus = "+" if totals.more else ""
    return " · ".join(f"{number(amount)}{plus} {currency}" for currency, amount in totals.sums if amount)


def _asked(pipelines: list[Pipeline]) -> Pipeline:
    wanted = request.args.get("pipeline")
    return or_404(lambda: board.pipeline_of(pipelines, None if wanted is None else as_id(wanted) or 0))


def _choice() -> board.Choice:
    return board.Choice(words=request.args.get("q", "")[:80], mine=request.args.get("mine") == "1")
