"""CSV files as people bring them: which encoding, which separator, which headings, and their records one by one.

Pure: files in, values out, no database. What cannot be read is a UserError that says where and on which field.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from app.errors import UserError
from app.services import fields

ENCODINGS = ("utf-8", "utf-16", "cp1252", "cp1251", "cp1250", "koi8_r")
SEPARATORS = (",", ";", "\t", "|")
ROWS_MAX, COLUMNS_MAX, CELL_MAX = 100_000, 100, 20_000
SAMPLE_ROWS = 5
_LOOKED_AT = 20
_GUESSED_BYTES = 64 * 1024
_WORD = re.compile(rb"[A-Za-z\xc0-\xff]*[\xc0-\xff][A-Za-z\xc0-\xff]*")
_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_QUOTED_FORMULA = ("'=", "'+", "'-", "'@", "'\t")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read. ``skip`` lines stand before the headings; without ``header`` all records are data."""

    encoding: str
    separator: str
    header: bool
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a whole file; ``sample`` are its first records, cut to the headings."""

    reading: Reading
    headings: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    rows: int


def inspect(
    path: Path, encoding: str | None = None, separator: str | None = None, header: bool | None = None
) -> Inspection:
    """Read a file from end to end; what is not given is found out. Raises UserError naming the field."""
    content = path.read_bytes()
    if not content.strip():
        raise UserError("empty", "This file is empty", "file")
    encoding = _checked_encoding(content, encoding)
    skip, named = _named_separator(content, encoding)
    if separator not in (None, *SEPARATORS):
        raise UserError("invalid", "Choose one of the separators", "separator")
    del content
    chosen = separator or named or _guessed_separator(path, encoding)
    first = list(islice(_cells(path, Reading(encoding, chosen, False, skip)), _LOOKED_AT))
    if not first:
        raise UserError("empty", "This file is empty", "file")
    reading = Reading(encoding, chosen, _looks_like_headings(first) if header is None else header, skip)
    headings = _headings([cells for _, cells in first], reading)
    count = 0
    for count, _record in enumerate(records(path, reading), 1):
        if count > ROWS_MAX:
            raise UserError("too_many", f"At most {ROWS_MAX:,} rows in one file", "file")
    if not count:
        raise UserError("empty", "There are no rows below the headings", "file")
    sample = tuple(
        tuple((cells + [""] * len(headings))[: len(headings)])
        for _, cells in islice(records(path, reading), SAMPLE_ROWS)
    )
    return Inspection(reading, headings, sample, count)


def records(path: Path, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """Return the rows below the headings as (line in the file, cells); empty ones are left out. Raises UserError."""
    rows = _cells(path, reading)
    return islice(rows, 1, None) if reading.header else rows


def _cells(path: Path, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    line = 0
    try:
        with path.open(encoding=_codec(reading.encoding), newline="") as stream:
            for _ in range(reading.skip):
                stream.readline()
            reader = csv.reader(stream, delimiter=reading.separator, strict=True)
            for cells in reader:
                begins, line = line + 1, reader.line_num
                if len(cells) > COLUMNS_MAX:
                    raise UserError("too_many", f"Line {begins}: at most {COLUMNS_MAX} columns", "file")
                if any(len(cell) > CELL_MAX for cell in cells):
                    raise UserError("too_long", f"Line {begins}: at most {CELL_MAX:,} characters in a cell", "file")
                if any(cell and not cell.isspace() for cell in cells):
                    yield begins + reading.skip, [_plain(cell) for cell in cells]
    except csv.Error as error:
        raise UserError("malformed", f"Line {line + 1 + reading.skip} cannot be read: {error}", "file") from None
    except UnicodeError:
        raise UserError("encoding", "This file is not written in this encoding", "encoding") from None


def _plain(cell: str) -> str:
    """Take off the apostrophe that exports put before what a spreadsheet would run."""
    return cell[1:] if cell.startswith(_QUOTED_FORMULA) else cell


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _checked_encoding(content: bytes, given: str | None) -> str:
    if content.startswith(_ARCHIVES):
        raise UserError("file_type", "This is a workbook or an archive; save it as CSV first", "file")
    encoding = given or _guessed_encoding(content)
    if encoding not in (*ENCODINGS, "utf-16-le", "utf-16-be"):
        raise UserError("invalid", "Choose one of the encodings", "encoding")
    if not encoding.startswith("utf-16") and b"\x00" in content:
        raise UserError("file_type", "This is no text; a CSV file is needed", "file")
    if any(byte < 9 or 13 < byte < 32 for byte in set(content[:_GUESSED_BYTES])) and not encoding.startswith("utf-16"):
        raise UserError("file_type", "This is no text; a CSV file is needed", "file")
    return encoding


def _guessed_encoding(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = content[:4096]
    # Without a mark: every other byte of Latin text in UTF-16 is zero.
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) > 3 and head[start::2].count(0) > len(head) // 5 and not head[1 - start :: 2].count(0):
            return encoding
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _of_one_byte(content)
    return "utf-8"


def _of_one_byte(content: bytes) -> str:
    """Tell Cyrillic from Western: its words are all above ASCII, theirs have a letter or two there.

    charset-normalizer takes "José" and "Müller" for Cyrillic; it needs whole sentences. The other encodings of the
    list look like these two and are people's choice.
    """
    words = _WORD.findall(content[: 64 * _GUESSED_BYTES])
    above = sum(byte > 127 for word in words for byte in word)
    return "cp1251" if above * 2 > sum(map(len, words)) else "cp1252"


def _named_separator(content: bytes, encoding: str) -> tuple[int, str | None]:
    """Read the line "sep=;" that Excel writes and reads."""
    first = content[:64].decode(_codec(encoding), "ignore").splitlines()[:1]
    if first and first[0].lower().startswith("sep=") and first[0][4:5] in SEPARATORS and len(first[0]) == 5:
        return 1, first[0][4]
    return 0, None


def _guessed_separator(path: Path, encoding: str) -> str:
    """Return the one that cuts the first records into the most columns, all into the same number if possible."""

    def merit(separator: str) -> tuple[float, int]:
        try:
            rows = [len(cells) for _, cells in islice(_cells(path, Reading(encoding, separator, False)), _LOOKED_AT)]
        except UserError as error:
            if error.code == "encoding":
                raise
            return (1, COLUMNS_MAX) if error.code == "too_many" else (0, 0)
        same = sum(1 for width in rows if width == rows[0]) / len(rows) if rows else 0
        return (same if rows and rows[0] > 1 else 0), rows[0] if rows else 0

    return max(SEPARATORS, key=merit)


def _looks_like_headings(first: Sequence[tuple[int, list[str]]]) -> bool:
    """Headings are words: no address, number or date stands among them, and none twice."""
    cells = [cell.strip() for cell in first[0][1] if cell.strip()]
    words = all("@" not in cell and not any(char.isdigit() for char in cell[:1]) for cell in cells)
    return words and len({cell.casefold() for cell in cells}) == len(cells)


def _headings(first: Sequence[list[str]], reading: Reading) -> tuple[str, ...]:
    width = len(first[0])
    if not reading.header:
        return tuple(f"Column {number}" for number in range(1, max(len(cells) for cells in first) + 1))
    while width and not first[0][width - 1].strip():
        width -= 1
    return tuple(
        (fields.line(cell.replace("\x00", ""), "file", CELL_MAX) or f"Column {number}")[:80]
        for number, cell in enumerate(first[0][:width], 1)
    )
