"""Grids of every layout, cut into pages: the fast decoder, the plain one and a naive reading agree."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from mstr_arrow.grid import cells, cut, decode, matrix
from mstr_arrow.grid.grid_options import GridOptions
from mstr_arrow.grid.stitch import Stitcher

PLAINLY = decode.decode_plainly
GENERATED = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# Grids ----------------------------------------------------------------------------------------------------------

PLAIN_TEXTS = ["Lyon", "", "Ünïcode 😀", "null", "1.5", "Total", "a:b", "true"]
NASTY_TEXTS = [*PLAIN_TEXTS, 'a "b"', "],[", "\\", "[[1,2]]", "a,", "\n", "}]"]
FORMS = {
    "int": (["integer", "Int64", 1], ["1", "-7", "9007199254740993", ""]),
    "date": (["date", 14], ["2024-01-31", "1970-01-01", ""]),
    "text": (["nVarChar", "unknown", 33], NASTY_TEXTS),
}
METRICS = {
    "int": (["integer", "Int64", 34], [1, 0, -7, 2**53 + 1, 2**63 - 1]),
    "double": (["double", "numeric", 6], [0.1, -3.5, 4, 1e22, 7.0]),
    "decimal": (["bigDecimal", 30], [1, Decimal("0.000000000000000001"), Decimal("99999999999999999.5")]),
    "text": (["nVarChar", 33], NASTY_TEXTS),
    "date": (["date"], ["2024-01-31", "2024-02-29"]),
    "bool": (["bool"], [True, False]),
}


@st.composite
def units(draw, number, *, totals, ordinary):
    """Draw a unit that is not the metrics: its definition, all elements, and the width of its headers."""
    unit_id, name = f"A{number}", draw(st.sampled_from(["Day", "Store", "Region"]))
    width = draw(st.sampled_from([1, 1, 1, 1, 2, 3]))
    kinds = draw(st.lists(st.sampled_from(list(FORMS)), max_size=3))
    unit = {
        "id": unit_id,
        "name": name,
        "type": "attribute" if kinds else draw(st.sampled_from(["customgroup", "h"])),
    }
    if kinds:
        unit["forms"] = [
            {"id": f"F{at}", "name": f"Form {at}", "dataType": draw(st.sampled_from(FORMS[kind][0]))}
            for at, kind in enumerate(kinds)
        ]
    if width > 1 or draw(st.booleans()):
        unit["headerCount"] = width
    elements = []
    for at in range(draw(st.integers(1, 4))):
        if kinds:
            values = [
                draw(st.sampled_from(PLAIN_TEXTS if ordinary and kind == "text" else FORMS[kind][1]))
                for kind in kinds
            ]
            elements.append({"formValues": values, "id": f"h{at};{unit_id}"})
        else:
            text = draw(st.sampled_from(PLAIN_TEXTS if ordinary else NASTY_TEXTS))
            spelt = st.sampled_from([{"name": text, "id": f"e{at}"}, {"formValues": [text], "id": f"e{at}"}])
            elements.append(draw(spelt | st.just({"name": f"only a name {at}"})))
    if kinds and draw(st.booleans()):
        elements.append({"formValues": [""] * len(kinds), "id": f"h\\N;{unit_id}"})
    if totals:
        elements.append({"formValues": ["Gesamt"], "id": f"j1;{unit_id}", "subtotal": True})
    return unit, elements, width


def shown(header, widths):
    """Blank what is negative or repeated within a unit."""
    result, at = [], 0
    for width in widths:
        part = header[at : at + width]
        result += [
            None if index < 0 or (level and part[level - 1] == index) else index for level, index in enumerate(part)
        ]
        at += width
    return tuple(result)


@st.composite
def axes(draw, numbers, *, totals, ordinary, unique, max_lines):
    drawn = [draw(units(number, totals=totals, ordinary=ordinary)) for number in numbers]
    line = st.tuples(
        *(
            st.integers(-1 if width > 1 or draw(st.integers(0, 9)) == 0 else 0, len(elements) - 1)
            for _, elements, width in drawn
            for _ in range(width)
        )
    )
    widths = [width for _, _, width in drawn]
    unique_by = (lambda header: shown(header, widths)) if unique else None
    lines = draw(st.lists(line, max_size=max_lines, unique_by=unique_by)) if drawn else [()]
    return drawn, lines


def with_metrics(lines, place, metrics, draw):
    """Put the metrics at a place of each header; one in front is the slowest to change."""
    pairs = [(line, metric) for line in lines for metric in range(metrics)]
    order = {line: number for number, line in enumerate(dict.fromkeys(line[:place] for line in lines))}
    if not lines or place < len(lines[0]):
        pairs.sort(key=lambda pair: (order[pair[0][:place]], pair[1]))
    if draw(st.integers(0, 3)) == 0:  # not every line has every metric
        pairs = [pair for pair in pairs if draw(st.integers(0, 4))]
    return [(*line[:place], metric, *line[place:]) for line, metric in pairs]


def place_of(drawn, index):
    return sum(width for _, _, width in drawn[:index])


@st.composite
def grids(draw, *, ordinary=False):
    """Draw a logical grid: the units and headers of both axes, the metrics, and a value and a text per cell."""
    on = draw(st.sampled_from(["columns", "rows", None]))
    totals = draw(st.booleans())
    count = draw(st.integers(0 if on else 1, 3))
    across = draw(st.integers(0, 2)) if on else 0
    rows, row_lines = draw(axes(range(count), totals=totals, ordinary=ordinary, unique=on == "rows", max_lines=6))
    columns, column_lines = draw(
        axes(range(5, 5 + across), totals=totals, ordinary=ordinary, unique=True, max_lines=4)
    )
    kinds = draw(st.lists(st.sampled_from(list(METRICS)), min_size=1, max_size=3)) if on else []
    if draw(st.booleans()):
        kinds = [kinds[0] for _ in kinds]
    metrics = [
        {"name": f"Metric {at}", "id": f"M{at}", "type": draw(st.sampled_from(["metric", "Metric"]))}
        | {"dataType": draw(st.sampled_from(METRICS[kind][0])), "thresholds": [], "min": 1.5}
        for at, kind in enumerate(kinds)
    ]
    index = draw(st.integers(0, count if on == "rows" else across))
    if on == "rows":
        row_lines = with_metrics(row_lines, place_of(rows, index), len(metrics), draw)
        rows = [*rows[:index], None, *rows[index:]]
    elif on == "columns":
        column_lines = with_metrics(column_lines, place_of(columns, index), len(metrics), draw)
        if not across:
            column_lines = [(number,) for number in range(len(metrics))]
        columns = [*columns[:index], None, *columns[index:]]
    at = place_of([unit or (None, None, 1) for unit in (rows if on == "rows" else columns)], index)
    width = len(column_lines) if columns else (1 if on else 0)
    cells = []
    for row in row_lines:
        cells.append([])
        for number in range(width):
            metric = row[at] if on == "rows" else column_lines[number][at]
            value = draw(st.sampled_from([None, *METRICS[kinds[metric]][1]]))
            cells[-1].append((value, "" if value is None else draw(st.sampled_from(["$1.50", "12 %", "x"]))))
    return {"on": on, "rows": rows, "columns": columns, "metrics": metrics, "kinds": kinds} | {
        "row_lines": row_lines,
        "column_lines": column_lines,
        "cells": cells,
    }


def local(unit, elements, headers):
    """Give a unit of a page, its elements in the order in which its headers name them, and its new indices."""
    order = list(dict.fromkeys(index for header in headers for index in header if index >= 0))
    elsewhere = {index: number for number, index in enumerate(order)}
    return unit | {"elements": [elements[index] for index in order]}, elsewhere


def one_axis(units_of_axis, lines, metrics, draw, *, shorten):
    """Write an axis of a page: its units with local elements, and the headers with local indices."""
    written, headers, at = [], [[] for _ in lines], 0
    for unit in units_of_axis:
        width = unit[2] if unit else 1
        mine = [line[at : at + width] for line in lines]
        if unit is None and not shorten:
            metric_unit = {"name": "Metrics", "id": "0" * 32, "type": "templateMetrics", "elements": metrics}
            elsewhere = {number: number for number in range(len(metrics))}
            written.append(metric_unit)
        elif unit is None:
            order = draw(st.permutations(sorted({index for (index,) in mine})))
            elsewhere = {index: number for number, index in enumerate(order)}
            written.append(
                {
                    "name": "Metrics",
                    "id": "0" * 32,
                    "type": "templateMetrics",
                    "elements": [metrics[index] for index in order],
                }
            )
        else:
            written_unit, elsewhere = local(*unit[:2], mine)
            written.append(written_unit)
        for header, part in zip(headers, mine, strict=True):
            header += [elsewhere.get(index, -1) for index in part]
        at += width
    return written, headers


def dump(page):
    """Write JSON with decimals as they stand."""
    numbers = []

    def default(value):
        numbers.append(str(value))
        return f"\x00{len(numbers) - 1}\x00"

    text = json.dumps(page, separators=(",", ":"), default=default, ensure_ascii=False)
    for number, value in enumerate(numbers):
        text = text.replace(f'"\\u0000{number}\\u0000"', value)
    return text.encode()


@st.composite
def cuttings(draw, total):
    sizes, left = [], total
    while left:
        size = min(left, draw(st.sampled_from([1, 1, 2, 3, 7, 100])))
        sizes.append(size)
        left -= size
    return sizes or [0]


def page_of(grid, offset, rows, draw, *, first):
    lines = grid["row_lines"][offset : offset + rows]
    shorten = grid["on"] == "rows" and not first and draw(st.booleans())
    row_units, row_headers = one_axis(grid["rows"], lines, grid["metrics"], draw, shorten=shorten)
    column_units, column_headers = one_axis(
        grid["columns"], grid["column_lines"], grid["metrics"], draw, shorten=False
    )
    places = sum(unit[2] if unit else 1 for unit in grid["columns"])
    transposed = [list(place) for place in zip(*column_headers, strict=True)] or [[] for _ in range(places)]
    cells = grid["cells"][offset : offset + rows] if grid["metrics"] else []
    values = {
        "raw": [[value for value, _ in row] for row in cells],
        "formatted": [[text for _, text in row] for row in cells],
        "extras": [[{} for _ in row] for row in cells],
    }
    return {
        "instanceId": "I1",
        "status": 1,
        "source": {"id": "X"},
        "definition": {
            "grid": {"crossTab": True, "rows": row_units, "columns": column_units, "pageBy": [], "thresholds": []}
        },
        "data": {
            "paging": {"total": len(grid["row_lines"]), "current": len(lines), "offset": offset, "limit": 9},
            "headers": {"rows": row_headers, "columns": transposed},
            "metricValues": values,
        },
    }


def pages_of(grid, sizes, draw):
    pages, offset = [], 0
    for size in sizes:
        pages.append(dump(page_of(grid, offset, size, draw, first=not offset)))
        offset += size
    return pages


# A naive reading of the wire reference, sections 3.6 to 3.12 ----------------------------------------------------


def naive_value(value, data_type):
    if value is None:
        return None
    if data_type in {"integer", "Int64", 1, 34}:
        return int(value) if value != "" else None
    if data_type in {"double", "numeric", 6}:
        return float(value)
    if data_type in {"bigDecimal", 30}:
        return Decimal(value)
    if data_type in {"date", 14}:
        return date.fromisoformat(value) if value else None
    return value


def is_text(data_type):
    return data_type in {"nVarChar", "unknown", 33, None}


def naive_head(axis_units, header):
    """Read one header: (unit, element or None) per place, and the metric."""
    heads, metric, at = [], None, 0
    for unit in axis_units:
        if unit["type"] == "templateMetrics":
            metric, at = unit["elements"][header[at]], at + 1
            continue
        width = unit.get("headerCount", 1)
        for level in range(width):
            index = header[at + level]
            blank = index < 0 or (level > 0 and header[at + level - 1] == index)
            heads.append((unit, None if blank else unit["elements"][index]))
        at += width
    return heads, metric


def naive_forms(unit, element):
    if "forms" not in unit:
        return [None if element is None else (element.get("formValues") or [element["name"]])[0]]
    if element is None or element["id"].startswith("h\\N;"):
        return [None] * len(unit["forms"])
    if element.get("subtotal"):
        return [element["formValues"][0] if is_text(form["dataType"]) else None for form in unit["forms"]]
    return [
        naive_value(value, form["dataType"])
        for value, form in zip(element["formValues"], unit["forms"], strict=True)
    ]


def naive_totals(heads):
    names = [unit["name"] for unit, element in heads if element and element.get("subtotal")]
    return ", ".join(dict.fromkeys(names)) or None


def wanted(totals, subtotals):
    return subtotals == "keep" or (totals is None) == (subtotals == "drop")


def shown_parts(parts, cell, data_type):
    return [cell["formatted"] if part == "formatted" else naive_value(cell["raw"], data_type) for part in parts]


def cells_of(page):
    """List every cell of a page: row number, its heads, the column's heads, the metric, the values."""
    units_of = page["definition"]["grid"]
    data = page["data"]
    headers = data["headers"]["rows"] if units_of["rows"] else [[]] * data["paging"]["current"]
    columns = list(zip(*data["headers"]["columns"], strict=True)) if units_of["columns"] else [()]
    for row, header in enumerate(headers):
        heads, row_metric = naive_head(units_of["rows"], header)
        for number, column in enumerate(columns):
            across, column_metric = naive_head(units_of["columns"], column)
            metric = row_metric or column_metric
            values = (
                {part: data["metricValues"][part][row][number] for part in ("raw", "formatted")} if metric else {}
            )
            yield data["paging"]["offset"] + row, heads, across, metric, values


