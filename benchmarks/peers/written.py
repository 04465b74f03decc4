"""What was written and is read back, cell by cell: what was lost, how often, and how badly."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from benchmarks.peers.compare import SAME, Unexplained

if TYPE_CHECKING:
    import pyarrow as pa

_ROUNDED = 5e-11
"""Half of the tenth decimal."""

DIGITS, CUT = "U3: {} doubles lost digits", "U3: {} times cut to the millisecond"


@dataclass(slots=True)
class Losses:
    """What became of the cells of a table that was written: how many were ``lost`` in part, by what it was.

    ``worst`` is the greatest share of a double's value that is missing.
    """

    cells: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0

    def __str__(self) -> str:
        if not self.lost:
            return SAME
        said = "; ".join(what.format(f"{count:,}") for what, count in self.lost.items())
        worst = f", up to {self.worst:.0%} of the value" if self.worst else ""
        return f"differs: {said}{worst}; of {self.cells:,} cells"


def losses(truth: pa.Table, read: pa.Table, *, key: str) -> Losses:
    """Compare what was read with what was written; ``key`` tells rows apart.

    Raises `Unexplained` for rows that are missing, doubled or strange, and for cells that differ by more than the
    digits that a peer is known to drop.
    """
    place = {value: row for row, value in enumerate(read[key].to_pylist())}
    keys = truth[key].to_pylist()
    if read.num_rows != truth.num_rows or place.keys() != set(keys):
        raise Unexplained(f"{read.num_rows:,} rows where {truth.num_rows:,} were written, or other keys")
    found = Losses()
    for name in truth.column_names:
        values = read[name].to_pylist()
        for at, true in zip(keys, truth[name].to_pylist(), strict=True):
            found.cells += 1
            value = values[place[at]]
            if value != true or isinstance(value, bool) is not isinstance(true, bool):
                _account(found, true, value, f"{name} of {at}")
    return found


def _account(found: Losses, true: Any, value: Any, where: str) -> None:
    """Count what a cell lost; raise `Unexplained` where that is something else."""
    if isinstance(true, float) and isinstance(value, float) and abs(true - value) <= _ROUNDED + math.ulp(true):
        found.lost[DIGITS] += 1
        found.worst = max(found.worst, abs(true - value) / abs(true))
    elif isinstance(true, (datetime, time)) and value == true.replace(microsecond=true.microsecond // 1000 * 1000):
        found.lost[CUT] += 1
    else:
        wrote = true if isinstance(true, (date, time)) else repr(true)
        raise Unexplained(f"{where} is {value!r} where {wrote} was written")
