"""Chunks are complete bodies, full but not too large, and hold every row once."""

from __future__ import annotations

import base64
import json
import random
from itertools import chain

import pyarrow as pa
import pytest

from mstr_arrow.errors import ConversionError, DataMismatch, UsageError
from mstr_arrow.upload import chunks as chunks_module
from mstr_arrow.upload.chunks import chunks
from mstr_arrow.upload.slices import EncodeOptions, Losses, encode_slice

COLUMN, ROW = EncodeOptions("COLUMN"), EncodeOptions("ROW")


def cut(table, *, batch_rows=None, options=COLUMN, chunk_bytes=100_000, **more):
    batches = table.to_batches(max_chunksize=batch_rows)
    return chunks(batches, table.schema, table="sales", options=options, chunk_bytes=chunk_bytes, **more)


def payload(chunk):
    """The JSON text in a chunk; its body is checked on the way."""
    body = b"".join(chunk.body)
    assert b"".join(chunk.body) == body
    assert len(body) == chunk.size == chunk.body.size
    assert max(map(len, chunk.body)) <= 2**18
    parsed = json.loads(body)
    assert (parsed["tableName"], parsed["index"]) == (chunk.table, chunk.index)
    text = base64.b64decode(parsed["data"], validate=True)
    assert len(text) == chunk.body.text_bytes
    return text


def rows_of(chunk, options):
    values = json.loads(payload(chunk))
    rows = values if options.orientation == "ROW" else list(map(list, zip(*values, strict=True)))
    assert len(rows) == chunk.rows
    return rows


def sales(rows):
    rng = random.Random(1)
    texts = [None if row % 5 == 0 else "é" * rng.randrange(40) for row in range(rows)]
    return pa.table(
        {"key": range(rows), "text": pa.array(texts, pa.string()), "price": [rng.random() for _ in range(rows)]}
    )


def rows_in(table):
    return list(map(list, zip(*table.to_pydict().values(), strict=True)))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("options", [COLUMN, ROW], ids=lambda options: options.orientation)
@pytest.mark.parametrize("batch_rows", [None, 100])
def test_chunks_are_filled_but_never_exceed_their_size(options, batch_rows):
    table = sales(20_000)
    made = list(cut(table, options=options, batch_rows=batch_rows, chunk_bytes=200_000))
    assert len(made) > 5
    assert max(chunk.size for chunk in made) <= 200_000
    assert min(chunk.size for chunk in made[:-1]) >= 180_000
    assert [chunk.index for chunk in made] == list(range(1, len(made) + 1))
    assert [chunk.first_row for chunk in made] == [
        sum(chunk.rows for chunk in made[:at]) for at in range(len(made))
    ]
    assert [row for chunk in made for row in rows_of(chunk, options)] == rows_in(table)


@pytest.mark.parametrize("encoded", [False, True])
def test_chunks_are_filled_where_rows_grow_and_shrink(encoded):
    texts = pa.array(["x" * (2000 if 3000 < row < 4000 else row % 3) for row in range(10_000)])
    made = list(cut(pa.table({"text": texts.dictionary_encode() if encoded else texts}), chunk_bytes=50_000))
    assert max(chunk.size for chunk in made) <= 50_000
    assert min(chunk.size for chunk in made[:-1]) >= 45_000
    assert sum(chunk.rows for chunk in made) == 10_000


@pytest.mark.parametrize("batch_rows", [50, None])
def test_slices_stay_small_where_texts_grow(monkeypatch, batch_rows):
    sizes = []

    def observed(rows, options, *, first_row):
        made = encode_slice(rows, options, first_row=first_row)
        sizes.append(sum(map(len, chain.from_iterable(made.lanes))))
        return made

    monkeypatch.setattr(chunks_module, "encode_slice", observed)
    texts = ["x" * (5000 if row > 2000 else 1) for row in range(3000)]
    made = cut(pa.table({"text": texts}), batch_rows=batch_rows, chunk_bytes=200_000)
    assert sum(chunk.rows for chunk in made) == 3000
    assert max(sizes) < 200_000 / 12 + 50 * 5000


def test_a_chunk_may_be_exactly_full():
    table = pa.table({"key": range(50)})
    (whole,) = cut(table, chunk_bytes=10_000)
    (same,) = cut(table, chunk_bytes=whole.size)
    assert b"".join(same.body) == b"".join(whole.body)
    assert len(list(cut(table, chunk_bytes=whole.size - 1))) == 2


def test_the_name_of_a_table_is_written_as_json():
    table = pa.table({"a": [1]})
    (chunk,) = chunks(table.to_batches(), table.schema, table='Größe "L"', options=COLUMN, chunk_bytes=200)
    assert payload(chunk) == b"[[1]]"


