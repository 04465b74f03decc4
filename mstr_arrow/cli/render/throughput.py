"""The findings of a sweep, on a terminal: sentences to act on, and a table of the levels they rest on."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mstr_arrow.cli.render.wording import WORDS
from mstr_arrow.throughput.summary import summarise, throughput_of, unit_of
from mstr_arrow.throughput.units import duration, percent, short
from mstr_arrow.wording import say_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from mstr_arrow.throughput.figures import Figures
    from mstr_arrow.throughput.loads import Load, Work
    from mstr_arrow.throughput.result import Sweep

MB = 1_000_000
_UNTOLD = "-"
_SHARES = "srv net cli %"


def summary(console: Console, sweep: Sweep) -> None:
    """Print what a sweep found: what must be known first, what was found of each series, and all levels."""
    told = summarise(sweep)
    _say(console, told.about, style="dim")
    for sentence in told.first:
        _say(console, sentence, style="bold yellow")
    for finding in told.findings:
        console.print()
        _say(console, finding.title, style="bold")
        _say(console, finding.headline, indent=2)
        if finding.limit:
            _say(console, finding.limit, indent=2)
        for note in finding.notes:
            _say(console, note, style="dim", indent=2)
    if told.left_out:
        console.print()
    for sentence in told.left_out:
        _say(console, sentence)
    for (name, work), loads in groupby(sweep.figures, key=lambda load: (load.name, load.work)):
        console.print()
        _say(console, f"{name}, {work}", style="bold")
        console.print(_levels(sweep, list(loads), work))
    over = [load for load in sweep.figures if load.sessions > 1]
    if over:
        much, many = over[0].concurrency or f"{over[0].rate:g}/s", over[0].sessions
        _say(console, f"{much} over {many}: over {many} log-ins.", style="dim")
    console.print()
    _say(console, say_in_words(told.advice, WORDS), style="bold")


def _levels(sweep: Sweep, loads: Sequence[Load], work: Work) -> Table:
    """Lay the loads of an object out as a table of 80 columns at most; the knees are bold."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for head in ("in flight", "page", unit_of(work), "±", "MB/s", "p50", "p95", "p99", "failed", _SHARES):
        table.add_column(head, justify="right", no_wrap=True)
    for load in loads:
        curve = sweep.curves.get(load.series) if load.concurrency else None
        at_knee = curve is not None and curve.knee.concurrency == load.concurrency and len(curve.levels) > 1
        by_client = curve is not None and curve.verdict.part == "client"
        cells = _cells(sweep.figures[load], work, by_client=by_client)
        table.add_row(_strength(load), short(load.page_rows), *cells, style="bold" if at_knee else "")
    return table


def _cells(figures: Figures, work: Work, *, by_client: bool) -> Iterator[str]:
    gave = throughput_of(figures, work)
    yield short(gave.mean)
    yield _UNTOLD if gave.half is None or not gave.mean else percent(gave.half / gave.mean)
    yield f"{figures.wire_per_second.mean / MB:.3g}"
    for percentile in (50.0, 95.0, 99.0):
        yield duration(figures.latencies[percentile]) if percentile in figures.latencies else _UNTOLD
    yield percent(figures.failed) if figures.errors else "0"
    shares = figures.shares
    server, net, client = (f"{100 * one:.0f}" for one in (shares.waiting, shares.transferring, shares.client))
    told = (_UNTOLD, _UNTOLD, client) if by_client else (server, net, client)
    yield " ".join(f"{one:>3}" for one in told)


def _strength(load: Load) -> str:
    much = str(load.concurrency) if load.concurrency else f"{load.rate:g}/s"
    return f"{much} over {load.sessions}" if load.sessions > 1 else much


def _say(console: Console, text: str, *, style: str = "", indent: int = 0) -> None:
    """Print a sentence, wrapped on a terminal, on one line of a pipe."""
    if console.is_terminal:
        console.print(Padding(Text(text, style), (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent + text), soft_wrap=True)
