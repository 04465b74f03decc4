"""What layouts other than the tabular one are refused for, and what they must not be mistaken in."""

from __future__ import annotations

import json
from decimal import Decimal
from unittest.mock import patch

import pyarrow as pa
import pytest

from mstr_arrow.errors import DataMismatch, ProtocolError
from mstr_arrow.grid import decode
from mstr_arrow.grid.grid_options import GridOptions
from mstr_arrow.grid.stitch import Stitcher

PLAINLY = decode.decode_plainly
BOTH = pytest.mark.parametrize("read", [decode.decode_page, decode.decode_plainly])
WIDE = GridOptions(layout="grid")


def page(rows, columns, *, headers, across, raw, offset=0):
    """Encode a page of any layout."""
    page = {
        "instanceId": "I1",
        "definition": {"grid": {"rows": rows, "columns": columns}},
        "data": {
            "paging": {"total": 99, "current": len(raw), "offset": offset},
            "headers": {"rows": headers, "columns": across},
            "metricValues": {"raw": raw},
        },
    }
    return json.dumps(page, separators=(",", ":")).encode()


def on_metrics(*metrics):
    return {"name": "Metrics", "id": "0" * 32, "type": "templateMetrics", "elements": list(metrics)}


@pytest.fixture
def day(make):
    return make.attribute("Day", ("ID", "nVarChar"), elements=[["Mon"], ["Tue"], ["Wed"]])


@pytest.fixture
def store(make):
    total = {"formValues": ["Total"], "id": "j1;Store", "subtotal": True}
    return make.attribute("Store", ("ID", "integer"), elements=[["1"], ["2"], total])


@BOTH
def test_two_data_columns_for_the_same_attributes_are_refused_with_a_way_out(make, day, store, read):
    columns = [store, on_metrics(make.metric("Sales"))]
    text = page([day], columns, headers=[[0]], across=[[0, 0], [0, 0]], raw=[[1, 2]])
    with pytest.raises(DataMismatch, match='layout="grid"'):
        read(text)
    table = read(text, options=WIDE).batch
    assert table.to_pylist() == [{"Day": "Mon", "1 | Sales": 1.0, "1 | Sales (2)": 2.0}]


@BOTH
def test_two_rows_of_one_metric_for_the_same_attributes_are_refused_with_a_way_out(make, day, read):
    text = page([day, on_metrics(make.metric("Sales"))], [], headers=[[0, 0], [0, 0]], across=[], raw=[[1], [2]])
    with pytest.raises(DataMismatch, match='layout="grid"'):
        read(text)
    kept = read(text, options=WIDE).batch
    assert kept.to_pydict() == {"Day": ["Mon", "Mon"], "Metrics": ["Sales", "Sales"], "Value": [1.0, 2.0]}


@BOTH
def test_two_rows_of_one_metric_on_two_pages_are_refused_with_a_way_out(make, day, read):
    text = page([day, on_metrics(make.metric("Sales"))], [], headers=[[0, 0]], across=[], raw=[[1]])
    first = read(text)
    stitcher = Stitcher(first.columns)
    stitcher.feed(first.laid)
    with pytest.raises(DataMismatch, match='layout="grid"'):
        stitcher.feed(read(text, first.columns).laid)


@BOTH
def test_data_columns_that_change_between_pages_are_resolved_anew_when_tidy_and_refused_when_wide(
    make, day, store, read
):
    columns = [store, on_metrics(make.metric("Sales"))]
    texts = [
        page([day], columns, headers=[[0]], across=[[0, 1], [0, 0]], raw=[[1, 2]]),
        page([day], columns, headers=[[1]], across=[[1, 0], [0, 0]], raw=[[20, 10]], offset=1),
    ]
    first = read(texts[0])
    second = read(texts[1], first.columns).batch.to_pylist()
    assert second == [{"Day": "Tue", "Store": 2, "Sales": 20.0}, {"Day": "Tue", "Store": 1, "Sales": 10.0}]
    wide = read(texts[0], options=WIDE)
    with pytest.raises(DataMismatch, match="other columns"):
        read(texts[1], wide.columns, options=WIDE)


@BOTH
def test_a_header_without_a_metric_is_refused(make, day, read):
    on_rows = page([day, on_metrics(make.metric("Sales"))], [], headers=[[0, -1]], across=[], raw=[[1]])
    on_columns = page([day], [on_metrics(make.metric("Sales"))], headers=[[0]], across=[[-1]], raw=[[1]])
    for text in (on_rows, on_columns):
        with pytest.raises(ProtocolError, match="refers to element -1"):
            read(text)


