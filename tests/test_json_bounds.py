"""Short JSON that makes much of itself is refused before it is parsed; what is of usual size is not looked at."""

import tracemalloc

import orjson
import pytest

from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid.decode import decode_page, decode_plainly
from mstr_arrow.http.response import parse_json
from mstr_arrow.json_bounds import check_parsed_size, size_when_parsed

PAGE = (
    b'{"instanceId":"I","status":1,"definition":{"grid":{"rows":[],"columns":[{"type":"templateMetrics",'
    b'"name":"Metrics","id":"0","elements":[%b]}]}},"data":{"paging":{"total":%d,"current":%d,"offset":0},'
    b'"headers":{"rows":[],"columns":[[%b]]},"metricValues":{"raw":[%b]}}}'
)
"""Of metrics alone: their elements, the rows twice, their places, the values."""

WIDE = 5_000
ROWS = 20 * 2**20 // WIDE
"""Metrics, and rows where a value took one byte."""


def long_page(value):
    """Make a page of 20 MiB with this value everywhere."""
    rows = ROWS // (len(value) + 1)
    metrics = b",".join(b'{"id":"M%d","name":"M%d","dataType":"double"}' % (at, at) for at in range(WIDE))
    raw = b",".join([b"[" + b",".join([value.encode()] * WIDE) + b"]"] * rows)
    return PAGE % (metrics, rows, rows, b",".join(b"%d" % at for at in range(WIDE)), raw)


@pytest.mark.parametrize(
    "value",
    [b"{}", b"[]", b"[[]]", b'{"a":1.5}', b'{"a":{"b":0.5}}', b"null", b"0.5", b'"abcdefgh"', b'{"a":[{}]}'],
)
def test_parsed_json_takes_no_more_than_was_told(value):
    text = b"[" + b",".join([value] * 5_000) + b"]"
    tracemalloc.start()
    try:
        held = orjson.loads(text)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(held) == 5_000
    assert size <= 1.2 * size_when_parsed(text)


@pytest.mark.parametrize("letter", ["a", "\xe9", "\u20ac", "\U0001f600", "\\u20ac", "\\ud83d\\ude00"])
def test_wide_letters_count_as_wide(letter):
    text = f'["{letter}{"n" * 50_000}"]'.encode()
    [name] = orjson.loads(text)
    assert name.__sizeof__() <= size_when_parsed(text) + 100


@pytest.mark.parametrize("parse", [parse_json, decode_page])
def test_millions_of_objects_are_refused_with_their_size_and_a_way_out(parse):
    text = b"[" + b"{}," * 3_000_000 + b"{}]"
    with pytest.raises(ProtocolError, match=r"9 MiB of JSON would take about .* MiB of memory") as caught:
        parse(text)
    assert "Limits.buffer_bytes" in caught.value.hint


SHORT = [("7", 7), ("12", 12), ("1.5", 1.5), ("null", None)]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("value", [value for value, _ in SHORT])
def test_twenty_mebibytes_of_short_values_are_not_refused(value):
    check_parsed_size(long_page(value))


@pytest.mark.slow
@pytest.mark.parametrize(("value", "last"), SHORT)
def test_a_page_of_twenty_mebibytes_of_short_values_is_read_plainly(value, last):
    batch = decode_plainly(long_page(value)).batch
    assert batch.num_columns == WIDE
    assert batch.num_rows == ROWS // (len(value) + 1)
    assert batch[-1][-1].as_py() == last


def test_more_is_parsed_where_answers_may_be_larger():
    text = b"[" + b"{}," * 3_000_000 + b"{}]"
    check_parsed_size(text, 2**29)
