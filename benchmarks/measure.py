"""What the measurements share: the machine, medians of alternating repeats, tables."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


def machine() -> str:
    """Say what the figures were taken on."""
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"


def alternate(
    works: Mapping[str, Callable[[], object]], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Run each work in turn, ``repeats`` times round after one unmeasured round; return the seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(repeats + 1):
        for name, work in works.items():
            began = clock()
            work()
            if number:
                seconds[name].append(clock() - began)
    return seconds


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median of the ratios taken round by round."""
    return statistics.median(a / b for a, b in zip(numerators, denominators, strict=True))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out rows under a header, in columns."""
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def peak_rss() -> float:
    """Read this process's peak RSS, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # there getrusage counts the parent's memory too, from before the program was loaded
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def verdict(value: float, target: float, *, at_most: bool, counted: bool = False) -> str:
    """Say whether a target is met; with ``--quick`` too little is measured to tell, but not if it is counted."""
    if "--quick" in sys.argv and not counted:
        return "no verdict from --quick"
    met = value <= target if at_most else value >= target
    return f"{'at most' if at_most else 'at least'} {target:g}: {'met' if met else 'MISSED'}"
