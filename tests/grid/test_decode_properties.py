"""The fast decoder, the plain one and a naive reading of the wire reference agree on generated pages.

The integer token ``-0`` is not generated: JSON readers differ about whether it keeps its sign.
"""

from __future__ import annotations

import json
import math
import random
import re
import struct
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from unittest.mock import patch

import pyarrow as pa
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from mstr_arrow.errors import MstrError
from mstr_arrow.grid import cells, cut, decode, fast, matrix
from mstr_arrow.grid.grid_options import GridOptions

PLAINLY = decode.decode_plainly


def decode_page(text, columns=None, **options):
    return decode.decode_page(text, columns, options=GridOptions(**options))


def decode_plainly(text, columns=None, **options):
    return PLAINLY(text, columns, options=GridOptions(**options))


GENERATED = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
FEWER = settings(GENERATED, max_examples=settings.default.max_examples // 2)


# JSON as text ---------------------------------------------------------------------------------------------------


class Token(str):
    """A JSON number to be written as it stands."""

    __slots__ = ()


def render(value, *, ascii_only=False, space=lambda: ""):
    """Write JSON, with ``space()`` wherever JSON allows white space."""

    def write(value):
        if isinstance(value, Token):
            return str(value)
        if isinstance(value, dict):
            members = (f"{write(key)}{space()}:{space()}{write(item)}" for key, item in value.items())
            return f"{{{space()}{f'{space()},{space()}'.join(members)}{space()}}}"
        if isinstance(value, list):
            return f"[{space()}{f'{space()},{space()}'.join(map(write, value))}{space()}]"
        return json.dumps(value, ensure_ascii=ascii_only)

    return write(value).encode("utf-8", "surrogatepass")


SPACES = {
    "compact": lambda _: "",
    "blank": lambda _: " ",
    "lines": lambda _: "\n",
    "odd": lambda rng: rng.choice(["", "", "", " ", "\n", "\t", "\r\n"]),
}


def disorder(value, rng, extras):
    """Shuffle the keys of every object and add unknown ones."""
    if isinstance(value, list):
        return [disorder(item, rng, extras) for item in value]
    if not isinstance(value, dict):
        return value
    members = [(key, disorder(item, rng, extras)) for key, item in value.items()]
    if extras and rng.random() < 0.3:
        members.append((f"extra{rng.randrange(9)}", rng.choice(extras)))
    rng.shuffle(members)
    return dict(members)


# Values ---------------------------------------------------------------------------------------------------------

NASTY = [
    *("", " ", '"', "\\", '\\"}]', "}],[{", '"formValues":[', '"raw":[[', '"rows":[[', '"elements":[{"id":"', "]]"),
    *(
        '":1}]',
        "],[",
        "[",
        "a\nb",
        "\x01",
        "\x00",
        "tab\t",
        "\x7f",
        "\u2028",
        "😀",
        "é",
        "null",
        "h\\N;",
        "a,",
        ",\"'",
    ),
    *("true", "5", "a:b", "x" * 300),
]
TEXTS = st.sampled_from(NASTY) | st.text(max_size=8)
INT64 = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 7, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)])
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
DECIMALS = st.decimals(-(10**19), 10**19, places=18, allow_nan=False)
STAMPS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))

KINDS = {
    "int": ["integer", "Unsigned", "short", "long", "int64", "Int64", 1, 34],
    "double": ["real", "Double", "float", 6],
    "decimal": ["bigDecimal", 30],
    "date": ["date", 14],
    "time": ["time", 15],
    "stamp": ["timeStamp", 16],
    "zoned": ["timeStamp", 16],
    "bool": ["bool", 24],
    "text": ["nVarChar", "varChar", "UTF8Char", "guid", "binary", 33],
}
FORM_KINDS = KINDS | {"decimal": ["bigDecimal", "numeric", "decimal", 3], "text": [*KINDS["text"], "unknown", None]}
METRIC_KINDS = KINDS | {"double": ["real", "Double", "numeric", "decimal", "unknown", "reserved", 6, None]}


