"""What a page becomes, and what is said of a page that becomes nothing."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from unittest.mock import patch

import pyarrow as pa
import pytest

from mstr_arrow.errors import ConversionError, DataMismatch, ProtocolError, UsageError
from mstr_arrow.grid import cut, decode, exact
from mstr_arrow.grid.grid_options import GridOptions

PLAINLY = decode.decode_plainly


def decode_page(text, columns=None, types=None):
    return decode.decode_page(text, columns, options=GridOptions(types=types or {}))


def decode_plainly(text, columns=None, types=None):
    return PLAINLY(text, columns, options=GridOptions(types=types or {}))


TEXT = pa.dictionary(pa.int32(), pa.string())
BOTH = pytest.mark.parametrize("read", [decode_page, decode_plainly])


@pytest.fixture
def fast_only(monkeypatch):
    """Let no page be read by the plain decoder."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("the fast path did not recognise the page")

    monkeypatch.setattr(decode, "decode_plainly", refuse)


def values(page, name):
    return page.batch.column(name).to_pylist()


def refusal(read, text, error, **kwargs):
    with pytest.raises(error) as caught:
        read(text, **kwargs)
    return caught.value


# Columns: names, types, metadata


@BOTH
def test_fields_carry_role_ids_and_the_servers_type(make, read):
    store = make.attribute("Store", ("ID", "Int64"), ("DESC", "nVarChar"), elements=[["7", "Lyon"]])
    page = read(make.page([store], [make.metric("Units", "short")], headers=[[0]], raw=[[3]]))
    schema = page.batch.schema
    assert schema.names == ["Store@ID", "Store@DESC", "Units"]
    assert schema.types == [pa.int64(), TEXT, pa.int64()]
    assert schema.field("Store@DESC").metadata == {
        b"mstr.role": b"attribute",
        b"mstr.id": b"Store-id",
        b"mstr.form_id": b"DESC-id",
        b"mstr.attribute": b"Store",
        b"mstr.form": b"DESC",
        b"mstr.data_type": b"nvarchar",
    }
    assert schema.field("Units").metadata == {
        b"mstr.role": b"metric",
        b"mstr.id": b"Units-id",
        b"mstr.data_type": b"short",
    }
    assert page.batch.to_pylist() == [{"Store@ID": 7, "Store@DESC": "Lyon", "Units": 3}]
    assert (page.instance_id, page.paging.total, page.paging.offset) == ("I1", 1000, 0)


@BOTH
def test_columns_of_one_name_are_told_apart(make, read):
    day = make.attribute("Sales", ("ID", "date"), elements=[["2024-01-31"]])
    page = read(make.page([day], [make.metric("Sales"), make.metric("Sales")], headers=[[0]], raw=[[1.5, 2]]))
    assert page.batch.to_pydict() == {"Sales": [date(2024, 1, 31)], "Sales (2)": [1.5], "Sales (3)": [2.0]}


@BOTH
def test_data_types_given_by_number_and_a_metric_type_in_capitals_are_known(make, read):
    day = make.attribute("Day", ("ID", 14), elements=[["2024-01-31"]])
    units = make.metric("Units", 34) | {"type": "Metric"}
    page = read(make.page([day], [units, make.metric("Name", 33)], headers=[[0]], raw=[[2**53 + 1, "x"]]))
    assert page.batch.schema.types == [pa.date32(), pa.int64(), TEXT]
    assert page.batch.to_pylist() == [{"Day": date(2024, 1, 31), "Units": 2**53 + 1, "Name": "x"}]


@BOTH
@pytest.mark.parametrize("data_type", [None, "unknown", "reserved", "numeric", "decimal"])
def test_a_metric_without_a_telling_type_is_a_double(make, read, data_type):
    page = read(make.one_metric("[[3],[2.5]]", data_type, rows=2))
    assert page.batch.schema.field("Revenue").type == pa.float64()
    assert values(page, "Revenue") == [3.0, 2.5]


@BOTH
def test_more_metrics_than_fit_a_small_list_are_read(make, read):
    metrics = [make.metric(f"M{n}", numberFormatting={"formatString": "0" * 200}) for n in range(40)]
    assert len(json.dumps(metrics)) > 2 * cut._SMALL_LIST
    page = read(make.page(metrics=metrics, raw=[list(range(40))]))
    assert page.batch.to_pylist() == [{f"M{n}": float(n) for n in range(40)}]


