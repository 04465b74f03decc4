"""Three nights of a cube that grows: what came since goes into a table, which is as the cube is, nothing twice."""

from datetime import date, timedelta

import polars as pl
import pyarrow as pa
import pytest

from mstr_arrow.simulator import Simulator
from tests.support.servers import connect_to

FIRST = date(2024, 1, 1)


def loaded(night):
    """Return what the cube holds on a night: fifty orders more, of which one comes late, and five change late."""
    orders = [order for order in range(50 * night) if order != 50 * night - 7]
    return pl.DataFrame(
        {
            "Order": orders,
            "Day": [FIRST + timedelta(days=order // 5) for order in orders],
            "Amount": [order + (0.5 if order % 50 >= 45 and order // 50 + 1 < night else 0.0) for order in orders],
        }
    )


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=10) as server:
        yield server
        assert server.open_sessions == 0


@pytest.fixture
def growing(server):
    """Publish the cube as it is on a night, and give a scan of it."""
    with connect_to(server) as connection:

        def growing(night):
            connection.write("Growing", {"Sales": loaded(night)}, attributes=["Order"])
            return connection.cube(server.cubes["Growing"])

        yield growing


def into_delta(scan, folder):
    deltalake = pytest.importorskip("deltalake")
    stats = scan.write_delta(folder / "sales", mode="merge", keys=["Order"])
    query = deltalake.QueryBuilder().register("sales", deltalake.DeltaTable(folder / "sales"))
    return stats, pl.from_arrow(pa.table(query.execute("select * from sales")))


def into_duckdb(scan, folder):
    duckdb = pytest.importorskip("duckdb")
    stats = scan.write_duckdb(folder / "sales.duckdb", "sales", mode="merge", keys=["Order"])
    with duckdb.connect(folder / "sales.duckdb") as database:
        return stats, pl.from_arrow(pa.table(database.sql("from sales")))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("into", [into_delta, into_duckdb])
def test_three_nights_leave_what_the_cube_holds_and_nothing_twice(growing, into, tmp_path):
    last = None
    for night in (1, 2, 3):
        scan = growing(night).since("Day", last, overlap="3 days")
        into(scan, tmp_path)
        stats, table = into(scan, tmp_path)  # once more, as after a kill before the value was kept
        assert table.select("Order", "Day", "Amount").sort("Order").rows() == loaded(night).rows()
        assert stats.result_rows == (49 if night == 1 else 69)
        last = stats.highest
        assert last == FIRST + timedelta(days=10 * night - 1)
