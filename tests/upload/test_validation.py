"""Arrays that contradict their types are refused before anything is sent, with the place and what stands there."""

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pa_dataset
import pytest

from mstr_arrow.errors import ConversionError, UsageError
from mstr_arrow.upload.source import source_of
from mstr_arrow.upload.validation import validate_batches

BYTES = [b"Lyon", None, b"K\xf6ln", b"Paris"]
TEXTS = {
    "string": pa.array(BYTES, pa.binary()).view(pa.string()),
    "large_string": pa.array(BYTES, pa.large_binary()).view(pa.large_string()),
    "string_view": pa.array(BYTES, pa.binary_view()).view(pa.string_view()),
}
WRONG = {
    **TEXTS,
    "dictionary": pa.DictionaryArray.from_arrays([0, 1, 2, 2], TEXTS["string"]),
    "sliced": TEXTS["string"].slice(0),
}


def batch(column, name="City"):
    return pa.record_batch({name: column})


@pytest.mark.parametrize("kind", WRONG)
def test_text_that_is_not_utf_8_is_refused_with_its_row_and_bytes(kind):
    with pytest.raises(
        ConversionError, match=r"Column 'City', row 1,002: the text b'K\\xf6ln' is not UTF-8"
    ) as caught:
        list(validate_batches([batch(pa.array(["a"] * 1000)), batch(WRONG[kind])]))
    assert (caught.value.column, caught.value.row) == ("City", 1002)
    assert "cp1252" in caught.value.hint


@pytest.mark.parametrize(
    ("column", "seen"),
    [
        (pa.DictionaryArray.from_arrays([0, None, 5], ["x"], safe=False), "row 2: .*out of bounds: 5"),
        (pa.array([0, None, 1], pa.int64()).view(pa.date64()), "row 2: .*whole number of days"),
        (pa.array([0, 86_400], pa.int32()).view(pa.time32("s")), "row 1: .*86400"),
    ],
    ids=["dictionary", "date64", "time32"],
)
def test_values_that_contradict_their_type_are_refused_with_their_row(column, seen):
    with pytest.raises(ConversionError, match=seen):
        list(validate_batches([batch(column)]))


def test_runs_of_text_that_is_not_utf_8_are_refused_without_a_row():
    lengths, texts = pa.array([1, 2, 3, 4], pa.int32()), pa.array(["a", "b", "c", "d"])
    runs = pa.RunEndEncodedArray.from_arrays(lengths, texts)
    runs = pa.Array.from_buffers(runs.type, 4, [None], children=[lengths, TEXTS["string"]])
    with pytest.raises(ConversionError, match=r"Column 'City': .*UTF8"):
        list(validate_batches([batch(runs)]))


TABLE = pa.table({"City": pa.chunked_array([["Rome"], TEXTS["string"]])})


@pytest.mark.parametrize(
    "data",
    [TABLE, TABLE.combine_chunks().to_batches()[0], pl.DataFrame(TABLE)],
    ids=["table", "batch", "polars"],
)
def test_a_table_in_memory_is_refused_before_it_is_opened(data):
    with pytest.raises(UsageError, match="Column 'City', row 3"):
        source_of(data, "Sales")


@pytest.mark.parametrize(
    "data",
    [TABLE.to_reader(), pl.LazyFrame(TABLE), pa_dataset.dataset(TABLE)],
    ids=["reader", "lazy", "dataset"],
)
def test_a_stream_is_refused_where_the_value_comes(data):
    with source_of(data, "Sales").open() as batches, pytest.raises(ConversionError, match="Column 'City', row 3"):
        list(batches)


def test_pandas_strings_of_arrow_are_looked_at_too():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"City": pandas.Series(TEXTS["string"], dtype=pandas.ArrowDtype(pa.string()))})
    with pytest.raises(UsageError, match="Column 'City', row 2"):
        source_of(frame, "Sales")
