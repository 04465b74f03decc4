"""Texts of any characters in matrices: which stay on the fast path, and what is no text."""

from __future__ import annotations

import json
from functools import partial
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.errors import ConversionError
from mstr_arrow.grid import cells, decode, escapes, matrix
from mstr_arrow.grid.cut import Piece, Unrecognised
from mstr_arrow.grid.grid_options import GridOptions
from mstr_arrow.grid.matrix import MARKED, cast_values, read_numbers, read_values
from mstr_arrow.grid.quoted import restore

AWKWARD = [
    *("", "null", "5", "true", "a,", ",", ",a", '"', '""', "a ] b [ c", "],[", "],", ",[", "]", "[", "[[1,2]]"),
    *(
        "back\\slash",
        "\\\\",
        '\\"',
        '"\\',
        "\\n",
        "\\u0041",
        "\n",
        "\r\n",
        "\t",
        "\n,",
        "\x01",
        "\x02\x03\x04",
        "\x00",
    ),
    *(
        "\x1f",
        "\x7f",
        "é",
        "e\u0301",
        "😀",
        "\u2028",
        "\ufeff",
        "\ufffe",
        "a/b",
        "  spaced  ",
        'line 1\nline 2, "x"',
    ),
]
SPELLINGS = (
    st.sampled_from(AWKWARD) | st.text(st.sampled_from('",[]\\\n\x01é😀a'), max_size=6) | st.text(max_size=6)
)


SLICES = st.sampled_from([1, 7, 40, 64, 100, matrix._SLICE])
"""Bytes that are read together, of a matrix and of a slice of it, from few of a row to all rows at once."""


def read(raw, *types, of=read_values, bytes_of_slice=matrix._SLICE):
    text = f'{{"raw":{raw}}}'.encode("utf-8", "surrogatepass")
    with patch.object(matrix, "_SLICE", bytes_of_slice), patch.object(cells, "_SLICE", bytes_of_slice):
        return of(Piece(text, len('{"raw":'), len(text) - 1), types)


def spell(rows, *, ascii_only):
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=ascii_only)


@given(
    rows=st.lists(st.tuples(SPELLINGS | st.none(), st.integers(-9, 9), SPELLINGS), min_size=1, max_size=8),
    ascii_only=st.booleans(),
    bytes_of_slice=SLICES,
)
def test_texts_between_numbers_are_read_as_json_reads_them(rows, ascii_only, bytes_of_slice):
    raw = spell(rows, ascii_only=ascii_only)
    arrays = read(raw, pa.string(), pa.int64(), pa.string(), bytes_of_slice=bytes_of_slice)
    for array in arrays:
        array.validate(full=True)
    assert list(zip(*(array.to_pylist() for array in arrays), strict=True)) == rows
    for array in (arrays[0], arrays[2]):
        texts = array.dictionary.to_pylist()
        assert len(set(texts)) == len(texts)


@given(texts=st.lists(SPELLINGS, min_size=1, max_size=8), ascii_only=st.booleans(), bytes_of_slice=SLICES)
def test_texts_of_a_column_with_several_types_are_read_as_json_reads_them(texts, ascii_only, bytes_of_slice):
    raw = spell([[text] for text in texts], ascii_only=ascii_only)
    (array,) = read(raw, MARKED, bytes_of_slice=bytes_of_slice)
    assert cast_values(array, pa.string()).to_pylist() == texts


@given(
    rows=st.lists(st.tuples(*[SPELLINGS | st.none()] * 5), min_size=1, max_size=6),
    own=st.lists(st.integers(0, 2), min_size=5, max_size=5),
    bytes_of_slice=SLICES,
)
def test_columns_of_one_metric_have_one_dictionary_in_which_each_text_stands_once(rows, own, bytes_of_slice):
    raw = spell(rows, ascii_only=False)
    arrays = read(raw, *[pa.string()] * 5, of=partial(read_values, own=own), bytes_of_slice=bytes_of_slice)
    assert list(zip(*(array.to_pylist() for array in arrays), strict=True)) == rows
    for metric in set(own):
        dictionaries = [
            array.dictionary.to_pylist() for array, mine in zip(arrays, own, strict=True) if mine == metric
        ]
        assert all(each == dictionaries[0] for each in dictionaries)
        texts = {row[at] for row in rows for at in range(5) if own[at] == metric} - {None}
        assert sorted(dictionaries[0]) == sorted(texts)