@pytest.mark.usefixtures("fast_only")
def test_a_wide_grid_with_long_page_by_lists_stays_on_the_fast_path(make):
    metrics = [make.metric(f"M{n}", numberFormatting={"formatString": "0" * 200}) for n in range(40)]
    text = make.page(metrics=metrics, raw=[list(range(40))])
    year = make.attribute("Year", ("ID", "integer"), elements=[[str(n)] for n in range(500)])
    text = text.replace(
        b'"columns":[{', b'"pageBy":[%b],"columns":[{' % json.dumps(year, separators=(",", ":")).encode()
    )
    assert decode_page(text).batch.num_columns == 40


# Layouts


@BOTH
def test_attributes_alone(make, read):
    day = make.attribute("Day", ("ID", "date"), elements=[["2024-01-31"], ["2024-02-29"]])
    page = read(make.page([day], headers=[[1], [0], [1]]))
    assert values(page, "Day") == [date(2024, 2, 29), date(2024, 1, 31), date(2024, 2, 29)]


@BOTH
@pytest.mark.parametrize("headers", [[], [[]]])
def test_metrics_alone(make, read, headers):
    page = read(make.page(metrics=[make.metric("Revenue")], headers=headers, raw=[[1.5]]))
    assert page.batch.to_pylist() == [{"Revenue": 1.5}]


@BOTH
def test_an_empty_result_has_the_same_schema(make, read):
    def text(elements, headers, raw):
        day = make.attribute("Day", ("ID", "date"), ("DESC", "varChar"), elements=elements)
        return make.page([day], [make.metric("Units", "integer")], headers=headers, raw=raw)

    full, empty = read(text([["2024-01-31", "x"]], [[0]], [[1]])), read(text([], [], []))
    assert empty.batch.num_rows == 0
    assert empty.batch.schema.equals(full.batch.schema, check_metadata=True)


@BOTH
def test_an_empty_last_page_has_the_columns_of_the_first(make, read):
    first = read(make.one_metric("[[1]]", "integer"))
    last = read(make.one_metric("[]", "integer", rows=0, offset=1), first.columns)
    assert last.batch.num_rows == 0
    assert last.batch.schema.equals(first.batch.schema, check_metadata=True)


@BOTH
def test_no_metric_values_at_all_are_no_metric_values(make, read):
    day = make.attribute("Day", ("ID", "date"), elements=[["2024-01-31"]])
    text = make.page([day], headers=[[0]]).replace(b'{"raw":[]}', b"null")
    assert read(text).batch.num_rows == 1


# Elements


@BOTH
def test_null_elements_are_known_by_their_id_and_empty_texts_stay(make, read):
    store = make.attribute("Store", ("ID", "integer"), ("DESC", "varChar"), elements=[["1", ""], None, ["2", "x"]])
    page = read(make.page([store], headers=[[0], [1], [2]]))
    assert values(page, "Store@ID") == [1, None, 2]
    assert values(page, "Store@DESC") == ["", None, "x"]


@BOTH
@pytest.mark.parametrize("few", [[""], []])
def test_a_null_element_may_have_fewer_values_than_forms(make, read, few):
    null = {"formValues": few, "id": "h\\N;S"}
    store = make.attribute("Store", ("ID", "integer"), ("DESC", "varChar"), elements=[["1", "a"], null, ["2", "b"]])
    page = read(make.page([store], headers=[[2], [1], [0]]))
    assert values(page, "Store@ID") == [2, None, 1]
    assert values(page, "Store@DESC") == ["b", None, "a"]


@BOTH
def test_elements_of_one_text_share_a_dictionary_entry(make, read):
    store = make.attribute("Store", ("DESC", "varChar"), elements=[["Paris"], ["Lyon"], ["Paris"]])
    column = read(make.page([store], headers=[[0], [1], [2]])).batch.column("Store")
    assert column.to_pylist() == ["Paris", "Lyon", "Paris"]
    assert sorted(column.dictionary.to_pylist()) == ["Lyon", "Paris"]


@BOTH
def test_a_negative_index_is_blank(make, read):
    day = make.attribute("Day", ("ID", "date"), elements=[["2024-01-31"]])
    assert values(read(make.page([day], headers=[[-1], [0]])), "Day") == [None, date(2024, 1, 31)]


@BOTH
def test_rows_of_subtotals_are_dropped(make, read):
    total = {"formValues": ["Total"], "id": "j1;D", "subtotal": True}
    text = make.page([make.attribute("Store", ("ID", "varChar"), elements=[["1"], total])], headers=[[0], [1]])
    assert values(read(text), "Store") == ["1"]


