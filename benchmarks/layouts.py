"""Pages of every layout to Arrow, beside a bare ``orjson.loads`` of the same bytes.

Run ``python -m benchmarks.layouts [--quick]``. Prints, for a page of about 5 MB of each layout, the median over
alternating repeats of decoding time / ``orjson.loads`` time (garbage collector on), rows of the grid and cells per
second, and which decoder served it. Pages are made here from a seed; no server is asked.
"""

from __future__ import annotations

import argparse
import random
import statistics
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import orjson

from benchmarks.measure import alternate, machine, median_ratio, table, verdict
from mstr_arrow.grid import decode
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.options import GridOptions
from mstr_arrow.grid.stitch import Stitcher

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET_RATIO = 2.0
SMALL = 10
"""By how much ``--quick`` divides the rows."""


def _double(draw: random.Random) -> float | None:
    return None if draw.random() < 0.02 else draw.random()


def _integer(draw: random.Random) -> int:
    return draw.randrange(10_000)


def _note(draw: random.Random) -> str:
    return f"Note {draw.randrange(500)}"


def _quoted(draw: random.Random) -> str:
    return f'Note "{draw.randrange(500)}"'


_KINDS: dict[str, tuple[str, Callable[[random.Random], Any]]] = {
    "double": ("double", _double),
    "integer": ("integer", _integer),
    "text": ("nVarChar", _note),
    "escapes": ("nVarChar", _quoted),
}
_FOUR = ("integer", "double", "double", "integer")


@dataclass(frozen=True, slots=True)
class Layout:
    """One page: ``lines`` of combinations of the attributes on rows, the elements on columns, the metrics."""

    lines: int
    metrics: tuple[str, ...] = _FOUR
    across: int = 0
    totals: bool = False
    metrics_on_rows: bool = False
    formatted: bool = False
    options: GridOptions = field(default_factory=GridOptions)


LAYOUTS = {
    "tabular": Layout(90_000),
    "tabular, text metrics": Layout(70_000, ("integer", "double", "text", "text")),
    "tabular, texts with escapes": Layout(70_000, ("integer", "double", "text", "escapes")),
    "attributes only": Layout(220_000, ()),
    "cross-tab, 12 by 4": Layout(9_000, across=12),
    "cross-tab, 12 by 4, kept wide": Layout(9_000, across=12, options=GridOptions(layout="grid")),
    "cross-tab with subtotals": Layout(9_000, across=12, totals=True, options=GridOptions(subtotals="keep")),
    "metrics on rows, doubles": Layout(42_000, ("double",) * 4, metrics_on_rows=True),
    "metrics on rows, mixed": Layout(42_000, ("integer", "double", "text", "integer"), metrics_on_rows=True),
    "formatted": Layout(65_000, formatted=True, options=GridOptions(values="formatted")),
}