def naive_tidy(pages, options, metrics, parts):
    """Sort cells into one row per combination of attributes."""
    crossed = any(unit["type"] != "templateMetrics" for unit in pages[0]["definition"]["grid"]["columns"])
    on_rows = any(unit["type"] == "templateMetrics" for unit in pages[0]["definition"]["grid"]["rows"])
    found, order = {}, {}
    for page in pages:
        for row, heads, across, metric, values in cells_of(page):
            ids = [
                tuple(element and element.get("id", element.get("name")) for _, element in h)
                for h in (heads, across)
            ]
            key = ((None if on_rows else row, ids[0]), ids[1])
            order.setdefault(key[0], {})
            order[key[0]].setdefault(key[1], (heads, across))
            if metric:
                found[key, metric["id"]] = values
    result = []
    for row_key, blocks in order.items():
        for column_key, (heads, across) in blocks.items():
            cells = [found.get(((row_key, column_key), metric["id"])) for metric in metrics]
            texts = [form for head in (*heads, *across) for form in naive_forms(*head)]
            totals = naive_totals([*heads, *across])
            values = [
                value
                for cell, metric in zip(cells, metrics, strict=True)
                for value in shown_parts(parts, cell or {"raw": None, "formatted": None}, metric["dataType"])
            ]
            if crossed and all(value is None for value in values):
                continue
            if wanted(totals, options.subtotals):
                result.append([*texts, *values, *([totals] if options.subtotals != "drop" else [])])
    return result


