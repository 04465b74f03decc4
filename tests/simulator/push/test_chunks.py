from __future__ import annotations

import base64
import json
from datetime import date, datetime, time
from decimal import Decimal

import polars as pl
import pytest

from mstr_arrow.simulator.push.chunks import COLUMN, ROW, Layout, count_rows, decode, empty, payload_of
from mstr_arrow.simulator.push.definition import DATA_TYPES, PushedColumn, PushedTable
from mstr_arrow.simulator.responses import Refusal


def encoded(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def layout(*types, orientation=ROW, places=None):
    table = PushedTable("t", tuple(PushedColumn(f"c {n}", data_type) for n, data_type in enumerate(types)))
    return Layout(table, orientation, places or tuple(range(len(types))))


def values_of(data_type, *texts):
    """Decode JSON texts as the rows of a column."""
    rows = ",".join(f"[{text}]" for text in texts)
    return decode(encoded(f"[{rows}]"), layout(data_type))["0"].to_list()


@pytest.mark.parametrize(
    ("data_type", "texts", "values"),
    [
        ("STRING", ['"é \\u0000 \\n"', '""', "null"], ["é \0 \n", "", None]),
        ("INTEGER", ["2147483647", "-2147483648", "null"], [2**31 - 1, -(2**31), None]),
        ("BIGINTEGER", ["9223372036854775807", "-9223372036854775808"], [2**63 - 1, -(2**63)]),
        ("DOUBLE", ["0.1", "3", "-0.0", "5e-324", "null"], [0.1, 3.0, -0.0, 5e-324, None]),
        ("BOOL", ["true", "false", "null"], [True, False, None]),
        ("DATE", ['"2024-01-31"', '"2017-12-5"', '"0001-1-1"'], [date(2024, 1, 31), date(2017, 12, 5), date.min]),
        ("TIME", ['"23:59:59"', '"00:00:00.5"'], [time(23, 59, 59), time(0, 0, 0, 500_000)]),
        (
            "DATETIME",
            ['"2024-01-31T11:00:00"', '"2024-1-3T11:00:00.123"', '"9999-12-31T23:59:59.999"'],
            [
                datetime(2024, 1, 31, 11),
                datetime(2024, 1, 3, 11, 0, 0, 123_000),
                datetime(9999, 12, 31, 23, 59, 59, 999_000),
            ],
        ),
    ],
)
def test_values_of_every_type(data_type, texts, values):
    decoded = values_of(data_type, *texts)
    assert [str(value) for value in decoded] == [str(value) for value in values]  # tells -0.0 from 0.0
    assert decoded == values


@pytest.mark.parametrize(
    ("texts", "scale"),
    [
        (["12345678901234567890123456789012345678", "-1", "null"], 0),
        (["0.1", "9007199254740993.25", "-7.000"], 2),
        (["1e-18", "1E+3", "99999999999999999999.999999999999999999"], 18),
        (["0.00000000000000000000000000000000000001"], 38),
        (["0.1000000000000000055511151231257827"], 34),
    ],
)
def test_big_decimals_are_kept_digit_by_digit(texts, scale):
    rows = ",".join(f"[{text}]" for text in texts)
    series = decode(encoded(f"[{rows}]"), layout("BIGDECIMAL"))["0"]
    assert series.dtype == pl.Decimal(38, scale)
    assert series.to_list() == [None if text == "null" else Decimal(text) for text in texts]


@pytest.mark.parametrize(
    ("data_type", "text"),
    [
        ("STRING", "1"),
        ("STRING", "true"),
        ("STRING", "[]"),
        ("INTEGER", "2147483648"),
        ("INTEGER", "-2147483649"),
        ("INTEGER", "1.0"),
        ("INTEGER", "true"),
        ("INTEGER", '"1"'),
        ("BIGINTEGER", "9223372036854775808"),
        ("DOUBLE", "false"),
        ("DOUBLE", '"1.5"'),
        ("BIGDECIMAL", '"1.5"'),
        ("BIGDECIMAL", "true"),
        ("BIGDECIMAL", "1234567890123456789012345678901234567.89"),
        ("BOOL", "1"),
        ("BOOL", '"true"'),
        ("DATE", '"2024-02-30"'),
        ("DATE", '"1/31/2024"'),
        ("DATE", '"2024-01-31T00:00:00.000"'),
        ("DATE", '""'),
        ("TIME", '"24:00:00"'),
        ("TIME", '"10:00"'),
        ("TIME", '"10:00:00.1234"'),
        ("TIME", '"23:59:60"'),
        ("DATETIME", '"2024-01-31 10:00:00"'),
        ("DATETIME", '"2024-01-31T10:00:00Z"'),
        ("DATETIME", '"2024-01-31T10:00:00.123456"'),
        ("DATETIME", '"2024-01-31"'),
        ("DATETIME", '"2024-01-31T10:00:00\\n"'),
    ],
)
def test_refused_value_is_named(data_type, text):
    with pytest.raises(Refusal) as caught:
        values_of(data_type, "null", text)
    shown = json.dumps(json.loads(text), ensure_ascii=False)
    expected = f"Table 't', column 'c 0', row 2 of the chunk: {shown} is not a value of type {data_type}."
    assert (caught.value.status, caught.value.message) == (400, expected)


@pytest.mark.parametrize(
    ("data_type", "text"),
    [
        ("BIGINTEGER", "-9223372036854775809"),
        ("BIGINTEGER", "123456789012345678901234567890"),
        ("BIGDECIMAL", "123456789012345678901234567890123456789"),
    ],
)
def test_number_with_too_many_digits_is_refused(data_type, text):
    with pytest.raises(Refusal, match=f"row 2 of the chunk: .* is not a value of type {data_type}"):
        values_of(data_type, "1", text)


def test_decimals_of_a_chunk_must_fit_together():
    assert values_of("BIGDECIMAL", "1e20") == [10**20]
    with pytest.raises(Refusal, match="row 1 of the chunk"):
        values_of("BIGDECIMAL", "1e20", "1e-20")


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (None, "no 'data'"),
        ("W1sxXV0", "base64"),
        ("W1sx XV0=", "base64"),
        ("W1sxXV0=\n", "base64"),
        (encoded(b'[["\xff"]]'), "UTF-8"),
        (encoded("[[1],]"), "JSON"),
        (encoded("[[NaN]]"), "JSON"),
        (encoded("[[1e999]]"), "JSON"),
        (encoded('{"c": 1}'), "array of arrays"),
        (encoded("[1]"), "array of arrays"),
        (encoded("[[1,2],[3]]"), "Row 2 of a chunk of table 't' has 1 values, not 2"),
        (encoded("[[1,2,3]]"), "Row 1 of a chunk of table 't' has 3 values, not 2"),
    ],
)
def test_refused_chunk_of_rows(data, part):
    with pytest.raises(Refusal, match=part):
        decode(data, layout("INTEGER", "INTEGER"))


