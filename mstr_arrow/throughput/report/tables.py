"""All levels of a sweep as a table of HTML. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mstr_arrow.printable import printable
from mstr_arrow.throughput.summary import throughput_of, unit_of
from mstr_arrow.throughput.units import duration, percent, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mstr_arrow.throughput.loads import Load
    from mstr_arrow.throughput.result import Sweep

_MB = 1_000_000
_UNTOLD = "–"  # noqa: RUF001 - the dash of an empty cell

_HEADS = (
    *("load", "page", "throughput", "MB/s", "requests/s", "p50", "p90", "p95", "p99", "p99.9", "slowest"),
    *("requests", "failed", "server", "network", "client", "processors", "Little"),
)


def levels_table(sweep: Sweep) -> str:
    """Lay all loads out, a table for each object and kind of work; a wide one scrolls in its own box."""
    grouped: dict[tuple[str, str], list[Load]] = {}
    for load in sweep.figures:
        grouped.setdefault((load.name, load.work), []).append(load)
    tables = "".join(_table(sweep, f"{name}: {work}", loads) for (name, work), loads in grouped.items())
    return f'<section class="levels"><h2>All loads</h2>{tables}</section>' if tables else ""


def _table(sweep: Sweep, title: str, loads: list[Load]) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in _HEADS)
    rows = "".join(_row(sweep, load) for load in loads)
    return (
        f'<h3>{escape(printable(title))}</h3><div class="scrolled" tabindex="0"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(sweep: Sweep, load: Load) -> str:
    curve = sweep.curves.get(load.series) if load.concurrency else None
    at_knee = curve is not None and curve.knee.concurrency == load.concurrency and len(curve.levels) > 1
    by_client = curve is not None and curve.verdict.part == "client"
    first, *cells = _cells(sweep, load, by_client=by_client)
    knee = ' <span class="knee">knee</span>' if at_knee and curve is not None and curve.knee.reached else ""
    return (
        f'<tr{" class=at-knee" if at_knee else ""}><th scope="row">{first}{knee}</th>'
        f"{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    )


def _cells(sweep: Sweep, load: Load, *, by_client: bool) -> Iterator[str]:
    one = sweep.figures[load]
    over = f" over {load.sessions} log-ins" if load.sessions > 1 else ""
    yield (f"{load.concurrency} in flight" if load.concurrency else f"{load.rate:g} requests/s") + over
    yield _UNTOLD if load.work == "instances" else short(load.page_rows)
    gave = throughput_of(one, load.work)
    half = "" if gave.half is None else f" ± {short(gave.half)}"
    yield f"{short(gave.mean)}{half} {unit_of(load.work)}"
    yield f"{one.wire_per_second.mean / _MB:.3g}"
    yield f"{one.requests_per_second.mean:.3g}"
    for percentile in (50.0, 90.0, 95.0, 99.0, 99.9):
        yield duration(one.latencies[percentile]) if percentile in one.latencies else _UNTOLD
    yield duration(one.slowest) if one.latencies else _UNTOLD
    yield f"{one.requests:,}"
    yield f"{one.errors:,} ({percent(one.failed)})" if one.errors else "0"
    told = (one.shares.waiting, one.shares.transferring)
    yield from [_UNTOLD] * 2 if by_client else map(percent, told)
    yield percent(one.shares.client)
    yield f"{one.cpu:.2f}"
    yield f"{one.little:.2f}"