def naive_grid(pages, options, metrics, parts):
    """Keep the rows as they are; a column of several metrics has their common type."""
    kinds = {
        next(kind for kind, (names, _) in METRICS.items() if metric["dataType"] in names) for metric in metrics
    }
    common = None if len(kinds) == 1 else "nVarChar" if kinds - {"int", "double", "decimal"} else "double"
    result = []
    for page in pages:
        units_of, data = page["definition"]["grid"], page["data"]
        on_rows = any(unit["type"] == "templateMetrics" for unit in units_of["rows"])
        lines = [[] for _ in range(data["paging"]["current"])]
        for row, _, across, metric, cell in cells_of(page):
            if metric and (options.subtotals != "drop" or naive_totals(across) is None):
                kind = common if on_rows and common else metric["dataType"]
                texts = as_texts(cell) if kind == "nVarChar" else cell
                lines[row - data["paging"]["offset"]] += shown_parts(parts, texts, kind)
        for at, line in enumerate(lines):
            header = data["headers"]["rows"][at] if units_of["rows"] else []
            heads, metric = naive_head(units_of["rows"], header)
            totals = naive_totals(heads)
            if wanted(totals, options.subtotals):
                texts = naive_grid_heads(units_of["rows"], heads, metric)
                result.append([*texts, *line, *([totals] if options.subtotals != "drop" else [])])
    return result


