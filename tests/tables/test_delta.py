"""What is particular to Delta tables."""

import datetime as dt

import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from tests.tables.conftest import batch

deltalake = pytest.importorskip("deltalake")

NOON = dt.datetime.fromisoformat("2024-01-01 12:00:00")


def by_word(numbers, word, value=0.0):
    return batch(numbers, value, Word=pa.array([word] * len(numbers)))


def test_a_failed_write_leaves_the_version_and_each_write_adds_one(delta):
    delta.put(batch([1]))
    delta.put(batch([2]), mode="append")
    with pytest.raises(errors.TableError):
        delta.put(batch([3, 3]), mode="merge", keys=["Number"])
    assert deltalake.DeltaTable(delta.target[0]).version() == 1


def test_a_table_object_is_taken_and_its_later_version_looked_at(delta, numbers):
    delta.put(batch([1]))
    table = deltalake.DeltaTable(delta.target[0])
    delta.put(batch([2]), mode="append")
    numbers.head(1).write_delta(table, mode="append")
    assert delta.rows()["Number"].to_list() == [0, 1, 2]


@pytest.mark.parametrize("condition", [ma.col("Word") == "a", "Word = 'a'", "Word in ('a') and Number < 10"])
def test_an_overwrite_replaces_the_rows_of_a_condition(delta, condition):
    delta.put(by_word([1, 2], "a"), by_word([3], "b"))
    delta.put(by_word([4], "a"), mode="overwrite", replace_where=condition)
    assert delta.rows().rows() == [(3, "b", 0.0), (4, "a", 0.0)]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([True, False]),
        pa.array([dt.date(2024, 1, 31), dt.date(2024, 2, 1)]),
        pa.array([dt.datetime.fromisoformat("2024-01-31 12:30:01"), dt.datetime.fromisoformat("2024-02-01")]),
        pa.array(["O'Hare", 'a "b"']),
        pa.array([2.5, -1e300]),
    ],
    ids=lambda column: str(column.type),
)
def test_conditions_have_constants_of_each_type(delta, column):
    first, second = column.to_pylist()
    delta.put(pa.record_batch({"Number": pa.array([1, 2]), "The value": column}))
    one = pa.record_batch({"Number": pa.array([3]), "The value": column.slice(0, 1)})
    delta.put(one, mode="overwrite", replace_where=ma.col("The value") == first)
    assert delta.rows().rows() == [(2, second), (3, first)]


def test_rows_that_the_condition_does_not_hold_for_are_refused(delta):
    delta.put(by_word([1, 2], "a"), by_word([3], "b"))
    with pytest.raises(errors.TableError):
        delta.put(by_word([4], "c"), mode="overwrite", replace_where=ma.col("Word") == "a")
    assert delta.rows()["Number"].to_list() == [1, 2, 3]


@pytest.mark.parametrize(
    ("condition", "mode", "said"),
    [
        (ma.col("Wort") == "a", "overwrite", "replace_where names 'Wort'.*'Word'"),
        ("Word ==== 'a'", "overwrite", "is no SQL"),
        (3, "overwrite", "no condition"),
        (ma.col("Double").top(3), "overwrite", "cannot be said in SQL"),
        (ma.col("Word") == "a", "append", "which rows are overwritten"),
    ],
)
def test_a_condition_is_checked_before_data(delta, condition, mode, said):
    delta.put(by_word([1, 2], "a"))
    with pytest.raises(errors.UsageError, match=said):
        delta.put(by_word([1], "a"), mode=mode, replace_where=condition)


def test_a_new_table_is_partitioned_and_keeps_its_partitions(delta):
    delta.put(by_word([1, 2], "a"), by_word([3], "b"), partition_by="Word")
    assert sorted(each.name for each in delta.target[0].iterdir()) == ["Word=a", "Word=b", "_delta_log"]
    delta.put(by_word([4], "b"), mode="append")
    delta.put(by_word([5], "b"), mode="append", partition_by=["Word"])
    assert deltalake.DeltaTable(delta.target[0]).metadata().partition_columns == ["Word"]
    assert delta.rows()["Number"].to_list() == [1, 2, 3, 4, 5]
    with pytest.raises(errors.UsageError, match="is partitioned by 'Word', not by 'Number'"):
        delta.put(by_word([6], "b"), mode="append", partition_by=["Number"])


@pytest.mark.parametrize(
    ("by", "said"),
    [(["Wort"], r"partition_by names 'Wort'.*'Word'"), (["Number", "Word", "Double"], "names all columns")],
)
def test_partitions_are_checked_before_data(delta, by, said):
    with pytest.raises(errors.UsageError, match=said):
        delta.put(batch([1]), partition_by=by)
    assert delta.rows() is None


def test_what_is_there_is_told(delta):
    folder = delta.target[0]
    folder.write_text("x")
    with pytest.raises(errors.UsageError, match="is a file, and a Delta table is a folder"):
        delta.put(batch([1]))
    folder.unlink()
    folder.mkdir()
    (folder / "notes.txt").write_text("x")
    with pytest.raises(errors.UsageError, match=r"holds 'notes.txt', and is no Delta table"):
        delta.put(batch([1]), mode="overwrite")
    (folder / "notes.txt").unlink()
    delta.put(batch([1]))


@pytest.mark.parametrize(
    ("column", "held"),
    [
        (pa.array([1], pa.uint32()), pa.int64()),
        (pa.array([NOON], pa.timestamp("ms")), pa.timestamp("us")),
        (pa.array([NOON], pa.timestamp("s", "Europe/Paris")), pa.timestamp("us", "UTC")),
        (pa.array([1], pa.decimal128(38, 18)), pa.decimal128(38, 18)),
        (pa.array([1], pa.decimal256(30, 2)), pa.decimal128(30, 2)),
    ],
    ids=lambda given: str(getattr(given, "type", given)),
)
def test_types_of_one_meaning_are_turned_into_those_that_it_holds(delta, column, held):
    delta.put(pa.record_batch({"Number": column}))
    schema = pa.schema(deltalake.DeltaTable(delta.target[0]).schema().to_arrow())
    assert schema.field("Number").type == held
    assert pa.array(delta.rows()["Number"]).cast(held).equals(column.cast(held))


@pytest.mark.parametrize("kind", [pa.time64("us"), pa.uint64(), pa.timestamp("ns"), pa.decimal256(60, 2)], ids=str)
def test_types_that_it_cannot_hold_are_refused_with_a_way_out(delta, kind):
    with pytest.raises(errors.UsageError, match=r"column 'T' is .*types=.*select\(\)"):
        delta.put(pa.record_batch({"Number": pa.array([1]), "T": pa.nulls(1, kind)}))
    assert delta.rows() is None


def test_names_that_differ_in_their_case_are_refused(delta):
    with pytest.raises(errors.UsageError, match="'Number' and 'NUMBER' differ only in the case"):
        delta.put(batch([1], NUMBER=pa.array([1])))


def test_names_with_blanks_and_signs_are_kept_and_merged_by(delta):
    def rows(keys, values):
        return pa.record_batch(
            {"Number": pa.array(keys), 'Order "No."': pa.array(keys), "Net ($, %)": pa.array(values)}
        )

    delta.put(rows([1, 2], [0.5, 0.5]))
    delta.put(rows([2, 3], [1.5, 1.5]), mode="merge", keys=['Order "No."'])
    assert delta.rows().rows() == [(1, 1, 0.5), (2, 2, 1.5), (3, 3, 1.5)]
