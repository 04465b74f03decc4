"""Up to where a destination has rows is asked of the destination itself."""

from datetime import date

import polars as pl
import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.jobs.definition.targets import Target
from mstr_arrow.jobs.held import highest_in

DAYS = pl.DataFrame({"Day": [date(2024, 1, 1), date(2024, 3, 1), None], "Order": [1, 2, 3]})


@pytest.fixture
def parts(tmp_path):
    folder = tmp_path / "lake" / "Region=East"
    folder.mkdir(parents=True)
    DAYS.write_parquet(folder / "part-00000.parquet")
    return Target("parts", str(tmp_path / "lake"))


@pytest.fixture
def delta(tmp_path):
    deltalake = pytest.importorskip("deltalake")
    deltalake.write_deltalake(tmp_path / "lake", pa.table(DAYS))
    return Target("delta", str(tmp_path / "lake"))


@pytest.fixture
def duckdb(tmp_path):
    tool = pytest.importorskip("duckdb")
    with tool.connect(tmp_path / "lake.duckdb") as database:
        database.register("days", pa.table(DAYS))
        database.sql('create table "Daily Sales" as from days')
    return Target("duckdb", str(tmp_path / "lake.duckdb"), '"Daily Sales"')


@pytest.fixture(params=["parts", "delta", "duckdb"])
def target(request):
    return request.getfixturevalue(request.param)


def test_it_is_the_highest_value_that_is_there(target):
    assert highest_in(target, "Day") == date(2024, 3, 1)
    assert highest_in(target, "Order") == 3


def test_a_column_that_is_not_there_is_told(target):
    with pytest.raises(UsageError, match=r"up to which 'Dya' there are rows in .* cannot be told"):
        highest_in(target, "Dya")


def test_what_is_not_there_yet_has_no_rows(tmp_path, duckdb):
    (tmp_path / "empty").mkdir()
    for way, place, table in (
        ("parts", tmp_path / "none", None),
        ("parts", tmp_path / "empty", None),
        ("delta", tmp_path / "empty", None),
        ("duckdb", duckdb.place, "other"),
        ("duckdb", tmp_path / "none.duckdb", "other"),
    ):
        if way == "delta":
            pytest.importorskip("deltalake")
        assert highest_in(Target(way, str(place), table), "Day") is None


@pytest.mark.parametrize(
    "target",
    [Target("adbc", "sqlite://x", "sales"), Target("iceberg", "a.b.c"), Target("parts", "s3://bucket/x")],
    ids=str,
)
def test_what_is_not_looked_into_is_told_with_a_way_out(target):
    with pytest.raises(UsageError, match='mode = "merge"'):
        highest_in(target, "Day")