def naive_grid_heads(units_of_rows, heads, metric):
    texts, left = [], list(heads)
    for unit in units_of_rows:
        if unit["type"] == "templateMetrics":
            texts.append(metric["name"])
        else:
            for _ in range(unit.get("headerCount", 1)):
                texts += naive_forms(*left.pop(0))
    return texts


def as_texts(cell):
    """Spell numbers and truth values as JSON does."""
    raw = cell["raw"]
    if raw is None or isinstance(raw, str):
        return cell
    return cell | {"raw": str(raw).lower() if isinstance(raw, bool) else raw.text}


class Whole(int):
    @property
    def text(self):
        return str(int(self))


class Fraction(Decimal):
    """A number as it stands on the page."""

    def __new__(cls, text):
        self = super().__new__(cls, text)
        self.text = text
        return self


def naive(texts, options):
    pages = [json.loads(text, parse_float=Fraction, parse_int=Whole) for text in texts]
    grid = pages[0]["definition"]["grid"]
    metrics = [
        metric
        for unit in (*grid["rows"], *grid["columns"])
        if unit["type"] == "templateMetrics"
        for metric in unit["elements"]
    ]
    read = naive_tidy if options.layout == "tidy" else naive_grid
    parts = {"raw": ["raw"], "formatted": ["formatted"], "both": ["raw", "formatted"]}[options.values]
    return read(pages, options, metrics, parts)


