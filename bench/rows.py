"""One measured line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """``ratio`` is compared with ``bound`` by ``sense`` (">=" or "<="); ``words`` says what was measured."""

    name: str
    words: str
    ratio: float
    sense: str
    bound: float

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio >= self.bound if self.sense == ">=" else self.ratio <= self.bound

    def __str__(self) -> str:
        mark = "ok  " if self.holds else "MISS"
        return f"{mark} {self.name}: {self.ratio:.2f} ({self.sense} {self.bound:g}) · {self.words}"
