"""Scans of what came since: only that is asked for, and the highest value is known when all rows were read."""

import re
from datetime import date, datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import ConsistencyWarning, UsageError
from mstr_arrow.simulator import Fault

CUBE = "Sales Cube"


@pytest.fixture
def sales(connection):
    return connection.cube(CUBE, page_rows=30)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("column", ["Day", "Sold At", "Order", "Ledger Id", "List Price", "Revenue"])
def test_the_highest_value_is_that_of_all_rows(sales, column, tmp_path):
    scan = sales.since(column)
    stats = scan.write_parquet(tmp_path / "sales.parquet")
    column = pq.read_table(tmp_path / "sales.parquet")[column]
    assert stats.highest == pa.compute.max(column).as_py()
    assert scan.stats.highest == stats.highest


def test_what_came_since_is_asked_of_the_server(sales):
    scan = sales.since("Day", date(2024, 7, 2), overlap="2 days")
    assert re.search(r"decided by the server: Day >= .*2024.*30", scan.explain())
    assert scan.to_polars().equals(sales.to_polars().filter(pl.col("Day") >= date(2024, 6, 30)))


def test_the_next_read_begins_at_the_highest_value(sales):
    first = sales.filter(ma.col("Day") < date(2024, 1, 1)).since("Day")
    rows = first.to_arrow().num_rows
    last = first.stats.highest
    assert last < date(2024, 1, 1)
    after = sales.since("Day", last, inclusive=False).to_arrow().num_rows
    again = sales.since("Day", last).to_arrow().num_rows
    assert rows + after == 200 < rows + again


def test_no_row_has_no_highest_value(sales):
    scan = sales.since("Day", date(2030, 1, 1))
    with pytest.warns(
        ConsistencyWarning, match="Sales Cube: the highest value of .Day. was 2030-01-01, and no row"
    ):
        rows = scan.to_arrow().num_rows
    assert rows == 0
    assert scan.stats.highest is None


def test_less_than_before_is_told(sales, tmp_path):
    less = sales.filter(ma.col("Day") < date(2024, 1, 1)).since("Day", date(2024, 3, 1), overlap="90 days")
    with pytest.warns(ConsistencyWarning, match="was 2024-03-01, and it is 2023-1.-.. now"):
        less.write_csv(tmp_path / "less.csv")


def test_what_was_read_before_a_new_beginning_does_not_count(simulator, connection, tmp_path):
    simulator.fail(Fault.instances_dropped().on("GET", "/instances/", skip=2))
    scan = connection.cube(CUBE, page_rows=30, concurrency=1).since("Order")
    stats = scan.write_parquet(tmp_path / "sales.parquet")
    assert stats.restarts == 1
    assert stats.highest == pa.compute.max(pq.read_table(tmp_path / "sales.parquet")["Order"]).as_py()


def test_a_frame_has_a_highest_value_too(sales):
    scan = sales.since("Sold At").select("Sold At", "Units")
    frame = scan.to_polars()
    assert scan.stats.highest == frame["Sold At"].max()
    assert isinstance(scan.stats.highest, datetime)


def test_a_lazy_frame_of_it_may_leave_the_column_out(sales):
    assert sales.since("Day", date(2024, 7, 1)).lazy().select("Units").collect().width == 1


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("Dai", "Did you mean 'Day'"),
        ("Region", "whose order is not that of time"),
        ("Store", "more than one column"),
    ],
)
def test_a_column_that_does_not_grow_is_refused_before_there_is_a_file(sales, column, said, tmp_path):
    with pytest.raises(UsageError) as refused:
        sales.since(column).write_parquet(tmp_path / "sales.parquet")
    assert said in str(refused.value)
    assert [*tmp_path.iterdir()] == []


def test_a_column_that_was_left_out_is_told(sales):
    with pytest.raises(UsageError, match="notes its highest value, so it is among the columns"):
        sales.since("Day").select("Units").to_arrow()