# Comparing ------------------------------------------------------------------------------------------------------


def rows_of(batches):
    return [[exact(value) for value in row.values()] for batch in batches for row in batch.to_pylist()]


def exact(value):
    return ("double", repr(value)) if isinstance(value, float) else value


def read_all(read, texts, options):
    columns, batches, stitcher = None, [], None
    for text in texts:
        page = read(text, columns, options=options)
        if columns is None:
            columns = page.columns
            stitcher = None if columns.whole_pages else Stitcher(columns)
        assert page.batch.schema.equals(columns.schema, check_metadata=True)
        page.batch.validate(full=True)
        batches.append(page.batch if stitcher is None else stitcher.feed(page.laid))
    if stitcher:
        batches.append(stitcher.finish())
    return [batch for batch in batches if batch is not None]


SERVED = Counter()


@contextmanager
def cutting_small_parts():
    """Cut parts of any size out of pages, and count the pages that the plain decoder had to read."""

    def count(text, *args, **kwargs):
        SERVED["plain"] += 1
        return PLAINLY(text, *args, **kwargs)

    with (
        patch.object(cut, "_SMALL_LIST", 0),
        patch.object(matrix, "_SLICE", 20),
        patch.object(cells, "_SLICE", 20),
        patch.object(decode, "decode_plainly", count),
    ):
        yield


OPTIONS = st.builds(
    GridOptions,
    layout=st.sampled_from(["tidy", "tidy", "grid"]),
    subtotals=st.sampled_from(["drop", "keep", "only"]),
    values=st.sampled_from(["raw", "raw", "formatted", "both"]),
)


@GENERATED
@given(data=st.data(), grid=grids(), options=OPTIONS)
def test_three_readings_of_any_grid_agree(data, grid, options):
    sizes = data.draw(cuttings(len(grid["row_lines"])), label="page sizes")
    texts = pages_of(grid, sizes, data.draw)
    expected = [[exact(value) for value in row] for row in naive(texts, options)]
    before = SERVED["plain"]
    with cutting_small_parts():
        quick = rows_of(read_all(decode.decode_page, texts, options))
    event("plain" if SERVED["plain"] > before else "fast")
    assert rows_of(read_all(PLAINLY, texts, options)) == expected
    assert quick == expected


@GENERATED
@given(data=st.data(), grid=grids(ordinary=True), options=OPTIONS)
def test_ordinary_pages_of_every_layout_stay_on_the_fast_path(data, grid, options):
    """White space, escapes in elements, mixed truth values are not ordinary, and a page without rows is small."""
    assume(grid["row_lines"] and (grid["column_lines"] or not grid["columns"]))
    assume("bool" not in grid["kinds"] or len(set(grid["kinds"])) == 1)
    texts = pages_of(grid, data.draw(cuttings(len(grid["row_lines"]))), data.draw)
    before = SERVED["plain"]
    with cutting_small_parts():
        read_all(decode.decode_page, texts, options)
    assert SERVED["plain"] == before


@GENERATED
@given(data=st.data(), grid=grids(), options=OPTIONS)
def test_any_cutting_into_pages_gives_the_same_table(data, grid, options):
    whole, cut_up = (
        rows_of(read_all(decode.decode_page, pages_of(grid, sizes, data.draw), options))
        for sizes in ([len(grid["row_lines"])], data.draw(cuttings(len(grid["row_lines"]))))
    )
    assert cut_up == whole