def fraction(value):
    """Spell a number of microseconds as any of its fractions, trailing zeros included."""
    digits = f"{value:06}"
    spellings = [f".{digits}", f".{digits}000"]
    if not value:
        spellings += ["", ".0"]
    return st.sampled_from(spellings)


@st.composite
def stamp_texts(draw):
    value = draw(STAMPS)
    text = f"{value.date().isoformat()}{draw(st.sampled_from('T '))}{value.strftime('%H:%M:%S')}"
    return f"{text}{draw(fraction(value.microsecond))}"


@st.composite
def zoned_texts(draw):
    text = draw(stamp_texts().filter(lambda text: "0001-01-02" < text < "9999-12-31"))
    return f"{text}{draw(st.sampled_from(['Z', '+00:00', '+0000', '+0200', '-05', '-05:30']))}"


@st.composite
def time_texts(draw):
    value = draw(st.times())
    return f"{value.strftime('%H:%M:%S')}{draw(fraction(value.microsecond))}"


@st.composite
def date_texts(draw):
    return f"{draw(st.dates()).isoformat()}{draw(st.sampled_from(['', '', 'T00:00:00', ' 00:00:00.000Z']))}"


BOOL_TEXTS = st.sampled_from(["0", "1", "true", "False", "TRUE"])
FORM_TEXTS = {
    "int": INT64.map(str),
    "double": DOUBLES.map(repr) | st.sampled_from(["-0", "1.5e3", "007.50"]),
    "decimal": DECIMALS.map(lambda value: f"{value:f}"),
    "date": date_texts(),
    "time": time_texts(),
    "stamp": stamp_texts(),
    "zoned": zoned_texts(),
    "bool": BOOL_TEXTS,
    "text": TEXTS,
}
NUMBER_TEXTS = st.sampled_from(["5", "5.0", "+7", "1e3", "-0.50", "12", ""])
INTEGER_CELLS = (
    INT64 | INT64.map(lambda value: Token(f"{value}.0")) | st.sampled_from([Token("1e3"), Token("1.20E1")])
)
DOUBLE_CELLS = (
    DOUBLES
    | INT64.filter(bool)
    | st.sampled_from(
        [Token(t) for t in ("-0.0", "1E5", "62033.4500000000", "4.9e-324", "1e-400", "2.5e+3", "0.10")]
    )
)
CELLS = {
    "int": INTEGER_CELLS | INT64.map(str) | st.sampled_from(["5.0", "+7", "1e3", ""]),
    "double": DOUBLE_CELLS | NUMBER_TEXTS | st.sampled_from(["NaN", "-Infinity", Token("NaN"), Token("Infinity")]),
    "decimal": DECIMALS.map(lambda value: Token(f"{value:f}")) | INT64 | st.sampled_from([Token("1.5E-3"), "1.50"]),
    "date": date_texts(),
    "time": time_texts(),
    "stamp": stamp_texts(),
    "zoned": zoned_texts(),
    "bool": st.booleans() | st.sampled_from([0, 1, "true", "0"]),
    "text": TEXTS | DOUBLE_CELLS.map(lambda value: Token(value if isinstance(value, Token) else repr(value))),
}
PLAIN_CELLS = CELLS | {
    "int": INTEGER_CELLS,
    "double": DOUBLE_CELLS,
    "decimal": DECIMALS.map(lambda value: Token(f"{value:f}")),
    "bool": st.booleans() | st.sampled_from([0, 1]),
    "text": TEXTS.filter(lambda text: "]]" not in text[:-2]),  # which may be taken for the end of a matrix
}
ODD_NUMBERS = [
    *(
        "1e400",
        "-1e400",
        "1.5",
        "-0.0",
        "1e-30",
        "9007199254740993.0",
        "9223372036854775807.0",
        "1e18",
        "1e99999999",
    ),
    *(
        "1e30",
        "-1e25",
        "123456789012345678901234567890",
        "18446744073709551617",
        "9223372036854775808",
        "3.00000000000000000001",
        "0e400",
        "0.10",
        f"1{'0' * 400}",
    ),
]
ODD_CELLS = st.one_of(
    st.sampled_from([Token(text) for text in (*ODD_NUMBERS, "NaN", "-Infinity", "nan", "-inf")]),
    st.sampled_from(["A\ud83d", "2024-01-31T10:20:30+02:00", "0000-00-00", "Infinity", " 5"]),
    st.sampled_from(["7", "1.5", "abc", "", "null", True, False, [], [1], {}, {"a": 1}]),
    INT64.map(str),
    TEXTS,
)


