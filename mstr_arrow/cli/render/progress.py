"""How far a read is: a bar on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from mstr_arrow.cli.render.tables import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from rich.console import Console

    from mstr_arrow.fetch.stats import ScanStats

T = TypeVar("T")

LINE_SECONDS = 5.0
"""Seconds between two lines in a log."""

MB = 1_000_000


@contextmanager
def show_progress(
    console: Console,
    bar: Callable[[Console], Iterator[Callable[[T], None]]],
    lines: Callable[[Console], Callable[[T], None]],
    *,
    quiet: bool,
) -> Iterator[Callable[[T], None]]:
    """Give the function that shows how far something is: by a ``bar`` on a terminal, by ``lines`` in a log."""
    if quiet:
        yield lambda _: None
    elif console.is_terminal:
        yield from bar(console)
    else:
        yield lines(console)


def progress(
    console: Console, *, quiet: bool = False, transient: bool = False, label: str = ""
) -> AbstractContextManager[Callable[[ScanStats], None]]:
    """Give the function that shows a read's statistics on ``console``; quiet, it shows nothing.

    What is ``transient`` leaves no bar behind. ``label`` begins what is said.
    """
    bar, lines = partial(_bar, transient=transient, label=label), partial(_lines, label=label)
    return show_progress(console, bar, lines, quiet=quiet)


def _bar(console: Console, *, transient: bool, label: str) -> Iterator[Callable[[ScanStats], None]]:
    columns = (BarColumn(bar_width=24), TaskProgressColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=transient) as display:
        task = display.add_task(f"{label}waiting for the server", total=None)

        def show(stats: ScanStats) -> None:
            total = stats.total_rows if stats.status is None else None
            display.update(task, total=total, completed=stats.rows, description=f"{label}{describe(stats)}")

        yield show


def _lines(console: Console, *, label: str) -> Callable[[ScanStats], None]:
    last = time.monotonic()

    def show(stats: ScanStats) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            console.print(f"{label}{describe(stats)}", soft_wrap=True)

    return show


def together(on_progress: Callable[[ScanStats], None]) -> Callable[[str], Callable[[ScanStats], None]]:
    """Make of one function that shows progress as many as there are reads, by a key for each."""
    latest: dict[str, ScanStats] = {}

    def of(key: str) -> Callable[[ScanStats], None]:
        def show(stats: ScanStats) -> None:
            latest[key] = stats
            on_progress(_sum(latest.values()))

        return show

    return of


def _sum(amounts: Iterable[ScanStats]) -> ScanStats:
    """Add up what several reads have done; of times since the beginning the longest counts."""
    first, *others = amounts
    for other in others:
        names = [field.name for field in fields(first) if field.name not in _NOT_ADDED]
        added = {name: getattr(first, name) + getattr(other, name) for name in names}
        longest = {name: max(getattr(first, name), getattr(other, name)) for name in _LONGEST}
        bad = {**first.bad_values, **other.bad_values}
        first = replace(first, **added | longest, status=first.status or other.status, bad_values=bad)
    return first


_NOT_ADDED = frozenset({"status", "bad_values", "consistent", "highest"})
_LONGEST = ("seconds", "lag_p99", "lag_max", "page_rows", "page_rows_lowest", "page_rows_highest")


def describe(stats: ScanStats) -> str:
    """Say in a line how far a read is and how fast; or what the server does before there is anything to read."""
    if stats.status is not None and not stats.total_rows:
        return f"{stats.status} · {clock(stats.seconds)}"
    parts = [
        f"{stats.rows:,} of {stats.total_rows:,} rows",
        f"{stats.rows_per_second:,.0f} rows/s",
        f"{stats.bytes_per_second / MB:,.1f} MB/s",
        f"{stats.in_flight} in flight",
    ]
    if stats.rows_per_second:
        parts.append(f"{clock((stats.total_rows - stats.rows) / stats.rows_per_second)} left")
    return " · ".join(parts)


def summarise(stats: ScanStats) -> str:
    """Say in a line what a read did, when it is over."""
    grid = f" from {stats.rows:,} of the grid" if stats.rows != stats.result_rows else ""
    speed = stats.result_rows / stats.seconds if stats.seconds else 0.0
    return (
        f"{count(stats.result_rows)}{grid} in {stats.seconds:.1f} s: {speed:,.0f} rows/s, "
        f"{stats.bytes_per_second / MB:,.1f} MB/s of JSON"
    )


def detail(stats: ScanStats) -> str:
    """Say in a line where the time of a read went."""
    return (
        f"{count(stats.requests, 'request')}, {stats.retries} of them repeated, {stats.in_flight_lowest} to "
        f"{stats.in_flight_highest} at once; {stats.bytes / MB:,.1f} MB of JSON came as "
        f"{stats.wire_bytes / MB:,.1f} MB; added up over parallel requests: waiting {stats.seconds_waiting:.1f} s, "
        f"transferring {stats.seconds_transferring:.1f} s, decoding {stats.seconds_decoding:.1f} s"
    )


def clock(seconds: float) -> str:
    """Write a duration as minutes and seconds.

    >>> clock(5.2), clock(3725)
    ('0:05', '1:02:05')
    """
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
