"""Some rows of a grid, which the server counts from 0. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """``rows`` rows from row ``offset``."""

    offset: int
    rows: int

    @property
    def end(self) -> int:
        """The row after the last."""
        return self.offset + self.rows