# Pages ----------------------------------------------------------------------------------------------------------


@st.composite
def attributes(draw, number, *, odd):
    chosen = draw(st.lists(st.sampled_from(list(FORM_KINDS)), min_size=1, max_size=3))
    forms = []
    for n, kind in enumerate(chosen):
        name, data_type = draw(st.sampled_from(["ID", "DESC", "Über"])), draw(st.sampled_from(FORM_KINDS[kind]))
        forms.append({"id": f"F{n}", "name": name} | ({} if data_type is None else {"dataType": data_type}))
    elements = []
    for at in range(draw(st.integers(1, 5))):
        if draw(st.integers(0, 4)) == 0:
            values = [""] * (draw(st.integers(0, len(forms))) if odd else len(forms))
            elements.append({"formValues": values, "id": f"h\\N;A{number}"})
            continue
        values = [
            draw(TEXTS if odd and draw(st.integers(0, 9)) == 0 else FORM_TEXTS[kind] | st.just(""))
            for kind in chosen
        ]
        elements.append({"formValues": values, "id": f"h{at};A{number}"})
    if odd and draw(st.integers(0, 30)) == 0:
        elements[-1] |= draw(
            st.sampled_from([{"subtotal": True}, {"subtotal": False}, {"formValues": [None] * len(forms)}])
            | st.sampled_from(
                [{"formValues": [1] * len(forms)}, {"formValues": ["a"] * 4}, {"id": 7}, {"id": None}]
            )
            | st.sampled_from(
                [{"formValues": ["South"], "id": "d9;A"}, {"formValues": "South"}, {"formValues": [1.5, True]}]
            )
            | st.sampled_from([{"formValues": ["A\ud83d"] * len(forms)}, {"formValues": None, "name": "x"}])
        )
    return {
        "name": draw(st.sampled_from(["Day", "Store", 'the "A"', "Sales"])),
        "id": f"A{number}",
        "type": "attribute",
        "forms": forms,
        "elements": elements,
    }


@st.composite
def pages(draw, *, cells=CELLS, odd=False, min_rows=0):
    """Draw a page as objects; ``odd`` ones hold values and parts that no reader should accept silently."""
    rows = draw(st.integers(min_rows, 30))
    units = [draw(attributes(n, odd=odd)) for n in range(draw(st.integers(0, 4)))]
    chosen = draw(st.lists(st.sampled_from(list(KINDS)), max_size=4))
    metrics, columns = [], []
    for number, kind in enumerate(chosen):
        metric = {"name": draw(st.sampled_from(["Sales", "Units", "Day"])), "id": f"M{number}", "type": "metric"}
        data_type = draw(st.sampled_from(METRIC_KINDS[kind]))
        metrics.append(metric if data_type is None else metric | {"dataType": data_type, "min": 1.5})
        pool = [draw(cells[kind]) for _ in range(draw(st.integers(1, 6)))]
        if draw(st.booleans()):
            pool.append(None)
        if odd and draw(st.integers(0, 4)) == 0:
            pool.append(draw(ODD_CELLS))
        columns.append(draw(st.lists(st.sampled_from(pool), min_size=rows, max_size=rows)))
    headers = [
        draw(st.lists(st.integers(0, len(unit["elements"]) - 1), min_size=rows, max_size=rows)) for unit in units
    ]
    if not units and not metrics:
        rows = 0
    raw = [list(row) for row in zip(*columns, strict=True)]
    index = [list(row) for row in zip(*headers, strict=True)] if units else draw(st.sampled_from([[], [[]]]))
    if odd and rows and draw(st.integers(0, 12)) == 0:
        matrix = draw(st.sampled_from([matrix for matrix in (raw, index) if matrix]))
        damage = st.sampled_from([[], [0] * 9, 5, "x", None, [-1] * len(matrix[0]), [99] * len(matrix[0])])
        matrix[draw(st.integers(0, len(matrix) - 1))] = draw(damage)
    return {
        "id": "O1",
        "name": "Sales",
        "instanceId": "I1",
        "status": 1,
        "definition": {
            "grid": {
                "crossTab": False,
                **({"metricsPosition": {"axis": "columns", "index": 0}} if metrics else {}),
                "rows": units,
                "columns": [{"name": "Metrics", "id": "0" * 32, "type": "templateMetrics", "elements": metrics}]
                if metrics
                else [],
                "pageBy": [],
                "sorting": {"rows": [], "columns": [], "pageBy": []},
            }
        },
        "data": {
            "currentPageBy": [],
            "paging": {
                "total": rows,
                "current": rows + (1 if odd and draw(st.integers(0, 20)) == 0 else 0),
                "offset": draw(st.sampled_from([0, 50_000])),
                "limit": 1000,
            },
            "headers": {"rows": index, "columns": [list(range(len(metrics)))] if metrics else []},
            "metricValues": {"raw": raw},
        },
    }


