"""How far a sweep is: a bar on a terminal, a line for each measurement in a log."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from mstr_arrow.cli.render.progress import show_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from rich.console import Console

    from mstr_arrow.throughput.loads import Load
    from mstr_arrow.throughput.planning import Plan
    from mstr_arrow.throughput.result import Sweep


def sweep_progress(
    console: Console, plan: Plan, *, quiet: bool
) -> AbstractContextManager[Callable[[tuple[Load, Sweep]], None]]:
    """Give the function that shows how far a sweep is on ``console``; quiet, it shows nothing."""
    return show_progress(console, partial(_bar, measurements=plan.measurements), _lines, quiet=quiet)


def _bar(console: Console, *, measurements: int) -> Iterator[Callable[[tuple[Load, Sweep]], None]]:
    columns = (BarColumn(bar_width=24), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as display:
        task = display.add_task("logging in", total=measurements)

        def tell(measured: tuple[Load, Sweep]) -> None:
            display.update(task, advance=1, description=describe(*measured))

        yield tell


def _lines(console: Console) -> Callable[[tuple[Load, Sweep]], None]:
    def tell(measured: tuple[Load, Sweep]) -> None:
        console.print(describe(*measured), soft_wrap=True)

    return tell


def describe(load: Load, sweep: Sweep) -> str:
    """Say in a line what the last measurement of a load gave."""
    rounds = sweep.rounds.get(load)
    if not rounds:
        return f"{load}: nothing was answered"
    last = rounds[-1]
    return (
        f"{load}: {last.rows / last.seconds:,.0f} rows/s, {last.requests / last.seconds:,.1f} requests/s"
        f"{f', {last.cpu:.1f} processors here' if last.cpu > 0.5 else ''}"
    )
