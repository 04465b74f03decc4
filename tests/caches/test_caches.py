"""The caches of cubes, over HTTP: listed on all nodes, and changed until they are as was wanted."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.caches.cache import read_cache
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import connect_to

CUBE = "Sales Cube"
NODES = ("node 1", "node/2")


@pytest.fixture
def serve(quick):
    """Start a simulator of two nodes, and connect to it."""
    started = []

    def serve(**settings):
        sim = Simulator(**({"rows": 20, "nodes": NODES} | settings)).__enter__()
        connection = connect_to(sim, settings=quick)
        started.extend([connection, sim])
        return sim, connection

    yield serve
    for each in started:
        each.__exit__(None, None, None)


def sent(sim, method):
    return sum(request.method == method and "/caches/" in request.path for request in sim.requests)


def test_caches_of_all_nodes_are_listed(serve):
    sim, connection = serve()
    connection.cube(CUBE).to_arrow()
    caches = connection.caches("sales cube")
    first = caches[0]
    assert [cache.node for cache in caches] == list(NODES)
    assert (first.cube, first.cube_id, first.rows, first.loaded, first.active) == (
        CUBE,
        sim.cubes[CUBE],
        20,
        True,
        True,
    )
    assert (first.hits, caches[1].hits, first.states) == (1, 0, ("loaded", "active", "persisted"))
    assert first.last_update == datetime(2026, 1, 15, 8, 30)
    assert first.last_update_job == 1001
    assert first.columns > 3
    assert first.size_bytes > 0
    assert connection.caches(sim.cubes[CUBE].lower(), node="NODE 1") == caches[:1]
    assert len(connection.caches()) > len(caches)


def test_they_are_a_table(serve):
    _, connection = serve()
    table = connection.caches(CUBE).table()
    assert table.select(["cube", "node", "loaded", "rows"]).to_pylist() == [
        {"cube": CUBE, "node": node, "loaded": True, "rows": 20} for node in NODES
    ]
    assert ma.CubeCaches().table().schema == table.schema


@pytest.mark.parametrize("seconds", [0, 0.15])
def test_one_is_changed_until_it_is_as_was_wanted(serve, seconds):
    sim, connection = serve(cache_seconds=seconds)
    cache = connection.caches(CUBE)[1]
    assert (cache.unload().loaded, cache.loaded, cache.load().loaded) == (False, True, True)
    assert cache.load().loaded
    assert sent(sim, "PATCH") == 2  # what is loaded is not loaded again
    assert (cache.deactivate().active, cache.activate().active) == (False, True)
    assert connection.caches(CUBE) == [connection.caches(CUBE)[0], cache]


def test_asynchronous(serve):
    _, connection = serve()

    async def main():
        first, second = await connection.caches_async(CUBE)
        assert not (await first.unload_async()).loaded
        assert (await first.load_async()).loaded
        assert not (await second.deactivate_async()).active
        assert (await second.activate_async()).active
        await first.delete_async()

    asyncio.run(main())
    connection.close()


def test_a_cube_without_an_active_cache_is_offline(serve):
    _, connection = serve(nodes=("one",))
    connection.caches(CUBE)[0].deactivate()
    assert ma.CubeStatus.ACTIVE not in connection.cube(CUBE).status
    with pytest.raises(errors.ServerError, match="offline"):
        connection.cube(CUBE).to_arrow()


def test_what_is_deleted_is_not_published_until_it_is_refreshed(serve):
    _, connection = serve(nodes=("one",))
    cache = connection.caches(CUBE)[0]
    cache.delete()
    cache.delete()  # which is gone
    cube = connection.cube(CUBE)
    assert (connection.caches(CUBE), cube.status) == ([], 0)
    with pytest.raises(errors.NotPublished):
        cube.to_arrow()
    assert cube.refresh().proof == "data time"
    assert cube.to_arrow().num_rows == 20


def test_lost_answers_change_nothing_twice(serve):
    sim, connection = serve()
    cache = connection.caches(CUBE)[0]
    for fault in (Fault.reset(), Fault.outwaited(504)):
        sim.fail(fault.on("PATCH", r"/caches/"))
        assert not cache.unload().loaded
        sim.fail(fault.on("DELETE", r"/caches/"))
        cache.load()
    cache.delete()


def test_a_failure_has_the_servers_reason(serve):
    sim, connection = serve()
    sim.fail(Fault.execution_fails(message="(Out of memory.)").on("PATCH", r"/caches/"))
    with pytest.raises(errors.ServerError, match=r"not changed: \(Out of memory\.\)"):
        connection.caches(CUBE)[0].unload()


def test_a_change_that_never_ends_has_an_end(serve, quick):
    sim, _ = serve(cache_seconds=3600)
    short = replace(quick, timeouts=replace(quick.timeouts, execute=0.8))
    with connect_to(sim, settings=short) as connection:
        cache = connection.caches(CUBE)[0]
        with pytest.raises(errors.TimeoutExceeded, match=r"not changed within 0\.8 s"):
            cache.unload()


def test_it_takes_a_privilege_which_the_error_names(serve):
    _, connection = serve(monitors_caches=False)
    with pytest.raises(errors.PermissionDenied, match="privilege to monitor the caches"):
        connection.caches()


def test_an_unknown_node_is_told_with_those_there_are(serve):
    sim, connection = serve()
    with pytest.raises(errors.NotFound, match="Did you mean 'node 1'"):
        connection.caches(node="node 11")
    assert sent(sim, "GET") == 0


def test_a_node_that_is_down_is_named(serve):
    sim, connection = serve()
    sim.fail(Fault.error(503, "ERR001").on("GET", r"/caches/cubes$", times=None))
    with pytest.raises(errors.ServerBusy, match=r"'node 1' that does not answer|'node/2' that does not answer"):
        connection.caches()


def test_a_node_that_is_down_does_not_stop_a_refresh(serve):
    sim, connection = serve()
    sim.fail(Fault.error(503, "ERR001").on("GET", r"/caches/cubes$", skip=1, times=3))
    sim.fail(Fault.error(503, "ERR001").on("GET", r"/caches/cubes$", skip=5, times=3))
    assert connection.cube(CUBE).refresh().proof == "data time"


@pytest.mark.parametrize("total", ["header", "text", None])
def test_the_number_of_caches_is_told_in_several_ways(library, retail, total):
    cache = {"id": "C:P:N", "source": {"id": "C" * 32, "name": "Sales"}, "state": {"loadedState": "loadPending"}}
    body, headers = {"cubeCaches": [cache]}, {}
    if total == "header":
        headers = {"x-mstr-total-count": "1"}
    elif total == "text":
        body["total"] = "1"
    library.on("GET", "/api/monitors/iServer/nodes", json={"nodes": {"name": "one"}})
    library.on("GET", "/api/monitors/caches/cubes", json=body, headers=headers)
    found = retail.caches()
    assert [(each.loaded, each.states, each.rows, each.last_update) for each in found] == [
        (False, ("loadPending",), None, None)
    ]


@pytest.mark.parametrize("body", [None, [], {}, {"id": "C", "source": {}}, {"source": {"id": "C", "name": "S"}}])
def test_what_is_no_cache_is_told(body):
    with pytest.raises(errors.ProtocolError, match="no cache of a cube"):
        read_cache(body, "one", None)