@BOTH
@pytest.mark.parametrize(
    ("element", "words"),
    [
        ({"formValues": [[7]], "id": "h"}, "the value [7], which is no text"),
        ({"formValues": ["a", "b"], "id": "h"}, "['a', 'b'], not 1 of them"),
        ({"id": "h"}, "the form values None, not 1 of them"),
        ("a", "lacks a part"),
    ],
)
def test_elements_of_another_shape_are_no_page(make, read, element, words):
    text = make.page([make.attribute("Store", ("ID", "varChar"), elements=[["a"]])], headers=[[0]])
    text = text.replace(b'{"formValues":["a"],"id":"h0;Store"}', json.dumps(element).encode())
    assert words in str(refusal(read, text, ProtocolError))


@BOTH
@pytest.mark.parametrize("width", [-1, -(2**40), 257, 8_000, 10**9])
def test_a_unit_of_more_positions_than_there_can_be_is_refused(make, read, width):
    unit = make.attribute("Store", ("ID", "varChar"), elements=[["a"]]) | {"headerCount": width}
    assert f"{width} stands where a number of positions from 1 to 256 is due" in str(
        refusal(read, make.page([unit], headers=[[0]]), ProtocolError)
    )


@BOTH
@pytest.mark.parametrize("named", ["attribute", "form", "metric"])
def test_a_name_of_more_than_a_million_letters_is_refused(make, read, named):
    long = "\x1b" + "n" * 2**20
    unit = make.attribute(long if named == "attribute" else "Store", ("ID", "varChar"), elements=[["a"]])
    if named == "form":
        unit["forms"][0]["name"] = long
    metrics = [make.metric(long if named == "metric" else "Units", "int32")]
    text = make.page([unit], metrics=metrics, headers=[[0]], raw=[[1]])
    assert "a text of 1,048,577 letters stands where a name of at most 1,048,576 is due" in str(
        refusal(read, text, ProtocolError)
    )


@BOTH
@pytest.mark.parametrize("part", ["total", "current", "offset"])
@pytest.mark.parametrize("number", [-1, 2**53 + 1])
def test_a_count_of_rows_that_none_can_be_is_refused(make, read, part, number):
    page = json.loads(make.page([make.attribute("Store", ("ID", "varChar"), elements=[["a"]])], headers=[[0]]))
    page["data"]["paging"][part] = number
    assert f"{number} is no number of rows" in str(refusal(read, json.dumps(page).encode(), ProtocolError))


# Values and overrides


@BOTH
def test_an_error_names_column_row_value_and_the_way_out(make, read):
    error = refusal(read, make.one_metric("[[1],[2.5],[3]]", "integer", rows=3, offset=50_000), ConversionError)
    assert (error.column, error.row) == ("Revenue", 50_001)
    assert str(error) == (
        "ConversionError: 2.5 in column 'Revenue', row 50001, does not fit int64 exactly (the server calls the "
        "column 'integer'). Choose a type that holds it: types={'Revenue': pa.string()} takes any value; "
        "on_bad_value={'Revenue': 'null'} makes null of such values."
    )


@BOTH
def test_an_error_in_a_form_names_the_first_row_that_shows_it(make, read):
    day = make.attribute("Day", ("ID", "date"), elements=[["2024-01-31"], ["1/31/2024"], ["soon"]])
    error = refusal(read, make.page([day], headers=[[0], [-1], [2], [1]], offset=10), ConversionError)
    assert (error.column, error.row) == ("Day", 12)
    assert "'soon'" in error.message


@BOTH
def test_a_bad_text_that_no_row_shows_harms_nobody(make, read):
    day = make.attribute("Day", ("ID", "date"), elements=[["2024-01-31"], ["soon"]])
    assert values(read(make.page([day], headers=[[0]])), "Day") == [date(2024, 1, 31)]


@BOTH
def test_a_long_value_is_shown_shortened(make, read):
    error = refusal(read, make.one_metric(json.dumps([["x" * 5000]]), "date"), ConversionError)
    assert len(str(error)) < 400


