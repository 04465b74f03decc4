import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.texts import check_strings, deliver_batch, deliver_schema

WORDS = pa.DictionaryArray.from_arrays(pa.array([1, None, 0, 1], pa.int32()), pa.array(["a", ""]))
FIELDS = [pa.field("Word", WORDS.type, metadata={"mstr.id": "A1"}), pa.field("Number", pa.int64())]
SCHEMA = pa.schema(FIELDS)
BATCH = pa.record_batch([WORDS, pa.array([1, 2, None, 4])], schema=SCHEMA)


def test_dictionaries_are_passed_on_as_they_are():
    assert deliver_schema(SCHEMA, "dictionary") is SCHEMA
    assert deliver_batch(BATCH, "dictionary") is BATCH


def test_plain_texts_keep_names_metadata_and_nulls():
    schema = deliver_schema(SCHEMA, "plain")
    assert schema.types == [pa.string(), pa.int64()]
    assert schema.field("Word").metadata == {b"mstr.id": b"A1"}
    batch = deliver_batch(BATCH, "plain")
    assert batch.schema.equals(schema, check_metadata=True)
    assert batch["Word"].to_pylist() == ["", None, "a", ""]
    assert batch["Number"].equals(BATCH["Number"])


def test_a_batch_without_columns_keeps_its_rows():
    rows = pa.record_batch([pa.nulls(3)], names=["_"]).select([])
    assert deliver_batch(rows, "plain").num_rows == 3


def test_a_batch_without_rows_has_the_plain_schema():
    batch = deliver_batch(BATCH.slice(0, 0), "plain")
    assert (batch.num_rows, batch.schema) == (0, deliver_schema(SCHEMA, "plain"))


def test_other_words_are_refused():
    check_strings("plain")
    check_strings("dictionary")
    with pytest.raises(UsageError, match=r"'Plain'.*'dictionary' or 'plain'"):
        check_strings("Plain")
