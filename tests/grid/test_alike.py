"""Element lists read by the places of their quotes: as JSON says, or not at all."""

from __future__ import annotations

import json
from contextlib import suppress

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid import alike
from mstr_arrow.grid.alike import Slot, read_alike
from mstr_arrow.grid.cut import Piece, Unrecognised
from mstr_arrow.grid.decode import decode_page

GENERATED = settings(deadline=None, database=None)
TEXTS = st.sampled_from(
    [
        *(
            "",
            '"',
            "\\",
            "\\\\",
            '\\"',
            '"}]',
            '"},{"formValues":["',
            '"],"id":"',
            "},{",
            "a\nb",
            "\x00",
            "\x7f",
            "é",
        ),
        *("😀", "\u2028", "h\\N;", "h\\", '\\"],"id":"', "x" * 300, "null", "[]", ","),
    ]
) | st.text(max_size=6)


def read(text: bytes, before: bytes = b"", after: bytes = b""):
    """Read a list amid other text; a list of dicts, or None."""
    members = read_alike(Piece(before + text + after, len(before), len(before) + len(text)))
    if members is None:
        return None
    count = next(
        len(slot.opening)
        for value in members.values()
        for slot in (value if isinstance(value, list) else [value])
        if isinstance(slot, Slot)
    )
    return [{name: at(value, number) for name, value in members.items()} for number in range(count)]


def at(value, number):
    if isinstance(value, list):
        return [at(each, number) for each in value]
    return value.texts()[number].as_py() if isinstance(value, Slot) else value


@st.composite
def lists(draw):
    """Draw elements that have the same members, and write them as servers do."""
    forms, more = draw(st.integers(1, 3)), draw(st.sampled_from([{}, {"subtotal": False}, {"n": 1.5, "x": None}]))
    elements = [
        {"formValues": draw(st.lists(TEXTS, min_size=forms, max_size=forms)), "id": draw(TEXTS)} | more
        for _ in range(draw(st.integers(1, 8)))
    ]
    names = draw(st.permutations(sorted(elements[0])))
    if draw(st.booleans()):
        names = [*names, 'the "name"']
    elements = [{name: element.get(name, "a") for name in names} for element in elements]
    return json.dumps(elements, separators=(",", ":"), ensure_ascii=draw(st.booleans())).encode()


@GENERATED
@given(
    text=lists(), before=st.sampled_from([b"", b'{"a":"\\', b'"']), after=st.sampled_from([b"", b"}", b'"],"id":"'])
)
def test_lists_of_elements_with_the_same_members_are_read_as_json_says(text, before, after):
    assert read(text, before, after) == json.loads(text)


@GENERATED
@given(text=lists(), data=st.data())
def test_a_damaged_list_is_read_as_json_says_or_not_at_all(text, data):
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(1, len(text) - 1))
        put = data.draw(
            st.sampled_from([b"", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"a", b"\x00"])
        )
        text = text[:place] + put + text[place + data.draw(st.integers(0, 2)) :]
    found = None
    with suppress(Unrecognised, pa.ArrowInvalid, UnicodeDecodeError):
        found = read(text)
    if found is not None:
        assert found == json.loads(text)


ONE, OTHER = b'{"formValues":["a"],"id":"h1"}', b'{"formValues":["b"],"id":"h2"}'


@pytest.mark.parametrize(
    "elements",
    [
        *([ONE, b'{"id":"h2","formValues":["b"]}'], [ONE, b'{"formValues":["b"],"id":"h2","subtotal":true}']),
        *([ONE, b'{"formValues":[],"id":"h2"}'], [ONE, b'{"formValues":["b","c"],"id":"h2"}']),
        *([ONE, b'{"formValues":[null],"id":"h2"}'], [ONE, b'{"formValues":["b"],"id":2}']),
        *([ONE, b'{"formValues":["b"],"iD":"h2"}'], [ONE, b' {"formValues":["b"],"id":"h2"}'], [ONE, b"{}"]),
        *(
            [ONE, b"null"],
            [b"{}", b"{}"],
            [b'{"a":{"b":"c"}}'] * 2,
            [b'{"a":[["b"]]}'] * 2,
            [b'{"a":[{"b":"c"}]}'] * 2,
        ),
        *(
            [b'{"a":"b","a":"c"}'] * 2,
            [b'{"a":1}'] * 2,
            [b'{"a":["b",1]}'] * 2,
            [b'{"a":[]}'] * 2,
            [b'{"a":"b"c}'] * 2,
        ),
        *([ONE, b'{"formValues":["a\nb"],"id":"h2"}'], [ONE, b'"formValues":["b"],"id":"h2"}'], [ONE, OTHER[:-1]]),
    ],
)
def test_elements_that_are_not_written_alike_are_for_a_parser(elements):
    assert read(b"[" + b",".join(elements) + b"]") is None


@pytest.mark.parametrize("end", [b"", b"}", b"],", b"]]", b",]", b' ]"'])
def test_a_list_is_read_to_its_last_byte(end):
    assert read(b"[" + ONE + b"," + OTHER + b"]") == json.loads(b"[" + ONE + b"," + OTHER + b"]")
    assert read(b"[" + ONE + b"," + OTHER + end) is None


def test_more_strings_than_an_element_has_are_for_a_parser():
    element = {f"a{number}": "b" for number in range(alike._MOST_STRINGS)}
    assert read(json.dumps([element] * 2, separators=(",", ":")).encode()) is None


@pytest.mark.parametrize("text", [b'[{"a":"\\x"}]', b'[{"a":"\\u12"}]', b'[{"a":"\\ud800"}]'])
def test_an_escape_that_is_none_is_refused(text):
    with pytest.raises((Unrecognised, pa.ArrowInvalid)):
        read(text)


@pytest.mark.parametrize("most", [b'"', b"\\"])
def test_a_list_full_of_quotes_or_backslashes_takes_little_memory(most):
    assert read(b'[{"a":"' + most * 20_000 + b'"}]') is None


@pytest.mark.one_in(3)
@pytest.mark.parametrize("element", [b"{}", b"null", b'{"a":1}'])
def test_a_page_of_elements_by_the_million_takes_no_memory(make, element):
    day = make.attribute("Day", ("ID", "date"), elements=[["2024-01-31"]])
    few = b'{"formValues":["2024-01-31"],"id":"h0;Day"}'
    text = make.page([day], headers=[[0]]).replace(few, b'{"id":"h"},' + b",".join([element] * 2_000_000))
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(ProtocolError):
        decode_page(text)
    assert pa.default_memory_pool().max_memory() - before < 50 * 2**20