@BOTH
@pytest.mark.parametrize(
    ("cell", "data_type"),
    [
        *(("1e400", "double"), ("-1e400", "double"), ('" 5"', "double"), ('"abc"', "double"), ("true", "double")),
        *(("1e99999999", "integer"), ("9223372036854775808", "integer"), ("9007199254740993.5", "integer")),
        *(("3.00000000000000000001", "integer"), ('"0x10"', "integer"), ('"1.5"', "integer"), ("true", "integer")),
        *(("1e-19", "bigDecimal"), ("1e30", "bigDecimal"), ('"x"', "bigDecimal"), ("[1]", "bigDecimal")),
        *(
            ("5", "date"),
            ('"31.1.2024"', "date"),
            ('"yes"', "bool"),
            ("2", "bool"),
            ("[1]", "varChar"),
            ("{}", "date"),
        ),
        *(("[]", "integer"), ("{}", "double"), ("[0,[1],0]", "integer")),
    ],
)
def test_values_that_do_not_fit_exactly_are_refused(make, read, cell, data_type):
    error = refusal(read, make.one_metric(f"[[null],[{cell}]]", data_type, rows=2), ConversionError)
    assert (error.column, error.row) == ("Revenue", 1)


@BOTH
@pytest.mark.parametrize(
    ("raw", "data_type", "expected"),
    [
        ("[[3.0],[3],[null],[1e3],[-0.0]]", "integer", [3, 3, None, 1000, 0]),
        ("[[9007199254740993.0],[9223372036854775807.0]]", "integer", [2**53 + 1, 2**63 - 1]),
        ('[["9223372036854775807"],["-1"]]', "integer", [2**63 - 1, -1]),
        ("[[0.1],[18446744073709551617],[1.5e-3]]", "bigDecimal", ["0.1", "18446744073709551617", "0.0015"]),
        (
            '[["12345678901234567890.123456789012345678"]]',
            "bigDecimal",
            ["12345678901234567890.123456789012345678"],
        ),
        ('[["2024-01-31"],[null],[""]]', "date", [date(2024, 1, 31), None, None]),
        ('[["2024-01-31T10:20:30.5Z"]]', "timeStamp", [datetime(2024, 1, 31, 10, 20, 30, 500_000)]),
        ('[[true],[0],["1"],["False"]]', "bool", [True, False, True, False]),
        ('[["a"],[1.50],[null],["null"],[""],[true]]', "varChar", ["a", "1.50", None, "null", "", "true"]),
        (
            '[["a"],["b,"],["c]"],["]],["],["[[d"],["\\u00e9\\n"]]',
            "varChar",
            ["a", "b,", "c]", "]],[", "[[d", "é\n"],
        ),
        ("[[1.7976931348623157e308],[5e-324],[1]]", "double", [1.7976931348623157e308, 5e-324, 1.0]),
    ],
)
def test_values_arrive_exactly(make, read, raw, data_type, expected):
    found = values(read(make.one_metric(raw, data_type, rows=len(expected))), "Revenue")
    assert found == [Decimal(value) if data_type == "bigDecimal" else value for value in expected]


@BOTH
def test_a_number_beyond_double_elsewhere_on_the_page_does_not_matter(make, read):
    metric = make.metric("Units", 1, min="MIN")
    text = make.page(metrics=[metric], raw=[[5], [6]]).replace(b'"MIN"', b"1e400")
    assert read(text).batch.to_pylist() == [{"Units": 5}, {"Units": 6}]


@BOTH
def test_a_decimal_override_is_exact_or_refused(make, read):
    money = {"Revenue": pa.decimal128(18, 2)}
    page = read(make.one_metric("[[0.10],[1],[62033.4500000000],[null]]", rows=4), types=money)
    assert page.batch.schema.field("Revenue").type == pa.decimal128(18, 2)
    assert values(page, "Revenue") == [Decimal("0.10"), Decimal(1), Decimal("62033.45"), None]
    error = refusal(read, make.one_metric("[[0.10],[0.125]]", rows=2), ConversionError, types=money)
    assert (error.row, "0.125 in column" in error.message) == (1, True)


@BOTH
@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), TEXT, pa.dictionary(pa.int8(), pa.large_string())]
)
def test_a_number_as_text_is_the_text_on_the_page(make, read, kind):
    raw = "[[0.10],[62033.4500000000],[9007199254740993],[null],[1E5],[1e400]]"
    page = read(make.one_metric(raw, rows=6), types={"Revenue": kind})
    assert page.batch.schema.field("Revenue").type == TEXT
    assert values(page, "Revenue") == ["0.10", "62033.4500000000", "9007199254740993", None, "1E5", "1e400"]


