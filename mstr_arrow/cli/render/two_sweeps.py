"""Two sweeps beside each other, on a terminal and for a program."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from mstr_arrow.throughput.comparison import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from mstr_arrow.throughput.comparison import Answer, Comparison, Difference, Measure, SeriesCompared
    from mstr_arrow.throughput.result import Sweep

_STYLES: Mapping[Answer, str] = {"different": "bold", "not different": "", "too noisy to say": "yellow"}
_HEADERS: Mapping[Measure, str] = {"throughput": "throughput", "median": "p50", "p95": "p95"}


def comparison(console: Console, found: Comparison, before: Sweep, after: Sweep) -> None:
    """Print how two sweeps differ: each series in a sentence, its loads in a table."""
    _say(console, f"before: {before.about}", "dim")
    _say(console, f"after:  {after.about}", "dim")
    for sentence in found.cautions:
        _say(console, sentence, "bold yellow")
    for one in found.series:
        console.print()
        _say(console, f"{one.series}: {_verdict(one)}", "bold")
        for sentence in _curves(one):
            _say(console, sentence)
        console.print(_loads(one))
    console.print()
    for name, loads in (("before", found.only_before), ("after", found.only_after)):
        for load in loads:
            _say(console, f"Measured {name} only: {load}.")
    for load, why in found.unlike.items():
        _say(console, f"Not compared: {load}: {why}.", "yellow")
    _say(
        console,
        f"Changes are in percent, their {CONFIDENCE:.0%} intervals in brackets; what is sure is bold.",
        "dim",
    )


def as_json(found: Comparison) -> dict[str, Any]:
    """Describe a comparison for a program; a bound that is not known is null."""
    return {
        "answer": found.answer,
        "series": [
            {
                "series": one.series._asdict(),
                "loop": one.loop,
                "answer": one.answer,
                "overall": _differences(one.overall),
                "loads": [
                    {"load": asdict(load), "differences": _differences(each)} for load, each in one.loads.items()
                ],
                "knees": [curve.knee.concurrency for curve in one.curves or ()],
                "limits": [curve.verdict.part for curve in one.curves or ()],
            }
            for one in found.series
        ],
        "only_before": [asdict(load) for load in found.only_before],
        "only_after": [asdict(load) for load in found.only_after],
        "unlike": [{"load": asdict(load), "why": why} for load, why in found.unlike.items()],
        "cautions": list(found.cautions),
    }


def _differences(measures: Mapping[Measure, Difference]) -> dict[str, Any]:
    return {
        name: {
            "ratio": one.ratio,
            "low": one.low or None,
            "high": one.high if one.high < float("inf") else None,
            "answer": one.answer,
        }
        for name, one in measures.items()
    }


def _verdict(one: SeriesCompared) -> str:
    """Say whether there is a difference over all loads, and how small a one would have been seen."""
    whole = one.overall[one.decides]
    what = "throughput" if one.decides == "throughput" else "median latency"
    if one.answer == "different":
        where = "" if whole.answer == "different" else " in some of the loads, not over all of them;"
        return f"different:{where} {what} {whole}"
    if one.answer == "not different":
        return f"not different: {what} {whole}"
    return f"too noisy to say: {what} {whole}; measure longer, or more rounds, for less noise"


def _curves(one: SeriesCompared) -> Iterator[str]:
    """Say where the knee and the limit have moved."""
    if one.curves is None:
        return
    had, has = one.curves
    if had.knee.concurrency != has.knee.concurrency:
        yield f"The knee was at {had.knee.concurrency} in flight, and is at {has.knee.concurrency}."
    if had.verdict.part != has.verdict.part:
        yield f"The limit was {had.verdict.part}, and is {has.verdict.part}."


def _loads(one: SeriesCompared) -> Table:
    """Lay the loads of a series out, each with its changes."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="")
    table.add_column("load")
    for measure in _HEADERS:
        table.add_column(_HEADERS[measure], justify="right")
    for load, measures in one.loads.items():
        name = f"{load.concurrency} in flight" if load.concurrency else f"{load.rate:g} requests/s"
        cells = [Text(_cell(measures[each]), _STYLES[measures[each].answer]) for each in _HEADERS]
        table.add_row(name, *cells)
    return table


def _cell(one: Difference) -> str:
    """Write a change in percent, with its interval in brackets; after a single round there is none."""
    change, low, high = (f"{100 * (each - 1):+.0f}" for each in (one.ratio, one.low, min(one.high, 100.0)))
    return f"{change} (?)" if one.high == float("inf") else f"{change} ({low} to {high})"


def _say(console: Console, sentence: str, style: str = "") -> None:
    console.print(Text(sentence, style), soft_wrap=not console.is_terminal)
