"""Which rows go together, and what their folder is called."""

import datetime as dt
from decimal import Decimal
from urllib.parse import unquote

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.errors import UsageError
from mstr_arrow.files.hive import NULL, Partitioning, column_of, folder_name, partition_columns

TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(lambda text: text != NULL)
ROWS = st.lists(st.tuples(TEXTS, st.none() | st.integers(-3, 3), st.none() | st.dates()), min_size=1, max_size=30)


@given(ROWS, st.booleans())
def test_each_row_is_in_the_folder_of_its_values_and_once(rows, plain):
    texts, numbers, days = zip(*rows, strict=True)
    words = pa.array(texts, pa.string())
    batch = pa.record_batch(
        {
            "Row": range(len(rows)),
            "Text": words if plain else words.dictionary_encode(),
            "Number": pa.array(numbers, pa.int64()),
            "Day": pa.array(days, pa.date32()),
        }
    )
    found = {}
    for folder, part in Partitioning(("Text", "Number", "Day"), batch.schema).split(batch):
        assert part.schema.names == ["Row"]
        assert folder not in found
        assert part["Row"].to_pylist() == sorted(part["Row"].to_pylist())
        found[folder] = part["Row"].to_pylist()
    assert sorted(row for part in found.values() for row in part) == list(range(len(rows)))
    for folder, part in found.items():
        values = [unquote(name.partition("=")[2]) for name in folder.split("/")]
        for row in part:
            told = [NULL if value is None else str(value) for value in rows[row]]
            assert values == told


def test_dictionaries_whose_texts_repeat_or_are_null_make_one_partition_of_each_text():
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2, None], pa.int32()), pa.array(["a", "a", None]))
    batch = pa.record_batch({"Word": words, "Row": range(4)})
    parts = list(Partitioning(("Word",), batch.schema).split(batch))
    assert {folder for folder, _ in parts} == {"Word=a", f"Word={NULL}"}
    assert sorted(row for _, part in parts for row in part["Row"].to_pylist()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (Decimal("0.00000001"), "0.00000001"),
        (Decimal("-12.50"), "-12.50"),
        (dt.datetime(2024, 1, 31, 10, 20), "2024-01-31 10%3A20%3A00"),
        (dt.datetime(2024, 1, 31, 10, 20, 0, 500_000), "2024-01-31 10%3A20%3A00.500000"),
        (dt.time(10, 20), "10%3A20%3A00"),
    ],
)
def test_values_are_written_as_spark_writes_them(value, written):
    batch = pa.record_batch({"V": [value], "N": [1]})
    ((folder, _),) = Partitioning(("V",), batch.schema).split(batch)
    assert folder == f"V={written}"


def test_names_of_columns_are_escaped_too_and_read_back():
    assert folder_name("Net/Gross=", "a") == "Net%2FGross%3D=a"
    assert column_of("Net%2FGross%3D=a") == "Net/Gross="


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([], r"partition_by is \[\]"),
        ([1], r"partition_by is \[1\]"),
        ("", "partition_by is ''"),
        (["A", "A"], "'A' twice"),
    ],
)
def test_what_names_no_columns_is_refused(columns, said):
    with pytest.raises(UsageError, match=said):
        partition_columns(columns)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["Regoin"], "no column 'Regoin' .*Did you mean 'Region'"),
        (["Region", "Revenue"], "'Revenue' is double, .*types"),
        (["Region", "Year"], None),
    ],
)
def test_columns_that_make_no_partitions_are_told(columns, said):
    schema = pa.schema([("Region", pa.string()), ("Year", pa.int64()), ("Revenue", pa.float64())])
    if said is None:
        assert Partitioning(tuple(columns), schema).schema.names == ["Revenue"]
        return
    with pytest.raises(UsageError, match=said):
        Partitioning(tuple(columns), schema)


def test_files_keep_a_column():
    with pytest.raises(UsageError, match="names every column"):
        Partitioning(("Region",), pa.schema([("Region", pa.string())]))


def test_a_text_that_means_null_is_refused():
    batch = pa.record_batch({"Word": [NULL], "Row": [0]})
    with pytest.raises(UsageError, match=r"'Word'.*means that there is none"):
        list(Partitioning(("Word",), batch.schema).split(batch))