@BOTH
def test_a_smaller_type_is_taken_if_the_values_fit(make, read):
    assert values(read(make.one_metric("[[255],[0]]", rows=2), types={"Revenue": pa.uint8()}), "Revenue") == [
        255,
        0,
    ]
    assert values(read(make.one_metric("[[0.5]]"), types={"Revenue": pa.float32()}), "Revenue") == [0.5]
    for cell, kind in (("256", pa.uint8()), ("-1", pa.uint8()), ("1e39", pa.float32())):
        refusal(read, make.one_metric(f"[[{cell}]]"), ConversionError, types={"Revenue": kind})


@BOTH
def test_time_stamps_in_other_units(make, read):
    text = make.one_form(["2024-01-31T10:20:30.123456789", "2024-01-31 10:20:30.100000000"], "timeStamp")
    nano = read(text, types={"Day": pa.timestamp("ns")}).batch.column("Day").cast(pa.int64()).to_pylist()
    assert nano == [1_706_696_430_123_456_789, 1_706_696_430_100_000_000]
    error = refusal(read, text, ConversionError)
    assert (error.row, error.column) == (0, "Day")
    milli = read(make.one_form(["2024-01-31T10:20:30.123000"], "timeStamp"), types={"Day": pa.timestamp("ms")})
    assert values(milli, "Day") == [datetime(2024, 1, 31, 10, 20, 30, 123_000)]
    metric = make.one_metric('[["2024-01-31T10:20:30.123456789"]]', "timeStamp")
    column = read(metric, types={"Revenue": pa.timestamp("ns")}).batch.column("Revenue")
    assert column.cast(pa.int64()).to_pylist() == nano[:1]


@BOTH
def test_an_unknown_name_in_types_is_refused_with_the_near_one(make, read):
    error = refusal(read, make.one_metric("[[1]]"), UsageError, types={"Revenu": pa.string()})
    assert "'Revenu'" in str(error)
    assert "Did you mean 'Revenue'?" in str(error)
    error = refusal(read, make.one_metric("[[1]]"), UsageError, types={"xyz": pa.string()})
    assert "There are: 'Revenue'." in str(error)


@BOTH
@pytest.mark.parametrize(
    "kind", [pa.list_(pa.int64()), pa.binary(), pa.null(), pa.dictionary(pa.int8(), pa.int64())]
)
def test_a_type_that_no_column_can_have_is_refused(make, read, kind):
    error = refusal(read, make.one_metric("[[1]]"), UsageError, types={"Revenue": kind})
    assert "in column 'Revenue'" in str(error)


# The fast path


@pytest.mark.usefixtures("fast_only")
def test_the_fast_path_reads_short_null_elements(make):
    null = {"formValues": [""], "id": "h\\N;S"}
    store = make.attribute("Store", ("ID", "integer"), ("DESC", "varChar"), elements=[["1", "a"], null])
    page = decode_page(make.page([store], headers=[[1], [0]]))
    assert page.batch.to_pylist() == [{"Store@ID": None, "Store@DESC": None}, {"Store@ID": 1, "Store@DESC": "a"}]


@pytest.mark.usefixtures("fast_only")
@pytest.mark.parametrize(
    ("raw", "data_type"),
    [
        ("[[1.5],[null],[-0.0]]", "double"),
        ("[[3.0],[3],[null]]", "integer"),
        ("[[0.10],[12345678901234567890.123456789],[null]]", "bigDecimal"),
        ('[["é: a, b"],[null],["null"]]', "varChar"),
        ('[["2024-01-31"],["2024-02-29T00:00:00Z"],[null]]', "date"),
        ("[[true],[false],[null]]", "bool"),
        ('[[1.50],["5"],[null]]'.replace('"5"', "5"), "varChar"),
    ],
)
def test_the_fast_path_reads_metrics_of_every_kind(make, raw, data_type):
    text = make.one_metric(raw, data_type, rows=3)
    assert values(decode_page(text), "Revenue") == values(decode_plainly(text), "Revenue")


