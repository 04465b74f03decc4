"""Pages of every layout to Arrow, beside a bare ``orjson.loads`` of the same bytes.

Run ``python -m benchmarks.layouts [--quick]``. Prints, for a page of about 5 MB of each layout, the median over
alternating repeats of decoding time / ``orjson.loads`` time (garbage collector on), rows of the grid and cells per
second, and which decoder served it. Pages are made here from a seed; no server is asked.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import orjson

from benchmarks.measure import alternate, machine, median_ratio, table, verdict
from mstr_arrow.grid import decode
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.grid_options import GridOptions
from mstr_arrow.grid.stitch import Stitcher

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET_RATIO = 0.8
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


def _all_written(draw: random.Random) -> str:
    """Write a note that no other cell has: quotes, brackets, a line break, accents, an emoji in each."""
    return f'Überprüft [{draw.randrange(10**9)}]: "ja",\nnächste ✅'


def _some_written(draw: random.Random) -> str:
    return _all_written(draw) if draw.random() < 0.2 else _note(draw)


_KINDS: dict[str, tuple[str, Callable[[random.Random], Any]]] = {
    "double": ("double", _double),
    "integer": ("integer", _integer),
    "text": ("nVarChar", _note),
    "escapes": ("nVarChar", _quoted),
    "some written": ("nVarChar", _some_written),
    "all written": ("nVarChar", _all_written),
}
_NAMES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "accents": lambda name: f"{name}, État ✅",
    "some written": lambda name: f'{name} "é" [x],\nß' if name.endswith(("0", "5")) else name,
    "all written": lambda name: f'{name} "é" [x],\nß',
}
_FOUR = ("integer", "double", "double", "integer")


@dataclass(frozen=True, slots=True)
class Layout:
    """One page: ``lines`` of combinations of the attributes on rows, the elements on columns, the metrics.

    ``names`` says how the texts of elements are written, ``items`` how many the largest attribute has; in an
    ``ascii_only`` page other letters are escapes.
    """

    lines: int
    metrics: tuple[str, ...] = _FOUR
    across: int = 0
    totals: bool = False
    metrics_on_rows: bool = False
    formatted: bool = False
    names: str = "plain"
    items: int = 2_000
    ascii_only: bool = False
    options: GridOptions = field(default_factory=GridOptions)


LAYOUTS = {
    "tabular": Layout(90_000),
    "tabular, text metrics": Layout(70_000, ("integer", "double", "text", "text")),
    "tabular, texts with escapes": Layout(70_000, ("integer", "double", "text", "escapes")),
    "tabular, a fifth of the texts as people write": Layout(
        60_000, ("integer", "double", "some written", "some written")
    ),
    "tabular, all texts as people write, no two alike": Layout(
        30_000, ("integer", "double", "all written", "all written")
    ),
    "the same, other letters as escapes": Layout(
        25_000, ("integer", "double", "all written", "all written"), ascii_only=True
    ),
    "elements with accents": Layout(50_000, names="accents", items=20_000),
    "elements, a fifth as people write": Layout(50_000, names="some written", items=20_000),
    "elements, all as people write": Layout(50_000, names="all written", items=20_000),
    "the same elements, other letters as escapes": Layout(
        50_000, names="all written", items=20_000, ascii_only=True
    ),
    "attributes only": Layout(220_000, ()),
    "cross-tab, 12 by 4": Layout(9_000, across=12),
    "cross-tab, 12 by 4, kept wide": Layout(9_000, across=12, options=GridOptions(layout="grid")),
    "cross-tab with subtotals": Layout(9_000, across=12, totals=True, options=GridOptions(subtotals="keep")),
    "metrics on rows, doubles": Layout(42_000, ("double",) * 4, metrics_on_rows=True),
    "cross-tab, texts as people write": Layout(
        6_000, ("integer", "double", "some written", "escapes"), across=12, names="some written"
    ),
    "metrics on rows, mixed": Layout(42_000, ("integer", "double", "text", "integer"), metrics_on_rows=True),
    "metrics on rows, texts as people write": Layout(
        30_000, ("integer", "double", "some written", "integer"), metrics_on_rows=True, names="some written"
    ),
    "formatted": Layout(65_000, formatted=True, options=GridOptions(values="formatted")),
}


def page(layout: Layout, lines: int) -> bytes:
    """Encode a page of a layout: three attributes on rows, the second with ID and DESC."""
    draw = random.Random(1)
    rows = [
        _attribute("Month", 12, layout),
        _attribute("Item", layout.items, layout),
        _attribute("City", 400, layout),
    ]
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
    whole = {
        "instanceId": "I1",
        "status": 1,
        "definition": {"grid": {"crossTab": bool(layout.across), "rows": rows, "columns": columns}},
        "data": {
            "paging": {"total": len(headers), "current": len(headers), "offset": 0, "limit": len(headers)},
            "headers": {"rows": headers, "columns": across},
            "metricValues": values,
        },
    }
    return json.dumps(whole, separators=(",", ":")).encode() if layout.ascii_only else orjson.dumps(whole)


def _attribute(name: str, elements: int, layout: Layout) -> dict[str, Any]:
    two = name == "Item"
    forms = [("ID", "integer"), ("DESC", "nVarChar")] if two else [("DESC", "nVarChar")]
    written = _NAMES[layout.names]
    found: list[dict[str, Any]] = [
        {"formValues": [*([str(key)] * two), written(f"{name} {key}")], "id": f"h{key};{name}"}
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
    seconds = alternate(works, 2 if quick else 9, time.process_time)
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