EXTRAS = st.sampled_from(
    [
        *(
            "x",
            '"raw":[[',
            None,
            {"elements": [{"id": "h"}]},
            {"rows": [[1]]},
            {"raw": [[1, [2]]]},
            [[[]]],
            [{"a": [{}]}],
        ),
        *(Token("1e400"), {"formValues": ["}]"]}, Token("1.5"), "😀"),
    ]
)


@st.composite
def texts_of(draw, page):
    """Draw a spelling of a page."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    extras = draw(st.lists(EXTRAS, max_size=2))
    if draw(st.booleans()):
        page = disorder(page, rng, extras)
    style = SPACES[draw(st.sampled_from(["compact", *SPACES]))]
    return render(page, ascii_only=draw(st.booleans()), space=lambda: style(rng))


OVERRIDES = st.sampled_from(
    [
        *(
            pa.string(),
            pa.decimal128(18, 2),
            pa.decimal128(38, 18),
            pa.int32(),
            pa.uint8(),
            pa.float32(),
            pa.float64(),
        ),
        *(
            pa.int64(),
            pa.timestamp("ns"),
            pa.timestamp("ms"),
            pa.timestamp("us", "UTC"),
            pa.time64("ns"),
            pa.bool_(),
        ),
    ]
)


def outcome(call):
    """What a decoder says: its page, or its error; any error that is not ours is let through."""
    try:
        return call()
    except MstrError as error:
        return type(error), str(error)


def same(found, expected):
    """Compare what two decoders said: schema, metadata, every cell, doubles bit for bit."""
    if isinstance(found, tuple) or isinstance(expected, tuple):
        assert found == expected
        return
    assert found.paging == expected.paging
    assert found.columns == expected.columns
    assert found.misfits == expected.misfits
    assert found.batch.schema.equals(expected.batch.schema, check_metadata=True)
    assert found.batch.num_rows == expected.batch.num_rows
    found.batch.validate(full=True)
    for name, left, right in zip(
        found.batch.schema.names, found.batch.columns, expected.batch.columns, strict=True
    ):
        assert bits(left).equals(bits(right)), name


def bits(array):
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    views = {pa.float32(): pa.int32(), pa.float64(): pa.int64()}
    return array.view(views[array.type]) if array.type in views else array


def forced(small_list, near):
    """Cut small lists too, search the end of a part close to the next one, read few rows of a matrix together."""
    stack = ExitStack()
    stack.enter_context(patch.object(cut, "_SMALL_LIST", small_list))
    for module, name in ((cut, "_NEAR"), (matrix, "_SLICE"), (cells, "_SLICE")):
        stack.enter_context(patch.object(module, name, near))
    return stack


CUTTING = {"small_list": st.sampled_from([0, 0, 4096]), "near": st.sampled_from([16, 200, 16384])}


# Properties -----------------------------------------------------------------------------------------------------


@GENERATED
@given(data=st.data(), page=pages(odd=True), **CUTTING)
def test_both_decoders_agree_on_any_page(data, page, small_list, near):
    text = data.draw(texts_of(page))
    options = {"layout": data.draw(st.sampled_from(["tidy", "grid"]))}
    columns = outcome(lambda: decode_plainly(text, on_bad_value="null").columns)
    names = [] if isinstance(columns, tuple) else [column.name for column in columns.all]
    if names and data.draw(st.integers(0, 2)) == 0:
        options["types"] = {data.draw(st.sampled_from(names)): data.draw(OVERRIDES)}
    if data.draw(st.booleans()):
        options["on_bad_value"] = data.draw(st.just("null") | st.just(dict.fromkeys(names, "null")))
    note(f"{text!r} {options}")
    with forced(small_list, near):
        same(outcome(lambda: decode_page(text, **options)), outcome(lambda: decode_plainly(text, **options)))


@FEWER
@given(data=st.data(), first=pages(odd=True), second=pages(odd=True), **CUTTING)
def test_both_decoders_agree_on_a_later_page(data, first, second, small_list, near):
    columns = outcome(lambda: decode_plainly(render(first)).columns)
    assume(not isinstance(columns, tuple))
    if data.draw(st.booleans()):
        second = first | {"data": first["data"] | {"paging": first["data"]["paging"] | {"offset": 7}}}
    text = data.draw(texts_of(second))
    with forced(small_list, near):
        same(outcome(lambda: decode_page(text, columns)), outcome(lambda: decode_plainly(text, columns)))


@FEWER
@given(data=st.data(), page=pages(odd=True), **CUTTING)
def test_a_page_cut_off_anywhere_is_an_error_of_ours_with_both(data, page, small_list, near):
    text = render(page)
    text = text[: data.draw(st.integers(0, len(text) - 1))]
    with forced(small_list, near):
        found, expected = outcome(lambda: decode_page(text)), outcome(lambda: decode_plainly(text))
    assert isinstance(expected, tuple)
    assert found == expected


@GENERATED
@given(page=pages(cells=PLAIN_CELLS, min_rows=1), ascii_only=st.booleans(), small_list=CUTTING["small_list"])
def test_the_fast_path_reads_what_servers_usually_send(page, ascii_only, small_list):
    texts = [
        text for unit in page["definition"]["grid"]["rows"] for e in unit["elements"] for text in e["formValues"]
    ]
    assume(page["data"]["paging"]["total"])  # nothing is read of a page without rows
    assume(not any("}]" in text or text.startswith('"elements') for text in texts))
    text = render(page, ascii_only=ascii_only)
    with (
        forced(small_list, near=500),
        patch.object(decode, "decode_plainly", side_effect=AssertionError("plain")),
        patch.object(fast, "_parse_elements", side_effect=AssertionError("parsed")),
        patch.object(fast, "read_arrays", wraps=fast.read_arrays) as spy,
    ):
        found = decode_page(text)
    assert spy.call_count == (found.paging.current > 0)
    same(found, decode_plainly(text))


# The naive reading, from the wire reference alone ---------------------------------------------------------------

NAMES_OF_KIND = {
    str(spelling).lower(): kind for kind, spellings in KINDS.items() for spelling in spellings
}  # sections 3.6 and 3.11


def naive_kind(data_type, role):
    known = NAMES_OF_KIND | (
        {"numeric": "decimal", "decimal": "decimal", "3": "decimal"} if role == "attribute" else {}
    )
    return known.get(str(data_type).lower(), "text" if role == "attribute" else "double")


def naive_stamp(text):
    written, sign, hours, minutes = re.fullmatch(r"(.{10,}?)(?:Z|([+-])(..):?(..)?)?", text).groups()
    whole, _, digits = written.replace(" ", "T").partition(".")
    ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    stamp = datetime.fromisoformat(whole).replace(microsecond=int(digits[:6].ljust(6, "0")))
    return stamp + ahead if sign == "-" else stamp - ahead


def naive_value(text, kind):
    if kind == "text":
        return text
    if text == "":
        return None
    readers = {
        "int": int,
        "double": float,
        "decimal": Decimal,
        "date": lambda text: date.fromisoformat(re.split("[T ]", text)[0]),
        "time": lambda text: naive_stamp(f"1970-01-01T{text}").time(),
        "stamp": naive_stamp,
        "zoned": naive_stamp,
        "bool": lambda text: text.lower() in ("1", "true"),
    }
    return readers[kind](text)


def naive_cell(value, kind):
    """Read a metric's value; numbers come as `SimpleNamespace(token=…)`."""
    if value is None:
        return None
    if isinstance(value, str) and kind == "int":
        return int(Decimal(value)) if value else None
    if isinstance(value, SimpleNamespace):
        token = value.token
        if kind == "int":
            return int(Decimal(token))
        return naive_value(token, kind)
    if isinstance(value, bool):
        return value
    return naive_value(value, kind)