@pytest.mark.parametrize("bad", [b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\udc00"])
@pytest.mark.parametrize("small_list", [0, 4096])
@BOTH
def test_what_is_no_unicode_is_an_error_and_never_a_value(make, read, bad, small_list):
    day = make.attribute("Day", ("ID", "varChar"), elements=[["BAD"], ["a"]])
    text = make.page([day], [make.metric("M", "varChar")], headers=[[0], [1]], raw=[["x"], ["y"]])
    for place in (b'"BAD"', b'"x"'):
        with patch.object(cut, "_SMALL_LIST", small_list):
            refusal(read, text.replace(place, b'"%b"' % bad), ConversionError)


# What is no page


@BOTH
@pytest.mark.parametrize(
    "text",
    [b"", b"<html><body>Bad Gateway</body></html>", b'{"instanceId":"I1","status"', b"{'a':1}", b"NaN", b"\xff"],
)
def test_what_is_not_json_is_shown_by_its_beginning(read, text):
    error = refusal(read, text, ProtocolError)
    assert f"page of {len(text)} bytes is not JSON" in str(error)
    assert repr(text.decode("utf-8", "replace")[:20])[1:-2] in str(error)


@BOTH
def test_a_page_cut_off_is_an_error(make, read):
    text = make.one_metric("[[1.5],[2.5]]", rows=2)
    assert "not JSON" in str(refusal(read, text[:-12], ProtocolError))


@BOTH
@pytest.mark.parametrize("text", [b"[]", b"{}", b"5", b"null", b'{"code":"ERR001"}', b'{"status":1,"data":{}}'])
def test_json_that_is_no_page_is_an_error(read, text):
    refusal(read, text, ProtocolError)


@BOTH
def test_prompts_and_running_instances_are_named(make, read):
    assert "prompts" in str(refusal(read, make.page(status=2), ProtocolError))
    assert "status 5" in str(refusal(read, b'{"instanceId":"I1","status":5}', ProtocolError))


@BOTH
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"headers": [[0]], "current": 2}, "says it has 2 rows but brings 1 row headers"),
        ({"headers": [[0], [0]], "raw": [[1]]}, "says it has 2 rows but brings 1 metric values"),
        ({"headers": [[0]], "raw": []}, "says it has 1 rows but brings 0 metric values"),
        ({"headers": [], "raw": [[1]], "current": 1}, "says it has 1 rows but brings 0 row headers"),
    ],
)
def test_rows_that_were_promised_and_did_not_come_are_an_error(make, read, change, words):
    day = make.attribute("Day", ("ID", "date"), elements=[["2024-01-31"]])
    error = refusal(read, make.page([day], [make.metric("M")], **({"raw": [[1]]} | change)), DataMismatch)
    assert words in str(error)


@BOTH
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"headers": [[0], [1]]}, "refers to element 1 of 1"),
        ({"headers": [[0], [None]]}, "refers to element None of 1"),
        ({"headers": [[0], [0.5]]}, "refers to element 0.5 of 1"),
        ({"headers": [[0], [0, 0]]}, "Row 1 has not exactly 1 row headers, one for each of 'Day'"),
        ({"headers": [[0], []]}, "Row 1 has not exactly 1 row headers"),
        ({"headers": [[0], 0]}, "Row 1 has not exactly 1 row headers"),
        ({"raw": [[1], [1, 2]]}, "Row 1 has not exactly 1 metric values, one for each of 'M'"),
        ({"raw": [[1], []]}, "Row 1 has not exactly 1 metric values"),
        ({"raw": [[], []]}, "Row 0 has not exactly 1 metric values"),
    ],
)
def test_matrices_of_another_shape_are_an_error(make, read, change, words):
    day = make.attribute("Day", ("ID", "date"), elements=[["2024-01-31"]])
    parts = {"headers": [[0], [0]], "raw": [[1], [2]]} | change
    assert words in str(refusal(read, make.page([day], [make.metric("M")], **parts), ProtocolError))


@BOTH
def test_a_later_page_with_other_columns_is_an_error(make, read):
    first = read(make.one_metric("[[1]]"))
    other = make.page(metrics=[make.metric("Cost")], raw=[[1]], offset=1)
    assert "page at row 1 has other columns" in str(refusal(read, other, DataMismatch, columns=first.columns))


@BOTH
def test_metrics_in_two_places_are_refused(make, read):
    page = json.loads(make.one_metric("[[1]]"))
    grid = page["definition"]["grid"]
    text = json.dumps(page | {"definition": {"grid": grid | {"columns": grid["columns"] * 2}}}).encode()
    assert "metrics in two places" in str(refusal(read, text, ProtocolError))


def test_numbers_kept_as_text_are_shown_as_numbers():
    assert repr(exact.parse(b'{"a":1.50,"b":"1.50"}', exact=True)) == "{'a': 1.50, 'b': '1.50'}"