def test_two_spellings_of_a_text_are_one_text():
    (array,) = read(r'[["é"],["\u00e9"],["a\/b"],["a/b"],["5"],[5],["\"\\"],["\u0022\u005c"]]', pa.string())
    assert array.to_pylist() == ["é", "é", "a/b", "a/b", "5", "5", '"\\', '"\\']
    assert len(array.dictionary) == 4


@pytest.mark.parametrize(
    "raw",
    [
        *('[["a"b]]', '[[a"b"]]', '[["a""b"]]', '[["a" ]]', '[[ "a"]]', '[["a]]', '[[a"]]', '[["]]', "[[a]]"),
        *('[["a\tb"]]', '[["a\nb"]]', '[["a\x01"]]', '[["\x00"]]', "[[\x01a\x01]]", '[["\ud83d"]]'),
        *(
            r'[["\q"]]',
            r'[["\u12"]]',
            r'[["\u12g4"]]',
            r'[["\ud83d"]]',
            r'[["\udc00\ud83d"]]',
            r'[["a\"]]',
            r'[[\"a"]]',
        ),
        *('[["a"],[]]', '[["a"],["b","c"]]', '[["a"],"b"]', '[["a"],[["b"]]]', '[["a"]],["b"]]', '[["a"] ,["b"]]'),
        *('[["a"],[nulls]]', '[["a"],[nul]]', '[["a"],[nope]]', '[["a"],[]]', '[["a"],[,]]', r'[["a"\"],["a]]'),
        *('[["a"],[true]]', '[["a"],[nan]]', '[["a"],[01]]', '[["a"],[]', '["a"]', "[]", '[["a"],[{"b":1}]]'),
    ],
)
def test_what_is_no_matrix_of_texts_is_left_to_the_plain_decoder(raw):
    for size in (1, 7, matrix._SLICE):
        with pytest.raises((Unrecognised, pa.ArrowInvalid)):
            read(raw, pa.string(), bytes_of_slice=size)


@given(
    rows=st.lists(st.tuples(st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False)), min_size=1),
    nulls=st.sets(st.integers(0, 9)),
    bytes_of_slice=SLICES,
)
def test_numbers_are_read_as_json_reads_them(rows, nulls, bytes_of_slice):
    rows = [(whole, None if at in nulls else number) for at, (whole, number) in enumerate(rows)]
    raw = spell(rows, ascii_only=True)
    arrays = read(raw, pa.int64(), pa.float64(), of=read_numbers, bytes_of_slice=bytes_of_slice)
    assert list(zip(*(array.to_pylist() for array in arrays), strict=True)) == rows


@pytest.mark.parametrize(
    "raw",
    [
        *(
            '[["1"]]',
            "[[a]]",
            "[[1],[[2]]]",
            "[[1],[]]",
            "[[1],2]",
            "[[1] ,[2]]",
            "[[1],[2],]",
            "[[1]]]",
            "[[1],[2]",
        ),
        *(
            "[[1],\n[2]]",
            "[[1\r]]",
            "[[0x1F]]",
            "[[0X1F]]",
            "[[1],[2,3]]",
            "[1]",
            "[[true]]",
            "[[1]],[2]]",
            "[[1];[2]]",
        ),
        *("[[1]][[2]]", "[[1],,[2]]", "[[1],[]]", "[[1],{2}]", '[[1],["2"]]', "[[1_000]]"),
    ],
)
@pytest.mark.parametrize("to", [pa.int64(), pa.float64(), pa.decimal128(38, 18)])
def test_what_is_no_matrix_of_numbers_is_left_to_the_plain_decoder(raw, to):
    for size in (1, 7, matrix._SLICE):
        with pytest.raises((Unrecognised, pa.ArrowInvalid)):
            read(raw, to, of=read_numbers, bytes_of_slice=size)