def naive(text):
    number = lambda token: SimpleNamespace(token=token)  # noqa: E731 - json takes a function
    page = json.loads(text, parse_float=number, parse_int=number, parse_constant=number)
    grid, data = page["definition"]["grid"], page["data"]
    columns = []
    for at, unit in enumerate(grid["rows"]):
        for f, form in enumerate(unit["forms"]):
            data_type = form.get("dataType")
            kind = naive_kind(getattr(data_type, "token", data_type), "attribute")
            column = []
            for row in data["headers"]["rows"]:
                element = unit["elements"][int(row[at].token)]
                is_null = element["id"].startswith("h\\N;")
                column.append(None if is_null else naive_value(element["formValues"][f], kind))
            columns.append(column)
    for at, metric in enumerate(grid["columns"][0]["elements"] if grid["columns"] else []):
        data_type = metric.get("dataType")
        kind = naive_kind(getattr(data_type, "token", data_type), "metric")
        columns.append([naive_cell(row[at], kind) for row in data["metricValues"]["raw"]])
    return columns


def exactly(value):
    """Make doubles comparable bit for bit."""
    return struct.pack("<d", value) if isinstance(value, float) else value


@GENERATED
@given(data=st.data(), page=pages(), **CUTTING)
def test_both_decoders_agree_with_a_naive_reading_of_the_reference(data, page, small_list, near):
    text = data.draw(texts_of(page))
    expected = naive(text)
    with forced(small_list, near):
        batches = [decode_page(text).batch, decode_plainly(text).batch]
    for batch in batches:
        assert batch.num_columns == len(expected)
        for name, column, values in zip(batch.schema.names, batch.columns, expected, strict=True):
            found = [exactly(value) for value in column.to_pylist()]
            assert found == [exactly(value) for value in values], name


