from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

from mstr_arrow.adapters.polars import empty_frame, to_frame


def words(values, dictionary=("a", "", "😀")):
    return pa.DictionaryArray.from_arrays(pa.array(values, pa.int32()), pa.array(list(dictionary), pa.string()))


@pytest.mark.parametrize("values", [[0, 1, None, 2, 0], [None, None], []])
def test_plain_texts_are_those_of_the_dictionary(values):
    batch = pa.record_batch({"Word": words(values)})
    frame = to_frame(batch, "plain")
    assert frame.schema == {"Word": pl.String}
    assert frame["Word"].to_list() == batch["Word"].to_pylist()


def test_a_column_of_nulls_only_has_no_dictionary_at_all():
    frame = to_frame(pa.record_batch({"Word": words([None, None], ())}), "plain")
    assert frame["Word"].to_list() == [None, None]


def test_dictionaries_become_categories_that_concatenate():
    frames = [to_frame(pa.record_batch({"Word": words([0, 1], pair)}), "dictionary") for pair in ("ab", "bc")]
    frame = pl.concat(frames)
    assert frame["Word"].dtype == pl.Categorical
    assert frame["Word"].cast(pl.String).to_list() == ["a", "b", "b", "c"]


def test_other_types_stay_what_they_are():
    arrays = {
        "Number": pa.array([2**63 - 1, None]),
        "Exact": pa.array([Decimal("0.000000000000000001"), None], pa.decimal128(38, 18)),
        "Day": pa.array([-719162, None], pa.date32()),
        "Time": pa.array([86_399_999_999, None], pa.time64("us")),
        "Moment": pa.array([1, None], pa.timestamp("us")),
        "Flag": pa.array([True, None]),
    }
    frame = to_frame(pa.record_batch(arrays), "plain")
    assert frame.dtypes == [pl.Int64, pl.Decimal(38, 18), pl.Date, pl.Time, pl.Datetime("us"), pl.Boolean]
    assert frame.row(0) == tuple(array[0].as_py() for array in arrays.values())
    assert frame.row(1) == (None,) * 6


@pytest.mark.parametrize(("strings", "dtype"), [("plain", pl.String), ("dictionary", pl.Categorical)])
def test_a_frame_without_rows_has_the_types_of_one_with_rows(strings, dtype):
    batch = pa.record_batch({"Word": words([0]), "Number": pa.array([1])})
    empty = empty_frame(batch.schema, strings)
    assert empty.height == 0
    assert empty.schema == to_frame(batch, strings).schema
    assert empty.dtypes == [dtype, pl.Int64]