def test_u8_a_cell_whose_text_looks_like_base64_is_sent_like_any_other():
    for options in (COLUMN, ROW):
        (chunk,) = cut(pa.table({"c": ["aGVs"]}), options=options)
        assert json.loads(payload(chunk)) == [["aGVs"]]


def test_no_rows_make_no_chunk():
    table = sales(10)
    assert list(cut(table.slice(0, 0))) == []
    assert list(chunks([], table.schema, table="sales", options=COLUMN, chunk_bytes=1000)) == []
    empty = [*table.slice(0, 0).to_batches(), pa.RecordBatch.from_pylist([], table.schema)]
    assert list(chunks(empty, table.schema, table="sales", options=COLUMN, chunk_bytes=1000)) == []


def test_empty_batches_between_others_are_passed_over():
    table = sales(100)
    empty = [pa.RecordBatch.from_pylist([], table.schema)] * 200
    batches = [*empty, *table.to_batches(max_chunksize=50), *empty, *table.to_batches(), *empty]
    made = list(chunks(batches, table.schema, table="sales", options=ROW, chunk_bytes=300))
    assert [row for chunk in made for row in rows_of(chunk, ROW)] == rows_in(table) * 2


@pytest.mark.parametrize("delivered", [0, 1, 100, 101, 999])
def test_an_upload_is_continued_after_the_rows_that_were_delivered(delivered):
    table = sales(1000)
    made = list(cut(table, batch_rows=100, first_index=7, skip_rows=delivered, chunk_bytes=20_000))
    assert [chunk.index for chunk in made] == list(range(7, 7 + len(made)))
    assert made[0].first_row == delivered
    assert [row for chunk in made for row in rows_of(chunk, COLUMN)] == rows_in(table)[delivered:]


def test_after_the_last_row_there_is_nothing_to_continue():
    assert list(cut(sales(100), skip_rows=100)) == []


def test_chunks_of_a_fixed_number_of_rows():
    made = list(cut(sales(1000), chunk_rows=300, batch_rows=70))
    assert [chunk.rows for chunk in made] == [300, 300, 300, 100]


def test_a_row_larger_than_a_chunk_is_refused_with_its_number():
    made = cut(pa.table({"text": ["short", "x" * 1000, "short"]}), chunk_bytes=500)
    assert next(made).rows == 1
    with pytest.raises(UsageError, match="Row 1 of table 'sales'"):
        next(made)
    with pytest.raises(UsageError, match="Row 0 of table 'sales'"):
        next(cut(sales(1), chunk_bytes=1))


def test_a_batch_of_other_columns_is_refused():
    table = sales(10)
    other = table.rename_columns(["key", "text", "Price"]).to_batches()
    with pytest.raises(DataMismatch, match=r"'Price' of type double where 'price'"):
        list(chunks([*table.to_batches(), *other], table.schema, table="sales", options=COLUMN, chunk_bytes=10_000))
    with pytest.raises(DataMismatch, match=r"\(none\) where 'price'"):
        list(
            chunks(table.drop(["price"]).to_batches(), table.schema, table="s", options=COLUMN, chunk_bytes=10_000)
        )


def test_what_a_batch_says_beyond_names_and_types_does_not_matter():
    table = sales(10)
    strict = pa.schema([pa.field(field.name, field.type, nullable=False) for field in table.schema], {"a": "b"})
    batches = [*table.to_batches(), *table.drop_null().cast(strict).to_batches()]
    (chunk,) = chunks(batches, strict, table="sales", options=COLUMN, chunk_bytes=10_000)
    assert chunk.rows == 10 + table.drop_null().num_rows


def test_an_error_names_the_row_of_the_whole_table():
    days = pa.array([*[0] * 3000, 10_000_000], pa.int32()).view(pa.date32())
    with pytest.raises(ConversionError) as caught:
        list(cut(pa.table({"Day": days}), chunk_bytes=5000, batch_rows=50, skip_rows=30))
    assert caught.value.row == 3000


def test_losses_of_a_chunk_are_those_of_its_rows():
    prices = [float("nan") if row % 2 else 1.0 for row in range(5000)]
    made = list(cut(pa.table({"price": prices}), chunk_bytes=5000))
    assert len(made) > 2
    assert [chunk.losses.nulled["price"] for chunk in made] == [
        rows_of(chunk, COLUMN).count([None]) for chunk in made
    ]
    assert sum((chunk.losses for chunk in made), start=Losses()).nulled == {"price": 2500}


def test_batches_are_taken_only_as_chunks_are_asked_for():
    taken = []

    def batches():
        for batch in sales(10_000).to_batches(max_chunksize=100):
            taken.append(batch.num_rows)
            yield batch

    made = chunks(batches(), sales(1).schema, table="sales", options=COLUMN, chunk_bytes=20_000)
    assert taken == []
    first = next(made)
    assert sum(taken) <= max(2 * first.rows, 1100)