@BOTH
def test_an_attribute_on_rows_and_columns_keeps_both_its_places(make, day, read):
    columns = [day, on_metrics(make.metric("Sales"))]
    text = page([day], columns, headers=[[0], [1]], across=[[1, 2], [0, 0]], raw=[[1, None], [3, 4]])
    assert read(text).batch.to_pydict() == {
        "Day": ["Mon", "Tue", "Tue"],
        "Day (2)": ["Tue", "Tue", "Wed"],
        "Sales": [1.0, 3.0, 4.0],
    }


@BOTH
def test_an_attribute_named_as_the_subtotals_keeps_its_name(make, read):
    total = {"formValues": ["Total"], "id": "j1;S", "subtotal": True}
    unit = make.attribute("Subtotal Of", ("ID", "nVarChar"), elements=[["a"], total])
    text = page([unit], [on_metrics(make.metric("Sales"))], headers=[[0], [1]], across=[[0]], raw=[[1], [1]])
    batch = read(text, options=GridOptions(subtotals="keep")).batch
    assert batch.to_pydict() == {
        "Subtotal Of": ["a", "Total"],
        "Sales": [1.0, 1.0],
        "Subtotal Of (2)": [None, "Subtotal Of"],
    }


@pytest.mark.parametrize("plainly", [False, True])
def test_metrics_of_any_type_stand_on_rows_exactly(make, day, plainly):
    kinds = [("Id", "int64"), ("Price", "bigDecimal"), ("Note", "nVarChar"), ("Rate", "double"), ("Ok", "bool")]
    metrics = on_metrics(*(make.metric(name, kind) for name, kind in kinds))
    text = page([day, metrics], [], headers=[[0, n] for n in range(5)], across=[], raw=[["x"]] * 5)
    cells = b'[[9007199254740993],[12345678901234567890.000000000000000001],["1.5"],[1.50],[true]]'
    text = text.replace(b'[["x"],["x"],["x"],["x"],["x"]]', cells)
    with patch.object(decode, "decode_plainly", side_effect=AssertionError("not the fast path")):
        found = (PLAINLY if plainly else decode.decode_page)(text).batch
    assert found.to_pylist() == [
        {
            "Day": "Mon",
            "Id": 2**53 + 1,
            "Price": Decimal("12345678901234567890.000000000000000001"),
            "Note": "1.5",
            "Rate": 1.5,
            "Ok": True,
        }
    ]


@pytest.mark.parametrize("layout", ["tidy", "grid"])
@BOTH
def test_types_are_set_in_every_layout(make, day, store, read, layout):
    columns = [store, on_metrics(make.metric("Sales"), make.metric("Units", "integer"))]
    text = page([day], columns, headers=[[0]], across=[[0, 0], [0, 1]], raw=[[1.25, 7]])
    names = ("Sales", "Units") if layout == "tidy" else ("1 | Sales", "1 | Units")
    types = dict(zip(names, (pa.decimal128(9, 2), pa.string()), strict=True))
    row = read(text, options=GridOptions(layout=layout, types=types)).batch.to_pylist()[0]
    assert [row[name] for name in names] == [Decimal("1.25"), "7"]


@BOTH
def test_where_metrics_are_innermost_only_the_last_row_is_held(make, day, read):
    metrics = on_metrics(make.metric("Sales"), make.metric("Units"))
    headers = [[row, metric] for row in range(3) for metric in range(2)]
    first = read(page([day, metrics], [], headers=headers[:5], across=[], raw=[[n] for n in range(5)]))
    stitcher = Stitcher(first.columns)
    assert stitcher.feed(first.laid).to_pydict() == {
        "Day": ["Mon", "Tue"],
        "Sales": [0.0, 2.0],
        "Units": [1.0, 3.0],
    }
    assert [held.batch.num_rows for held in stitcher._held] == [1]
    last = read(page([day, metrics], [], headers=headers[5:], across=[], raw=[[5]], offset=5), first.columns)
    assert stitcher.feed(last.laid) is None
    assert stitcher.finish().to_pydict() == {"Day": ["Wed"], "Sales": [4.0], "Units": [5.0]}


@BOTH
def test_totals_of_more_attributes_than_a_byte_has_bits_are_all_named(make, read):
    total = {"formValues": ["Total"], "id": "j1;A", "subtotal": True}
    units = [make.attribute(f"A{at}", ("ID", "nVarChar"), elements=[["x"], total]) for at in range(9)]
    headers = [[0] * 9, [1] * 9, [0] * 8 + [1], [1] + [0] * 8]
    columns = [on_metrics(make.metric("Sales"))]
    text = page(units, columns, headers=headers, across=[[0]], raw=[[1], [2], [3], [4]])
    batch = read(text, options=GridOptions(subtotals="keep")).batch
    names = ", ".join(f"A{at}" for at in range(9))
    assert batch.column(batch.num_columns - 1).to_pylist() == [None, names, "A8", "A0"]
    assert read(text, options=GridOptions(subtotals="only")).batch.num_rows == 3
    assert read(text).batch.num_rows == 1
