"""The checksum of rows: the same for the same rows, however they are held, and no other's."""

from decimal import Decimal

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.grid.checksum import checksum
from mstr_arrow.grid.server_types import TEXT

SCHEMA = pa.schema({"Word": TEXT, "Number": pa.int64(), "Part": pa.float64(), "Price": pa.decimal128(38, 2)})
ROWS = st.lists(
    st.tuples(
        st.none() | st.sampled_from(["", "a", "b", "ab", "é"]),
        st.none() | st.integers(-2, 2),
        st.none() | st.sampled_from([0.0, 0.5, -1.0]),
        st.none() | st.sampled_from([Decimal("0.00"), Decimal("1.50")]),
    ),
    max_size=6,
)


def batch(rows, words=("b", "", "é", "ab", "a")):
    """Make a batch whose dictionary has these words."""
    indices = [None if word is None else words.index(word) for word, *_ in rows]
    texts = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(words, pa.string()))
    columns = [pa.array([row[at] for row in rows], SCHEMA.field(at).type) for at in (1, 2, 3)]
    return pa.record_batch([texts, *columns], schema=SCHEMA)


@given(ROWS, ROWS)
def test_rows_have_the_checksum_of_equal_rows_and_of_no_others(rows, others):
    assert (checksum(batch(rows)) == checksum(batch(others))) == (rows == others)


@given(ROWS, st.permutations(["a", "b", "ab", "é", "", "x"]))
def test_neither_dictionaries_nor_slices_change_a_checksum(rows, words):
    before, after = [("b", 1, 0.5, None)], [(None, None, -1.0, None)]
    held = batch([*before, *rows, *after], tuple(words)).slice(1, len(rows))
    assert checksum(held) == checksum(batch(rows))


def test_what_lies_under_nulls_does_not_matter():
    validity = pa.py_buffer(b"\x01")
    one, other = (
        pa.Array.from_buffers(pa.int64(), 2, [validity, pa.py_buffer((5).to_bytes(8, "little") + under * 8)])
        for under in (b"\x00", b"\x07")
    )
    assert checksum(pa.record_batch([one], names=["n"])) == checksum(pa.record_batch([other], names=["n"]))


def test_rows_without_columns_are_counted():
    empty = [pa.record_batch([pa.nulls(count)], names=["_"]).select([]) for count in (1, 2)]
    assert checksum(empty[0]) != checksum(empty[1])