@pytest.mark.parametrize("text", ["[]", "[[1]]", "[[1],[2],[3]]", "[[1,2],[3]]"])
def test_refused_chunk_of_columns(text):
    with pytest.raises(Refusal, match="has not 2 columns of one length"):
        decode(encoded(text), layout("INTEGER", "INTEGER", orientation=COLUMN))


def test_rows_and_columns_in_the_order_of_the_headers():
    by_rows = decode(encoded('[["a",1],[null,2]]'), layout("INTEGER", "STRING", places=(1, 0)))
    by_columns = decode(
        encoded('[["a",null],[1,2]]'), layout("INTEGER", "STRING", orientation=COLUMN, places=(1, 0))
    )
    assert by_rows.to_dict(as_series=False) == {"0": [1, 2], "1": ["a", None]}
    assert by_columns.equals(by_rows)


@pytest.mark.parametrize(("orientation", "text"), [(ROW, "[]"), (COLUMN, json.dumps([[]] * len(DATA_TYPES)))])
def test_chunk_without_rows_has_all_types(orientation, text):
    wanted = layout(*DATA_TYPES, orientation=orientation)
    assert decode(encoded(text), wanted).schema == empty(wanted.table).schema


@pytest.mark.parametrize(("orientation", "text"), [(ROW, '[[1,"x"],[2,3],[4,5]]'), (COLUMN, '[[1,"x",2],[3,4,5]]')])
def test_counting_looks_at_the_shape_only(orientation, text):
    assert count_rows(payload_of(encoded(text)), layout("DATE", "BOOL", orientation=orientation)) == 3
    with pytest.raises(Refusal):
        count_rows(payload_of(encoded("[[1]]")), layout("DATE", "BOOL", orientation=orientation))