def test_a_list_that_seems_to_end_in_another_attribute_takes_no_column_away():
    form = {"id": "F", "dataType": "integer", "name": "ID"}
    kind = "attribute"
    first, second = (
        {"elements": [{"formValues": ["1"], "id": "h1"}], "forms": [form], "name": "Day", "id": each, "type": kind}
        for each in ("A0", "A1")
    )
    grid = {"rows": [first, second], "columns": []}
    paging = {"total": 0, "current": 0, "offset": 0}
    data = {"paging": paging, "headers": {"rows": [], "columns": []}, "metricValues": {"raw": []}}
    page = {"id": "O", "instanceId": "I", "status": 1, "definition": {"grid": grid}, "data": data}
    before, rows, after = json.dumps(page, separators=(",", ":")).partition('"rows":[{')
    cut_wrongly = after.replace("}]", "} ]", 2).split('"elements":[{', 1)[1]
    text = before + rows + '"elements":[{' + cut_wrongly.replace('"elements":[{', '"elements": [{')
    with forced(0, 16):
        (row,) = cut.cut(text.encode())["definition"]["grid"]["rows"]
        assert row["id"] == "A1"  # so it is cut in a wrong place
        assert decode_page(text.encode()).batch.num_columns == 2


def test_the_naive_reading_tells_a_negative_zero_from_zero():
    assert exactly(-0.0) != exactly(0.0)
    assert math.copysign(1, naive_value("-0.0", "double")) == -1
    assert naive_value("10:20:30.5", "time") == time(10, 20, 30, 500_000)
