import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.texts import check_strings, deliver_batch, deliver_schema, join_batches

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


def batch_of(*words):
    texts = pa.array(words, pa.string()).dictionary_encode().cast(WORDS.type)
    return pa.record_batch([texts, pa.array(range(len(words)))], names=["Word", "Number"])


PAGES = [["aaaa", "bbbb"], ["bbbb", None], ["cccc", "aaaa"], ["dddd", "eeee"], ["eeee", "dddd"], ["ffff"]]


@pytest.mark.parametrize(("limit", "dictionaries"), [(None, 1), (40, 1), (32, 1), (20, 2), (12, 4), (8, 6), (1, 6)])
def test_more_distinct_text_than_a_dictionary_holds_comes_in_several(limit, dictionaries):
    batches = [batch_of(*words) for words in PAGES]
    schema = batches[0].schema
    table = join_batches(batches, schema, **({} if limit is None else {"dictionary_bytes": limit}))
    assert table.schema.equals(schema)
    assert table["Word"].to_pylist() == [word for words in PAGES for word in words]
    distinct = {tuple(chunk.dictionary.to_pylist()) for chunk in table["Word"].chunks}
    assert len(distinct) == dictionaries
    assert max(sum(map(len, each)) for each in distinct) <= max(limit or 40, 8)


def test_dictionaries_that_repeat_are_one_however_long_they_are_together():
    words = ["aaaa", "bbbb"]
    table = join_batches([batch_of(*words) for _ in range(50)], batch_of(*words).schema, dictionary_bytes=9)
    assert len({tuple(chunk.dictionary.to_pylist()) for chunk in table["Word"].chunks}) == 1
    assert table.num_rows == 100


def test_no_batches_are_a_table_without_rows():
    assert join_batches([], SCHEMA).schema.equals(SCHEMA)
