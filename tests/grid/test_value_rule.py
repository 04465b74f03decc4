"""One rule for values: the fast decoder, the plain one, tidy and grid, metrics and forms read alike."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from mstr_arrow.errors import ConversionError, ProtocolError
from mstr_arrow.grid import cut, decode
from mstr_arrow.grid.grid_options import GridOptions

READERS = [
    pytest.param(getattr(decode, read), layout, id=f"{read} {layout}")
    for read in ("decode_page", "decode_plainly")
    for layout in ("tidy", "grid")
]
EVERY_WAY = pytest.mark.parametrize(("read", "layout"), READERS)
NAN = "NaN"
"""Stands for itself where values are compared."""

RULE = [
    ("double", ["12", "1.5", "", None, "1e3", 7, 2.5], [12.0, 1.5, None, None, 1000.0, 7.0, 2.5]),
    ("double", ["NaN", "Infinity", "-Infinity", "-inf", "nan"], [NAN, math.inf, -math.inf, -math.inf, NAN]),
    ("unknown", ["12", ""], {"metric": [12.0, None], "form": ["12", ""]}),
    ("integer", ["5", "5.0", "", None, 5, "1e3", "+7"], [5, 5, None, None, 5, 1000, 7]),
    (
        "bigDecimal",
        ["0.10", "", 3, "1e2", "-0.50"],
        [Decimal("0.1"), None, Decimal(3), Decimal(100), Decimal("-0.5")],
    ),
    ("bool", ["true", "0", "", None], [True, False, None, None]),
    ("nVarChar", ["", "12", None, 5, "NaN"], ["", "12", None, "5", "NaN"]),
    ("date", ["2024-01-31T00:00:00+0200", "", "2024-02-29"], [date(2024, 1, 31), None, date(2024, 2, 29)]),
    ("time", ["10:20:30Z", "01:00:00+02:00", ""], [time(10, 20, 30), time(23), None]),
    *(
        ("timeStamp", [f"2024-01-31T10:20:30{spelt}", "", None], [datetime(2024, 1, 31, hour, 20, 30), None, None])
        for spelt, hour in [
            *((".000+0000", 10), ("+00:00", 10), ("Z", 10), ("", 10), ("+0200", 8), ("-05", 15)),
            *((".000+02:00", 8), (" +02:00", 8), ("z", 10)),
        ]
    ),
]


def page_of(make, values, data_type, role):
    """A page of a metric, or of an attribute with one form, with these values one per row."""
    if role == "metric":
        return make.page(metrics=[make.metric("Column", data_type)], raw=[[value] for value in values])
    elements = [{"formValues": [value], "id": f"h{at};C"} for at, value in enumerate(values)]
    unit = make.attribute("Column", ("ID", data_type), elements=elements)
    return make.page([unit], headers=[[at] for at in range(len(values))])


def read_column(read, text, layout="tidy", **options):
    return read(text, options=GridOptions(layout=layout, **options)).batch.column("Column").to_pylist()


@EVERY_WAY
@pytest.mark.parametrize("role", ["metric", "form"])
@pytest.mark.parametrize(("data_type", "values", "expected"), RULE)
def test_a_value_is_what_the_rule_says(make, read, layout, role, data_type, values, expected):
    expected = expected[role] if isinstance(expected, dict) else expected
    found = read_column(read, page_of(make, values, data_type, role), layout)
    assert [NAN if isinstance(value, float) and math.isnan(value) else value for value in found] == expected


@EVERY_WAY
@pytest.mark.parametrize("role", ["metric", "form"])
@pytest.mark.parametrize(
    ("data_type", "value"),
    [
        *(("double", value) for value in (" 5", "1,234", "0x1F", "1e400", "abc", "5 USD")),
        *(("integer", value) for value in ("5.5", "NaN", "Infinity", "٣", "1_000", "9223372036854775808")),
        *(("bigDecimal", value) for value in ("NaN", "1e30", "1,5")),
        *(("bool", value) for value in ("yes", "NaN", "2")),
        *(("date", value) for value in ("0000-00-00", "31.1.2024", "2024-01-31T10:00:00Z", "NaN")),
        *(("timeStamp", value) for value in ("2024-01-31T10:20:30+2:00", "2024-01-31T10:20:30 CET", "0000-01-01")),
        *(("time", value) for value in ("24:00:00", "10 PM")),
    ],
)
def test_anything_else_is_a_bad_value_and_the_error_says_where(make, read, layout, role, data_type, value):
    with pytest.raises(ConversionError) as caught:
        read_column(read, page_of(make, ["", value, value], data_type, role), layout)
    assert (caught.value.column, caught.value.row) == ("Column", 1)
    assert repr(value) in caught.value.message
    assert "on_bad_value={'Column': 'null'}" in str(caught.value)
    assert "types={'Column': pa.string()}" in str(caught.value)


@EVERY_WAY
@pytest.mark.parametrize("value", [True, [1], {"a": 1}])
def test_what_is_no_number_is_bad_in_a_column_of_numbers(make, read, layout, value):
    for data_type in ("double", "integer", "bigDecimal", "date"):
        with pytest.raises(ConversionError):
            read_column(read, page_of(make, [1, value][data_type == "date" :], data_type, "metric"), layout)


# Not finite, and written as no JSON allows


@EVERY_WAY
@pytest.mark.parametrize(
    ("spelt", "expected"),
    [
        *((text, NAN) for text in ("NaN", "nan", "-nan", "1.#QNAN", "-1.#IND")),
        *((text, math.inf) for text in ("Infinity", "inf", "1.#INF", "+inf")),
        *((text, -math.inf) for text in ("-Infinity", "-inf", "-1.#INF")),
    ],
)
def test_nan_and_infinity_may_stand_bare(make, read, layout, spelt, expected):
    text = make.page(
        metrics=[make.metric("Column"), make.metric("Said", "nVarChar")],
        raw=f'[[1,"bare {spelt}, \\"[{spelt}]"],[{spelt},"[nan,"],[2.5,""]]',
        current=3,
    )
    found = read(text, options=GridOptions(layout=layout)).batch
    value = found.column("Column")[1].as_py()
    assert (NAN if math.isnan(value) else value) == expected
    assert found.column("Said").to_pylist() == [f'bare {spelt}, "[{spelt}]', "[nan,", ""]


@EVERY_WAY
@pytest.mark.parametrize("data_type", ["integer", "bigDecimal", "date", "bool"])
def test_bare_nan_elsewhere_is_a_bad_value_and_no_gateways_fault(make, read, layout, data_type):
    with pytest.raises(ConversionError, match="NaN in column 'Column', row 50001") as caught:
        read_column(
            read,
            make.page(metrics=[make.metric("Column", data_type)], raw="[[null],[NaN]]", current=2, offset=50_000),
            layout,
        )
    assert "gateway" not in str(caught.value)


@EVERY_WAY
def test_bare_nan_beside_the_values_does_not_matter(make, read, layout):
    metric = make.metric("Column", min="MIN", max="MAX")
    text = make.page(metrics=[metric], raw=[[1.5]]).replace(b'"MIN"', b"NaN").replace(b'"MAX"', b"-Infinity")
    assert read_column(read, text, layout) == [1.5]


# Offsets from UTC


@EVERY_WAY
@pytest.mark.parametrize("role", ["metric", "form"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_moments_with_and_without_an_offset_in_a_column_are_refused(make, read, layout, role, zone):
    values = ["", "2024-01-31T10:20:30", "2024-01-31T10:20:30", "2024-01-31T10:20:30.000+0000"]
    types = {} if zone is None else {"Column": pa.timestamp("us", zone)}
    with pytest.raises(
        ConversionError, match="has an offset from UTC, and others in the column have none"
    ) as caught:
        read_column(read, page_of(make, values, "timeStamp", role), layout, types=types)
    assert caught.value.row == 3
    assert "types={'Column': pa.string()}" in str(caught.value)
    found = read_column(read, page_of(make, values, "timeStamp", role), layout, types={"Column": pa.string()})
    assert found == values


@EVERY_WAY
def test_a_moment_without_an_offset_is_one_of_utc_in_a_column_with_a_zone(make, read, layout):
    for spelt in ("2024-01-31T10:20:30", "2024-01-31T12:20:30+02:00"):
        text = page_of(make, [spelt], "timeStamp", "form")
        (found,) = read_column(read, text, layout, types={"Column": pa.timestamp("us", "UTC")})
        assert found.isoformat() == "2024-01-31T10:20:30+00:00"


@pytest.mark.parametrize("read", [decode.decode_page, decode.decode_plainly])
@pytest.mark.parametrize("role", ["metric", "form"])
@pytest.mark.parametrize(("spelt", "offset"), [("", False), ("Z", True), ("+02:00", True)])
@pytest.mark.parametrize("small_list", [0, 4096])
def test_a_page_tells_whether_its_moments_have_an_offset(make, monkeypatch, read, role, spelt, offset, small_list):
    monkeypatch.setattr(cut, "_SMALL_LIST", small_list)
    text = page_of(make, ["", *([f"2024-01-31T10:20:30{spelt}"] * 300)], "timeStamp", role)
    assert read(text).offsets == {"Column": offset}
    assert read(page_of(make, ["", None], "timeStamp", role)).offsets == {}
    assert read(page_of(make, ["10:20:30Z"], "time", role)).offsets == {"Column": True}
    assert read(page_of(make, ["2024-01-31T00:00:00Z"], "date", role)).offsets == {}


# Texts cut inside a character

CUTS = [
    (b"A\\ud83d", "A\ud83d", "A\ufffd"),
    (b"\\ude00B", "\ude00B", "\ufffdB"),
    (b"A\xf0\x9f\x98", "A\udcf0\udc9f\udc98", "A\ufffd"),
    (b"A\xed\xa0\xbd", "A\ud83d", "A\ufffd"),
    (b"\\ud83d\\ude00\\ud83d", "\U0001f600\ud83d", "\U0001f600\ufffd"),
]


@EVERY_WAY
@pytest.mark.parametrize("role", ["metric", "form"])
@pytest.mark.parametrize(("sent", "shown", "read_as"), CUTS)
def test_a_text_cut_inside_a_character_is_refused_or_read_but_for_the_half(
    make, read, layout, role, sent, shown, read_as
):
    text = page_of(make, ["fine", "CUT", "CUT"], "nVarChar", role).replace(b'"CUT"', b'"%b"' % sent)
    with pytest.raises(ConversionError, match="has half of a character in it") as caught:
        read_column(read, text, layout)
    assert (caught.value.column, caught.value.row) == ("Column", 1)
    assert str(caught.value).isprintable()
    page = read(text, options=GridOptions(layout=layout, on_bad_value={"Column": "null"}))
    assert page.batch.column("Column").to_pylist() == ["fine", read_as, read_as]
    assert list(page.misfits) == [("Column", 1, shown), ("Column", 2, shown)]


@EVERY_WAY
@pytest.mark.parametrize(("sent", "read_as"), [(sent, read_as) for sent, _, read_as in CUTS])
def test_names_cut_inside_a_character_are_names(make, read, layout, sent, read_as):
    unit = make.attribute("UNIT", ("ID", "nVarChar"), ("FORM", "nVarChar"), elements=[["a", "b"]])
    text = make.page([unit], [make.metric("METRIC")], headers=[[0]], raw=[[1]])
    for name in (b"UNIT", b"FORM", b"METRIC"):
        text = text.replace(b'"name":"%b"' % name, b'"name":"%b"' % sent).replace(b'"name": "%b"' % name, sent)
    names = read(text, options=GridOptions(layout=layout)).batch.schema.names
    assert names == [f"{read_as}@ID", f"{read_as}@{read_as}", read_as]


@EVERY_WAY
def test_an_id_with_half_a_character_is_as_good_as_any(make, read, layout):
    unit = make.attribute("Column", ("ID", "nVarChar"), elements=[{"formValues": ["a"], "id": "hX"}, ["b"]])
    text = make.page([unit], headers=[[0], [1]]).replace(b'"hX"', b'"hA\\ud83d;C"')
    assert read_column(read, text, layout) == ["a", "b"]


# on_bad_value


@EVERY_WAY
@pytest.mark.parametrize("role", ["metric", "form"])
def test_bad_values_become_null_and_are_told(make, read, layout, role):
    text = page_of(make, ["2024-01-31", "0000-00-00", "", "soon", "soon"], "date", role)
    page = read(text, options=GridOptions(layout=layout, on_bad_value={"Column": "null"}))
    assert page.batch.column("Column").to_pylist() == [date(2024, 1, 31), None, None, None, None]
    assert list(page.misfits) == [("Column", 1, "0000-00-00"), ("Column", 3, "soon"), ("Column", 4, "soon")]


@EVERY_WAY
def test_null_for_all_columns_leaves_out_those_that_tell_elements_apart(make, read, layout):
    forms = (("ID", "integer"), ("Opened", "date"))
    store = make.attribute("Store", *forms, elements=[["1", "never"], ["2", "2024-01-31"]])
    store["forms"][0]["id"] = "45C11FA478E745FEA08D781CEA190FE5"
    text = make.page([store], [make.metric("Column")], headers=[[0], [1]], raw=[["x"], [1.5]])
    page = read(text, options=GridOptions(layout=layout, on_bad_value="null"))
    assert page.batch.column("Store@Opened").to_pylist() == [None, date(2024, 1, 31)]
    assert page.batch.column("Column").to_pylist() == [None, 1.5]
    assert {each.column for each in page.misfits} == {"Store@Opened", "Column"}
    bad = text.replace(b'"1", "never"', b'"one", "never"').replace(b'"1","never"', b'"one","never"')
    with pytest.raises(ConversionError, match="'one' in column 'Store@ID', row 0"):
        read(bad, options=GridOptions(layout=layout, on_bad_value="null"))
    named = GridOptions(layout=layout, on_bad_value={"Store@ID": "null", "Store@Opened": "null", "Column": "null"})
    assert read(bad, options=named).batch.column("Store@ID").to_pylist() == [None, 2]
    alone = page_of(make, ["never"], "date", "form")
    with pytest.raises(ConversionError, match="'never' in column 'Column', row 0"):
        read_column(read, alone, layout, on_bad_value="null")


def test_structure_is_an_error_whatever_becomes_of_bad_values(make):
    day = make.attribute("Column", ("ID", "date"), elements=[["2024-01-31"]])
    text = make.page([day], headers=[[0], [1]])
    with pytest.raises(ProtocolError, match="refers to element 1 of 1"):
        read_column(decode.decode_page, text, on_bad_value={"Column": "null"})


# Elements of unusual shapes


def elements_page(make, elements, *forms, headers=None):
    unit = make.attribute(
        "Store",
        *(forms or (("ID", "integer"), ("DESC", "nVarChar"), ("City", "nVarChar"))),
        elements=[{"marker": at} for at in range(len(elements))],
    )
    unit["elements"] = elements
    return make.page([unit], headers=headers or [[at] for at in range(len(elements))])


WHOLE = {"formValues": ["7", "Lyon", "Rhône"], "id": "h7;S"}


@EVERY_WAY
@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({"formValues": ["South"], "id": "d9;S"}, [None, "South", None]),
        ({"name": "South", "id": "d9;S"}, [None, "South", None]),
        ({"formValues": ["8", "Nice", "Alpes"]}, [8, "Nice", "Alpes"]),
        ({"formValues": ["8", "Nice", "Alpes"], "id": 8}, [8, "Nice", "Alpes"]),
        ({"formValues": [8, 1.50, True], "id": "h8;S"}, [8, "1.5", "true"]),
        ({"formValues": [None, None, "x"], "id": "h8;S"}, [None, None, "x"]),
        ({"formValues": [{"value": "8"}, {"value": "Nice"}, {"value": None}], "id": "h8;S"}, [8, "Nice", None]),
        ({"formValues": {"City": "Alpes", "DESC-id": "Nice", "ID": 8}, "id": "h8;S"}, [8, "Nice", "Alpes"]),
        ({"id": "h\\N;S"}, [None, None, None]),
    ],
)
def test_elements_are_read_in_every_variant_that_has_one_meaning(make, read, layout, element, expected):
    page = read(elements_page(make, [WHOLE, element]), options=GridOptions(layout=layout))
    assert [column[1].as_py() for column in page.batch.columns] == expected
    assert [column[0].as_py() for column in page.batch.columns] == [7, "Lyon", "Rhône"]


@EVERY_WAY
def test_a_number_among_form_values_keeps_its_digits(make, read, layout):
    text = elements_page(make, [{"formValues": ["X"], "id": "h1;S"}], ("DESC", "nVarChar")).replace(b'"X"', b"1.50")
    assert read(text, options=GridOptions(layout=layout)).batch.to_pylist() == [{"Store": "1.50"}]


@EVERY_WAY
def test_an_element_without_form_values_is_its_name_where_there_is_one_form(make, read, layout):
    text = elements_page(make, [{"name": "Lyon", "id": "h1;S"}], ("DESC", "nVarChar"))
    assert read(text, options=GridOptions(layout=layout)).batch.to_pylist() == [{"Store": "Lyon"}]
    text = elements_page(make, [{"formValues": "Lyon", "id": "h1;S"}], ("DESC", "nVarChar"))
    assert read(text, options=GridOptions(layout=layout)).batch.to_pylist() == [{"Store": "Lyon"}]


@EVERY_WAY
@pytest.mark.parametrize(
    "element",
    [
        {"formValues": ["8", "Nice"], "id": "h8;S"},
        {"formValues": ["South"], "id": "h8;S"},
        {"formValues": ["South"]},
        {"formValues": ["South", "East"], "id": "d9;S"},
        {"formValues": ["8", "Nice", "Alpes", "more"], "id": "h8;S"},
        {"formValues": ["8", ["Nice"], "Alpes"], "id": "h8;S"},
        {"formValues": ["8", {"text": "Nice"}, "Alpes"], "id": "h8;S"},
        {"formValues": {"City": "Alpes", "DESC": "Nice", "Other": 8}, "id": "h8;S"},
        {"id": "h8;S"},
    ],
)
def test_elements_with_two_meanings_are_refused(make, read, layout, element):
    with pytest.raises(ProtocolError, match="An element of 'Store' has the"):
        read(elements_page(make, [WHOLE, element]), options=GridOptions(layout=layout))


@EVERY_WAY
def test_a_derived_element_whose_text_no_form_can_show_is_an_error(make, read, layout):
    elements = [{"formValues": ["7", "2024-01-31"], "id": "h7;S"}, {"formValues": ["South"], "id": "d9;S"}]
    text = elements_page(make, elements, ("ID", "integer"), ("Day", "date"))
    with pytest.raises(ConversionError, match="'South' in column 'Store@ID', row 1"):
        read(text, options=GridOptions(layout=layout))


@pytest.mark.parametrize("read", [decode.decode_page, decode.decode_plainly])
@pytest.mark.parametrize(
    ("element", "name"),
    [
        ({"formValues": [None], "id": "h1;S"}, " | Revenue"),
        ({"formValues": [7], "id": "h1;S"}, "7 | Revenue"),
        ({"formValues": [True], "id": "h1;S"}, "true | Revenue"),
        ({"formValues": [{"value": "Lyon"}], "id": "h1;S"}, "Lyon | Revenue"),
        ({"formValues": "Lyon", "id": "h1;S"}, "Lyon | Revenue"),
        ({"id": "h1;S"}, " | Revenue"),
        ({"name": "Lyon", "id": "h1;S"}, "Lyon | Revenue"),
        ({"name": None, "formValues": None}, " | Revenue"),
        ({"name": 7}, "7 | Revenue"),
    ],
)
def test_a_header_is_named_by_whatever_its_element_says(make, read, element, name):
    unit = make.attribute("Store", ("DESC", "nVarChar"), elements=[["x"]])
    page = json.loads(make.page(metrics=[make.metric("Revenue")], raw=[[1.5]]))
    page["definition"]["grid"]["columns"].insert(0, unit | {"elements": [element]})
    page["data"]["headers"]["columns"].insert(0, [0])
    found = read(json.dumps(page).encode(), options=GridOptions(layout="grid")).batch
    assert found.to_pydict() == {name: [1.5]}
