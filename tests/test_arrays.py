"""Arrow data of Python values: as pyarrow makes them, and without pandas, which pyarrow would import."""

import os
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest

from mstr_arrow.arrays import make_array, make_scalar, make_table

ELEMENT = pa.struct({"id": pa.string(), "forms": pa.list_(pa.string())})
EAST = timezone(timedelta(hours=2))
MOMENT = datetime(2024, 1, 31, 10, 20, 30, 5, tzinfo=UTC)


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("values", "to"),
    [
        ([], pa.string()),
        (["", "é", None, Text("a")], pa.string()),
        (["a", None], pa.large_string()),
        ([1, None, -(2**63)], pa.int64()),
        ([2**64 - 1], pa.uint64()),
        ([1.5, None, float("inf"), 1], pa.float64()),
        ([True, None], pa.bool_()),
        ([date(2024, 1, 31), None], pa.date32()),
        ([MOMENT, None], pa.timestamp("us", "UTC")),
        ([MOMENT.replace(tzinfo=None)], pa.timestamp("us")),
        ([MOMENT.replace(tzinfo=None), MOMENT.astimezone(EAST), MOMENT], pa.timestamp("us", "UTC")),
        ([MOMENT.replace(year=year, tzinfo=None) for year in (1, 9999)], pa.timestamp("us")),
        ([Decimal("-1.5"), None], pa.decimal128(38, 2)),
        ([None, None], pa.string()),
        ([Decimal(10**60)], pa.decimal256(76, 2)),
        ([{"id": "h1", "forms": ["a", None]}, {"id": None, "forms": None}, None], ELEMENT),
        ([[1, 2], None, (), (3,)], pa.list_(pa.int32())),
    ],
    ids=str,
)
def test_arrays_are_those_of_pyarrow(values, to):
    assert make_array(values, to).equals(pa.array(values, to))
    if values and not isinstance(values[0], (dict, list)):
        assert make_scalar(values[0], to).equals(pa.scalar(values[0], to))


@pytest.mark.parametrize(
    ("values", "to"),
    [
        ([2**70], pa.int64()),
        ([300], pa.int8()),
        (["\ud800"], pa.string()),
        ([1], pa.string()),
        ([b"a"], pa.string()),
        ([1], pa.bool_()),
        ([1.5], pa.int64()),
        (["a"], pa.float64()),
        ([Decimal("1.505")], pa.decimal128(38, 2)),
        ([Decimal(10**37)], pa.decimal128(38, 2)),
        ([{"id": 1, "forms": []}], ELEMENT),
        ([{"id": "h1", "forms": [1.5]}], ELEMENT),
        ([{"id": "h1", "forms": "ab"}], ELEMENT),
        (["ab"], ELEMENT),
        ([[300]], pa.list_(pa.int8())),
    ],
    ids=str,
)
def test_values_that_are_not_of_the_type_are_value_errors(values, to):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Arrow's or Python's
        make_array(values, to)


def test_a_table_has_the_columns_of_its_schema_in_every_row():
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False), ("name", pa.string())])
    made = make_table([{"id": 7, "other": 1}, {"id": 8, "name": "b"}], schema)
    assert made.schema == schema
    assert made.to_pylist() == [{"id": 7, "name": None}, {"id": 8, "name": "b"}]
    assert make_table([], schema).schema == schema


WAYS = {
    "read": """
        for name in ("Sales Cube", "Awkward Values", "No Rows"):
            cube = connection.cube(name)
            cube.to_polars(), cube.to_arrow(), list(cube.select(cube.schema.names[0]))
        connection.report("Metrics On Rows").to_arrow()
        connection.report("Report With Subtotals").with_options(subtotals="keep").to_arrow()
        cube = connection.cube("Sales Cube")
        cube.filter(ma.col("Order") < 500).to_polars()
    """,
    "extraction": """
        connection.cube("Sales Cube").extract("parts")
        connection.cube("Sales Cube").extract("parts")
        connection.cube("Sales Cube").write_parquet("sales.parquet")
    """,
    "upload": """
        import polars as pl
        rows = pl.DataFrame({"Day": ["2024-01-31", None], "Zip": ["10115", "x"], "Units": [1, 2]})
        cube = connection.write("No Pandas", rows)
        connection.write("No Pandas", rows.to_arrow(), mode="add")
    """,
    "lists": """
        [connection.objects().table, connection.users().table, connection.subscriptions().table]
    """,
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("way", WAYS)
def test_no_pandas_is_imported_where_there_is_one(simulator, tmp_path, way):
    _run_without("pandas", WAYS[way], simulator, tmp_path)


def test_reads_whose_rows_nothing_is_done_with_import_no_polars(simulator, tmp_path):
    way = """
        connection.cube("Sales Cube").write_parquet("sales.parquet")
        connection.cube("Sales Cube").to_reader().read_all()
        connection.cube("Awkward Values").to_arrow()
        connection.cube("Sales Cube").extract("parts")
        connection.objects().table
    """
    _run_without("polars", way, simulator, tmp_path)


def _run_without(module, way, simulator, folder):
    """Run code in a process that may not import a module, though there is one."""
    (folder / f"{module}.py").write_text('__version__ = "9.9"')  # what pyarrow would import, whatever is installed
    head = f"""
        import sys
        import mstr_arrow as ma
        connection = ma.connect({simulator.url!r}, username={simulator.username!r}, password={simulator.password!r})
    """
    end = f"""
        connection.close()
        sys.exit("{module} was imported" if "{module}" in sys.modules else 0)
    """
    code = "".join(map(textwrap.dedent, (head, way, end)))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=folder, env=environment)
