"""The caches of cubes, and cubes that are published anew."""

import pytest

from mstr_arrow.errors import PermissionDenied, ServerError
from mstr_arrow.opening import connect
from mstr_arrow.simulator import Simulator


def times(connection, **params):
    answer = connection.request(
        "GET", "/api/monitors/caches/cubes", params={"clusterNode": "simulated-node", **params}
    )
    return {cache["source"]["name"]: cache["lastUpdateTime"] for cache in answer.json()["cubeCaches"]}


@pytest.fixture
def own():
    with (
        Simulator(rows=50) as server,
        connect(
            server.url, username=server.username, password=server.password, project=server.project
        ) as connection,
    ):
        yield server, connection


def test_a_cube_is_as_old_as_its_last_publication(own):
    server, connection = own
    before = times(connection)
    truth = server.truth("Sales Cube")
    server.republish("Sales Cube")
    assert server.truth("Sales Cube") == truth
    server.republish("Sales Cube", seed=7)
    assert server.truth("Sales Cube") != truth
    after = times(connection)
    assert (before.pop("Sales Cube"), after.pop("Sales Cube")) == ("2026-01-15 08:30:00", "2026-01-15 08:32:00")
    assert before == after


def test_an_instance_keeps_the_data_that_it_has(own):
    server, connection = own
    cube = connection.cube("Sales Cube")
    assert cube.count_rows() == 50
    server.republish("Sales Cube", rows=60)
    assert cube.to_arrow().num_rows == 50
    assert connection.cube("Sales Cube").to_arrow().num_rows == 60


def test_nodes_are_named_and_pages_turned(own):
    _, connection = own
    assert connection.request("GET", "/api/monitors/iServer/nodes").json()["nodes"][0]["name"] == "simulated-node"
    whole = list(times(connection))
    assert whole == [*times(connection, limit=2), *times(connection, offset=2)]
    with pytest.raises(ServerError):
        times(connection, clusterNode="elsewhere")


def test_it_takes_a_privilege():
    with (
        Simulator(rows=5, monitors_caches=False) as server,
        connect(
            server.url, username=server.username, password=server.password, project=server.project
        ) as connection,
        pytest.raises(PermissionDenied),
    ):
        times(connection)