def page(layout: Layout, lines: int) -> bytes:
    """Encode a page of a layout: three attributes on rows, the second with ID and DESC."""
    draw = random.Random(1)
    rows = [_attribute("Month", 12, layout), _attribute("Item", 2_000, layout), _attribute("City", 400, layout)]
    columns = [_attribute("Channel", layout.across, layout)] if layout.across else []
    metrics = {
        "name": "Metrics",
        "id": "0" * 32,
        "type": "templateMetrics",
        "elements": [
            {"name": f"Metric {number}", "id": f"M{number}", "type": "metric", "dataType": _KINDS[kind][0]}
            for number, kind in enumerate(layout.metrics)
        ],
    }
    headers = [[draw.randrange(len(unit["elements"])) for unit in rows] for _ in range(lines)]
    if layout.metrics_on_rows:
        # The attributes of a row tell it from the others, as in every result.
        headers = [[n % 12, n // 12 % 2_000, n // 24_000] for n in range(lines)]
        headers = [[*header, metric] for header in headers for metric in range(len(layout.metrics))]
        kinds = [[_KINDS[layout.metrics[header[-1]]]] for header in headers]
        rows.append(metrics)
        across: list[list[int]] = []
    else:
        width = len(columns[0]["elements"]) if columns else 1
        kinds = [[_KINDS[kind] for _ in range(width) for kind in layout.metrics]] * lines
        own = [element for element in range(width) for _ in layout.metrics]
        across = [own] * len(columns) + ([[*range(len(layout.metrics))] * width] if layout.metrics else [])
        columns += [metrics] if layout.metrics else []
    raw = [[value(draw) for _, value in row] for row in kinds] if layout.metrics else []
    values = {"raw": raw}
    if layout.formatted:
        values["formatted"] = [["" if value is None else f"${value:,.2f}" for value in row] for row in raw]
    return orjson.dumps(
        {
            "instanceId": "I1",
            "status": 1,
            "definition": {"grid": {"crossTab": bool(layout.across), "rows": rows, "columns": columns}},
            "data": {
                "paging": {"total": len(headers), "current": len(headers), "offset": 0, "limit": len(headers)},
                "headers": {"rows": headers, "columns": across},
                "metricValues": values,
            },
        }
    )


def _attribute(name: str, elements: int, layout: Layout) -> dict[str, Any]:
    two = name == "Item"
    forms = [("ID", "integer"), ("DESC", "nVarChar")] if two else [("DESC", "nVarChar")]
    found: list[dict[str, Any]] = [
        {"formValues": [str(key), f"{name} {key}"] if two else [f"{name} {key}"], "id": f"h{key};{name}"}
        for key in range(elements)
    ]
    if layout.totals:
        found.append({"formValues": ["Total"], "id": f"j1;{name}", "subtotal": True})
    return {
        "name": name,
        "id": f"{name} id",
        "type": "attribute",
        "forms": [{"id": form, "name": form, "dataType": data_type} for form, data_type in forms],
        "elements": found,
    }


def _decode_all(text: bytes, options: GridOptions) -> int:
    """Decode a page as the first and last of a result, and count the rows of the result."""
    first = decode_page(text, options=options)
    if first.columns.whole_pages:
        return int(first.batch.num_rows)
    stitcher = Stitcher(first.columns)
    batches = [stitcher.feed(first.laid), stitcher.finish()]
    return sum(batch.num_rows for batch in batches if batch is not None)


def _served(text: bytes, options: GridOptions) -> str:
    with patch.object(decode, "decode_plainly", wraps=decode.decode_plainly) as plainly:
        _decode_all(text, options)
    return "plain" if plainly.called else "fast"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small pages, few repeats: a check that it runs")
    quick = parser.parse_args().quick
    print(f"{machine()}; figures are medians\n")
    header = ("layout", "size", "rows", "decoder", "loads", "decode", "ratio", "target", "M rows/s", "M cells/s")
    print(table(header, [_measure(name, layout, quick=quick) for name, layout in LAYOUTS.items()]))


def _measure(name: str, layout: Layout, *, quick: bool) -> tuple[object, ...]:
    lines = layout.lines // (SMALL if quick else 1)
    text = page(layout, lines)
    works = {"loads": partial(orjson.loads, text), "decode": partial(_decode_all, text, layout.options)}
    seconds = alternate(works, 2 if quick else 9)
    loads, decoding = (statistics.median(seconds[work]) for work in ("loads", "decode"))
    ratio = median_ratio(seconds["decode"], seconds["loads"])
    rows = lines * (len(layout.metrics) if layout.metrics_on_rows else 1)
    width = len(layout.metrics) * max(1, layout.across + layout.totals)
    cells = rows * (1 if layout.metrics_on_rows else width)
    return (
        name,
        f"{len(text) / 1e6:.1f} MB",
        f"{rows:,}",
        _served(text, layout.options),
        f"{loads * 1e3:.0f} ms",
        f"{decoding * 1e3:.0f} ms",
        f"{ratio:.2f}",
        verdict(ratio, TARGET_RATIO, at_most=True),
        f"{rows / decoding / 1e6:.2f}",
        f"{cells / decoding / 1e6:.2f}" if cells else "-",
    )


if __name__ == "__main__":
    main()