@pytest.mark.parametrize("to", [pa.int64(), pa.float64(), pa.bool_()])
def test_a_text_is_no_number_and_no_truth_value(to):
    with pytest.raises((Unrecognised, pa.ArrowInvalid)):
        read('[["1"]]', to)


@given(texts=st.lists(SPELLINGS, max_size=6), data=st.data(), bytes_of_block=SLICES)
def test_escapes_of_any_kind_are_read_as_json_reads_them(texts, data, bytes_of_block):
    spelt = [json.dumps(text, ensure_ascii=data.draw(st.booleans())) for text in texts]
    more = [r"\/\b\f", r"\u0022\u005C\u005c", r"\uD83D\uDE00x", r"\uffff", r"\u007f~", "\x7f~^", r"\\u0041"]
    spelt += data.draw(st.lists(st.sampled_from([f'"{text}"' for text in more])))
    cut_off = data.draw(st.integers(0, len(spelt)))
    with patch.object(escapes, "BLOCK", bytes_of_block):
        found = restore(pa.array(spelt, pa.string())[cut_off:])
    found.validate(full=True)
    assert found.to_pylist() == [json.loads(text) for text in spelt[cut_off:]]


@pytest.mark.parametrize(
    "texts",
    [
        *([r"\q"], [r"\u12"], [r"\u12", "34"], [r"\u00g0"], [r"\ud83d"], [r"\ude00"], [r"\ude00\ud83d"]),
        *(
            [r"\ud83d", r"\ude00"],
            [r"\ud83dx\ude00"],
            [r"\ud83d\ud83d\ude00"],
            [r"\ud83d\ude00\ude00"],
            [r"\U0041"],
        ),
    ],
)
def test_what_is_no_escape_is_left_to_the_plain_decoder(texts):
    with pytest.raises(Unrecognised):
        restore(pa.array([f'"{text}"' for text in (*texts, "end of all")], pa.string()))


def test_texts_with_all_that_could_stand_between_them_are_left_to_the_plain_decoder():
    with pytest.raises(Unrecognised):
        restore(pa.array(['"\x7f~^`"', r'"\u0041"']))


def _page(make, texts, *, ascii_only=False):
    metrics = [make.metric("Note", "nVarChar"), make.metric("Units", "integer")]
    day = make.attribute("Day", ("ID", "nVarChar"), elements=[["Mon"]])
    raw = spell([[text, at] for at, text in enumerate(texts)], ascii_only=ascii_only)
    return make.page([day], metrics, headers=[[0]] * len(texts), raw=raw, current=len(texts))


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("text", AWKWARD)
def test_a_page_with_any_text_stays_on_the_fast_path(make, text, ascii_only):
    page = _page(make, ["one", text, "two", text], ascii_only=ascii_only)
    expected = decode.decode_plainly(page)
    with patch.object(decode, "decode_plainly", side_effect=AssertionError("plain")):
        found = decode.decode_page(page)
    assert found.batch.equals(expected.batch)
    assert found.batch.column("Note").to_pylist() == ["one", text, "two", text]


def test_formatted_values_with_any_text_stay_on_the_fast_path(make):
    page = _page(make, AWKWARD).replace(b'"raw":[[', b'"formatted":[[')
    with patch.object(decode, "decode_plainly", side_effect=AssertionError("plain")):
        found = decode.decode_page(page, options=GridOptions(values="formatted"))
    assert found.batch.column("Note").to_pylist() == AWKWARD


def test_half_a_surrogate_pair_is_an_error_and_no_text(make):
    page = _page(make, ["A\ud83d"], ascii_only=True)
    with pytest.raises(ConversionError, match="half of a character"):
        decode.decode_page(page)
