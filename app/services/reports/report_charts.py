"""Charts of reports as PNG, for mails and paper: bars per day beside those of the period before, or a line each.

Only for jobs: drawing takes the processor for some ten milliseconds, and importing the library for seconds.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from PIL import Image

WIDTH, HEIGHT = 552, 168
"""Of the picture as it is shown; it has twice as many pixels each way."""
_SCALE = 2
_BARS_MAX = 16
_COLOURS = 48


@dataclass(frozen=True, slots=True)
class Colours:
    """Of one theme; text has 4.5:1 against the ground."""

    ground: str
    text: str
    grid: str
    now: str
    before: str


LIGHT = Colours("#ffffff", "#626878", "#eceef2", "#4250c9", "#a9b1ea")
DARK = Colours("#16171c", "#959bab", "#272a33", "#7c88f5", "#474e8c")


@dataclass(frozen=True, slots=True)
class Chart:
    """Values per day and those of the period before; None is a day without any.

    ``words`` is a value at the axis, whose rules stand at round multiples of ``base``.
    """

    labels: tuple[str, ...]
    now: tuple[float | None, ...]
    before: tuple[float | None, ...]
    words: Callable[[float], str]
    base: float = 1


def png(chart: Chart, colours: Colours) -> bytes:
    """Return the picture.

    Drawn as plain shapes: a plot with axes of its own took three times as long, most of it for its ticks.
    """
    canvas, artists = _canvas(colours), _artists(chart, colours)
    figure = canvas.figure
    figure.clear()
    for artist in artists:
        figure.add_artist(artist)
    canvas.draw()
    # Few colours are enough, and a palette makes the file a fifth as large.
    picture = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")
    out = io.BytesIO()
    picture.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE).save(out, "PNG", compress_level=6)
    return out.getvalue()


@cache
def _canvas(colours: Colours) -> Any:
    """One per theme, used again."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    return FigureCanvasAgg(Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72 * _SCALE, facecolor=colours.ground))


@dataclass(frozen=True, slots=True)
class _Plot:
    """From values to parts of the picture, 0 to 1."""

    days: int
    top: float
    left: float = 0.09

    def x(self, day: float) -> float:
        return self.left + (day + 0.5) * (0.995 - self.left) / self.days

    def y(self, value: float) -> float:
        return 0.14 + value * 0.8 / self.top


def _artists(chart: Chart, colours: Colours) -> list[Any]:
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.text import Text

    highest = max([value for value in (*chart.now, *chart.before) if value is not None], default=0)
    step = _step(highest / chart.base) * chart.base
    steps = max(1, math.ceil(highest / step))
    plot = _Plot(max(len(chart.labels), len(chart.before), 1), steps * step * 1.02)
    rules = [step * number for number in range(steps + 1)]
    grid = [[(plot.left, plot.y(rule)), (0.995, plot.y(rule))] for rule in rules]
    artists: list[Any] = [LineCollection(grid, colors=colours.grid, linewidths=1, zorder=0)]
    style: dict[str, Any] = {"color": colours.text, "fontsize": 11}
    artists += [
        Text(plot.left - 0.012, plot.y(rule), chart.words(rule), ha="right", va="center", **style) for rule in rules
    ]
    shown = _shown_labels(chart.labels)
    artists += [Text(plot.x(day), 0.09, chart.labels[day], ha="center", va="top", **style) for day in shown]
    for values, colour, aside in ((chart.before, colours.before, -0.2), (chart.now, colours.now, 0.2)):
        if len(chart.labels) > _BARS_MAX:
            artists.append(LineCollection(_runs(values, plot), colors=colour, linewidths=2, capstyle="round"))
        elif values:
            bars = _bars(values, plot, aside if chart.before else 0, 0.18 if chart.before else 0.25)
            artists.append(PolyCollection(bars, facecolors=colour, edgecolors="none"))
    return artists


def _bars(values: Sequence[float | None], plot: _Plot, aside: float, half: float) -> list[list[tuple[float, float]]]:
    bars = []
    for day, value in enumerate(values[: plot.days]):
        left, right = plot.x(day + aside - half), plot.x(day + aside + half)
        low, high = plot.y(0), plot.y(value or 0)
        bars.append([(left, low), (left, high), (right, high), (right, low)])
    return bars


def _runs(values: Sequence[float | None], plot: _Plot) -> list[list[tuple[float, float]]]:
    """Lines through the days that have a value."""
    runs: list[list[tuple[float, float]]] = [[]]
    for day, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((plot.x(day), plot.y(value)))
    return [run if len(run) > 1 else [*run, *run] for run in runs if run]


def _step(highest: float) -> float:
    """A round distance between at most four lines; never a part of one where all is whole."""
    if highest <= 4:
        return 1
    rough = highest / 3
    size = 10 ** math.floor(math.log10(rough))
    return float(next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough))


def _shown_labels(labels: Sequence[str]) -> range:
    """About as many as fit."""
    longest = max((len(label) for label in labels), default=1)
    fit = max(2, WIDTH // (longest * 7 + 14))
    return range(0, len(labels), max(1, math.ceil(len(labels) / fit)))
