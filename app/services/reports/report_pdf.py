"""A report on paper: A4, with the numbers, charts and tables of the mail, and what the numbers mean. Only for jobs."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from flask_babel import gettext
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from app.services.reports.report_charts import HEIGHT, WIDTH
from app.services.reports.report_contents import Contents, Number, Part, Picture, Table

MARGIN, PAGE_WIDTH = 16, 210
INNER = PAGE_WIDTH - 2 * MARGIN
ROWS_MAX = 60
# Of letters in tables, in points; of the column with names, and beside each number, in millimetres.
SIZE, SMALLEST, NAMES_WIDTH, PADDING = 8.5, 6.5, 44, 3.5
_INK, _SOFT, _LINE = (26, 28, 36), (98, 104, 120), (230, 231, 236)
_ACCENT, _PALE = (66, 80, 201), (169, 177, 234)
_TONES = {"good": (20, 103, 61), "bad": (176, 37, 50), "": _SOFT}


class _Paper(FPDF):
    """Page numbers below, in a font that has more than Western letters."""

    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        for style, path in zip(("", "B"), _fonts(), strict=True):
            self.add_font("Sans", style, path)
        self.set_title(title)
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, margin=18)

    def footer(self) -> None:
        """Write which page it is."""
        self.set_y(-13)
        self.ink(8, colour=_SOFT)
        self.cell(INNER / 2, 5, str(self.title)[:90])
        self.cell(INNER / 2, 5, gettext("Page %(number)s of %(count)s", number=self.page_no(), count="{nb}"), align="R")

    def ink(self, size: float, bold: bool = False, colour: tuple[int, int, int] = _INK) -> None:
        """Choose size, weight and colour of what is written next."""
        self.set_font("Sans", "B" if bold else "", size)
        self.set_text_color(*colour)

    def line_of(self, text: str, height: float) -> None:
        """Write a paragraph and go below it."""
        self.multi_cell(INNER, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def keep_together(self, height: float) -> None:
        """Begin a new page unless so much still fits on this one."""
        if self.will_page_break(height):
            self.add_page()


def pdf(contents: Contents, pictures: Mapping[str, bytes]) -> bytes:
    """Return the document; ``pictures`` are the charts for a white ground, by name."""
    paper = _Paper(contents.title)
    paper.add_page()
    paper.ink(18, bold=True)
    paper.line_of(contents.title, 9)
    paper.ink(10, colour=_SOFT)
    paper.line_of(contents.days, 6)
    if contents.about:
        paper.line_of(contents.about, 6)
    _tiles(paper, contents.tiles)
    for picture in contents.pictures:
        height = INNER * HEIGHT / WIDTH
        paper.keep_together(height + 16)
        paper.ln(4)
        _heading(paper, picture.title)
        _legend(paper, picture)
        paper.image(io.BytesIO(pictures[picture.name]), w=INNER, alt_text=picture.alt)
    for part in contents.parts:
        _part(paper, part)
    _meaning(paper, contents.parts)
    return bytes(paper.output())


def _tiles(paper: _Paper, tiles: Sequence[Number]) -> None:
    paper.ln(4)
    top, width, height = paper.get_y(), INNER / max(len(tiles), 1), 21
    paper.set_draw_color(*_LINE)
    paper.rect(MARGIN, top, INNER, height)
    for place, tile in enumerate(tiles):
        left = MARGIN + place * width
        if place:
            paper.line(left, top, left, top + height)
        for down, size, bold, colour, words in (
            (3, 8, False, _SOFT, tile.label),
            (8, 14, True, _INK, tile.value),
            (15, 8, False, _TONES[tile.tone], tile.change),
        ):
            paper.set_xy(left + 2, top + down)
            paper.ink(size, bold, colour)
            paper.cell(width - 4, 5, words)
    paper.set_xy(MARGIN, top + height + 2)


def _legend(paper: _Paper, picture: Picture) -> None:
    paper.ink(8.5, colour=_SOFT)
    for words, colour in ((picture.now, _ACCENT), (picture.before, _PALE)):
        if words:
            paper.set_fill_color(*colour)
            paper.rect(paper.get_x() + 0.6, paper.get_y() + 1, 2.6, 2.6, "F")
            paper.set_x(paper.get_x() + 4.2)
            paper.cell(paper.get_string_width(words) + 5, 4.5, words)
    # Tables fill their cells with it.
    paper.set_fill_color(255)
    paper.ln(5)


def _part(paper: _Paper, part: Part) -> None:
    paper.keep_together(40)
    paper.ln(6)
    _heading(paper, part.title)
    columns = ("", gettext("Now"), gettext("Before"), gettext("Change"))
    rows = [(one.label, one.value, one.before, one.change) for one in part.numbers]
    _table(paper, columns, rows, (40, 20, 20, 20))
    for table in (part.groups, part.people):
        if table is not None:
            _lines(paper, table)


def _lines(paper: _Paper, table: Table) -> None:
    paper.keep_together(24)
    paper.ln(3)
    paper.ink(9.5, bold=True)
    paper.line_of(table.title, 6)
    shown = table.rows[:ROWS_MAX]
    columns, rows = ("", *table.columns), [(row.name, *row.cells) for row in shown]
    size, widths = _fitting(paper, columns, rows)
    _table(paper, columns, rows, widths, size)
    more = len(table.rows) - len(shown)
    if more:
        paper.ink(8, colour=_SOFT)
        paper.line_of(gettext("%(count)s more stand in the CSV and in the browser.", count=more), 5)


def _table(
    paper: _Paper, columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float], size: float = SIZE
) -> None:
    paper.ink(size)
    paper.set_draw_color(*_LINE)
    with paper.table(
        width=INNER,  # type: ignore[arg-type]
        col_widths=tuple(widths),
        text_align=("LEFT", *["RIGHT"] * (len(columns) - 1)),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="", color=_SOFT),
        line_height=5,
        padding=(1, 1, 1, 0),
    ) as drawn:
        for line in (columns, *rows):
            row = drawn.row()
            for cell in line:
                row.cell(cell)


def _fitting(paper: _Paper, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[float, tuple[float, ...]]:
    """Return the size of letters and the widths with which no word is torn apart; what is left is for the names."""
    for size in (SIZE, SIZE - 1, SMALLEST):
        paper.ink(size)
        needed = [
            max(paper.get_string_width(word) for word in (*column.split(), *(row[place] for row in rows))) + PADDING
            for place, column in enumerate(columns)
            if place
        ]
        names = INNER - sum(needed)
        if names >= NAMES_WIDTH:
            break
    even = (INNER - NAMES_WIDTH) / len(needed)
    if all(width <= even for width in needed):
        needed = [even] * len(needed)
    return size, (max(INNER - sum(needed), NAMES_WIDTH), *needed)


def _meaning(paper: _Paper, parts: Sequence[Part]) -> None:
    """What each number means: readers of paper cannot click."""
    paper.keep_together(40)
    paper.ln(7)
    _heading(paper, gettext("What the numbers mean"))
    for number in (number for part in parts for number in part.numbers):
        paper.keep_together(12)
        paper.ink(8.5, bold=True)
        paper.line_of(number.label, 5)
        paper.ink(8.5, colour=_SOFT)
        paper.line_of(number.definition, 4.5)
        paper.ln(1)


def _heading(paper: _Paper, words: str) -> None:
    paper.ink(12, bold=True)
    paper.line_of(words, 7)


@cache
def _fonts() -> tuple[Path, Path]:
    """DejaVu Sans, regular and bold, which the library of the charts brings along."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return folder / "DejaVuSans.ttf", folder / "DejaVuSans-Bold.ttf"
