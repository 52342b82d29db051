"""Run all measurements, or those named, and print one table; exit code 1 when a bound is missed."""

from __future__ import annotations

import importlib
import platform
import sys
from pathlib import Path

from bench import house
from bench.row import Row


def main(wanted: list[str]) -> int:
    """Measure and print."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    chosen = [name for name in found if not wanted or name.removeprefix("bench_") in wanted]
    if not chosen:
        print(f"There is none of these; there are {', '.join(name.removeprefix('bench_') for name in found)}")
        return 2
    print("Starting an installation to measure", file=sys.stderr)
    rows: list[Row] = []
    with house.opened():
        for name in chosen:
            print(f"· {name.removeprefix('bench_')}", file=sys.stderr)
            rows += importlib.import_module(f"bench.{name}").run()
    print(table(rows))
    print(f"\nPython {platform.python_version()}, {platform.system()} {platform.machine()}")
    missed = [row for row in rows if not row.ok]
    for row in missed:
        print(f"Missed: {row.name} is {row.value}, {row.bound} is asked", file=sys.stderr)
    return 1 if missed else 0


def table(rows: list[Row]) -> str:
    """The rows as Markdown that is also legible as it is."""
    cells = [("Measured", "Value", "Bound", "Held"), *((row.name, row.value, row.bound, _held(row)) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in cells]
    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    return "\n".join([lines[0], rule, *lines[1:]])


def _held(row: Row) -> str:
    if not row.bound:
        return ""
    return "yes" if row.ok else "NO"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
