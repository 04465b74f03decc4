"""Short JSON that makes much of itself is refused before it is parsed; what is of usual size is not looked at."""

import tracemalloc

import orjson
import pytest

from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.http.response import parsed
from mstr_arrow.json_bounds import check_parsed_size, parsed_size


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
    assert size <= 1.2 * parsed_size(text)


@pytest.mark.parametrize("letter", ["a", "\xe9", "\u20ac", "\U0001f600", "\\u20ac", "\\ud83d\\ude00"])
def test_wide_letters_count_as_wide(letter):
    text = f'["{letter}{"n" * 50_000}"]'.encode()
    [name] = orjson.loads(text)
    assert name.__sizeof__() <= parsed_size(text) + 100


@pytest.mark.parametrize("parse", [parsed, decode_page])
def test_millions_of_objects_are_refused_with_their_size_and_a_way_out(parse):
    text = b"[" + b"{}," * 3_000_000 + b"{}]"
    with pytest.raises(ProtocolError, match=r"9 MiB of JSON would take about .* MiB of memory") as caught:
        parse(text)
    assert "Limits.buffer_bytes" in caught.value.hint


def test_more_is_parsed_where_answers_may_be_larger():
    text = b"[" + b"{}," * 3_000_000 + b"{}]"
    check_parsed_size(text, 2**29)
