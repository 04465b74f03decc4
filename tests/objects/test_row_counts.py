"""Metrics that count the rows of a dataset's tables are left out, and no others, whatever their names and types."""

from __future__ import annotations

import polars as pl
import pytest

from mstr_arrow.errors import ServerError
from mstr_arrow.simulator import EncodedCube, Fault, Simulator
from tests.support.servers import IDLE, connect_to

METRICS = {"Row Count - Stores": "unknown", "Margin": "reserved", "Revenue": "unknown"}


def definition():
    metrics = [
        {"id": f"{number:032X}", "name": name, "type": "metric", "dataType": data_type}
        for number, (name, data_type) in enumerate(METRICS.items(), 1)
    ]
    return {"availableObjects": {"attributes": [], "metrics": metrics}}


def cube(name, **more):
    return EncodedCube(name=name, definition=definition(), total=0, page=lambda _offset, _limit: b"{}", **more)


@pytest.fixture(scope="module")
def server():
    cubes = [
        cube("OLAP"),
        cube("Sales", subtype=779, tables=("Sales",)),
        cube("Stores", subtype=779, tables=("Stores",)),
    ]
    with Simulator(rows=10, encoded=cubes, **IDLE) as running:
        yield running


@pytest.fixture
def conn(server):
    with connect_to(server) as connection:
        yield connection


def names(metrics):
    return [each["name"] for each in metrics]


@pytest.mark.parametrize("name", ["OLAP", "Sales"])
def test_a_users_own_metrics_are_read(conn, server, name):
    before = len(server.requests)
    opened = conn.cube(name)
    assert names(opened.metrics) == list(METRICS)
    assert opened.row_counts == []
    asked = [request for request in server.requests[before:] if "/datasets/" in request.path]
    assert len(asked) == 1  # also where the answer is no: HTTP 500 is not asked again


def test_the_count_of_a_table_is_left_out_and_said(conn):
    opened = conn.cube("Stores")
    assert names(opened.metrics) == ["Margin", "Revenue"]
    assert names(opened.row_counts) == ["Row Count - Stores"]
    assert names(conn.cube("Stores", row_counts=True).metrics) == ["Margin", "Revenue", "Row Count - Stores"]


def test_tables_are_asked_for_only_where_a_metric_may_count_them(conn, server):
    before = len(server.requests)
    conn.cube("No Rows")
    assert not any("/datasets/" in request.path for request in server.requests[before:])


def test_a_pushed_metric_of_that_name_comes_back(conn):
    data = pl.DataFrame({"Store": ["Lyon", "Paris"], "Row Count - Stores": [3, 4]})
    written = conn.write("Own Counts", {"Visits": data}, verify=True)
    opened = conn.cube(written.cube_id)
    assert opened.to_polars().sort("Store").equals(data)
    assert names(opened.row_counts) == ["Row Count - Visits"]
    assert written.verified


def test_a_server_that_cannot_say_now_leaves_the_columns_as_they_are(conn, server):
    """They must not change from one night to the next because it was busy in between."""
    server.fail(Fault.busy(504).on("GET", "/datasets/"))
    with pytest.raises(ServerError):
        conn.cube("Stores")
