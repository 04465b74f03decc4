"""Cubes that are published, and their caches, as a client meets them that knows nothing of the package."""

import time

import pytest

from mstr_arrow.simulator import Fault, Simulator

CUBE = "Sales Cube"
CACHES = "/api/monitors/caches/cubes"


@pytest.fixture
def serve(new_client):
    """Start a simulator, and log in to it."""
    started = []

    def serve(**settings):
        sim = Simulator(**({"rows": 10} | settings)).__enter__()
        started.append(sim)
        client = new_client(sim)
        client.login()
        return sim, client

    yield serve
    for sim in started:
        sim.__exit__(None, None, None)


def publish(sim, client):
    return client.send("POST", f"/api/v2/cubes/{sim.cubes[CUBE]}")


def bits(sim, client):
    return int(client.send("HEAD", f"/api/cubes/{sim.cubes[CUBE]}").headers["X-MSTR-CubeStatus"])


def cache(client):
    listed = client.send("GET", CACHES, clusterNode="simulated-node").json["cubeCaches"]
    return next(each for each in listed if each["source"]["name"] == CUBE)


def until(look, wanted):
    for _ in range(200):
        if look() == wanted:
            return
        time.sleep(0.02)
    raise AssertionError(f"{look()} is not {wanted}")


def test_a_publication_is_a_job_at_whose_end_the_data_are_new(serve):
    sim, client = serve(publication_seconds=60)
    sim.change(CUBE, rows=20)
    reply = publish(sim, client)
    job = reply.json["jobId"]
    assert (reply.status, reply.json["id"].partition(":")[0]) == (202, str(job))
    assert bits(sim, client) & (1 | 64) == 65
    assert client.send("GET", f"/api/v2/monitors/jobs/{job}").json["status"] == "executing"
    assert client.create(CUBE)["data"]["paging"]["total"] == 10
    sim.finish_jobs()
    assert bits(sim, client) & 1 == 0
    assert client.create(CUBE)["data"]["paging"]["total"] == 20
    assert (cache(client)["lastUpdateTime"], cache(client)["lastUpdateJob"]) == ("2026-01-15 08:31:00", job)
    assert client.send("GET", f"/api/v2/monitors/jobs/{job}").status == 404
    assert client.page(CUBE, reply.json["instanceId"])["data"]["paging"]["total"] == 20


def test_there_is_one_publication_of_a_cube_at_a_time(serve):
    sim, client = serve(publication_seconds=30)
    sim.publish(CUBE, seconds=30)
    assert publish(sim, client).error == (500, "ERR001", -2147072194)
    assert sim.publications == 1


def test_a_log_out_cancels_it(serve):
    sim, client = serve(publication_seconds=30, jobs_kept=30)
    publish(sim, client)
    client.send("POST", "/api/auth/logout")
    client.login()
    jobs = client.send("GET", "/api/v2/monitors/jobs").json["jobs"]
    assert [(job["status"], job["objectType"]) for job in jobs] == [("error", "cube")]
    assert cache(client)["lastUpdateJob"] == 1001


def test_its_instance_tells_how_it_failed(serve):
    sim, client = serve()
    sim.fail(Fault.publication_fails())
    instance = publish(sim, client).json["instanceId"]
    assert client.send("GET", f"{client.instances(CUBE)}/{instance}").error == (500, "ERR001", -2147205488)
    assert cache(client)["lastUpdateJob"] == 1001


def test_older_servers_name_no_instance_and_the_status_may_lag(serve):
    sim, client = serve(names_publication=False, publication_seconds=30, status_lag=20)
    assert "instanceId" not in publish(sim, client).json
    assert bits(sim, client) & 1 == 0


def test_what_was_pushed_has_no_source(pusher, table):
    pusher.define(table("sales", city="STRING", units="INTEGER"))
    pusher.push([["Lyon", 1]])
    assert pusher.send("POST", f"/api/v2/cubes/{pusher.dataset.rpartition('/')[2]}").error[:2] == (400, "ERR001")


@pytest.mark.parametrize(
    ("state", "changed"),
    [({"loadedState": "unloaded"}, ("loadedState", "unloaded")), ({"active": False}, ("active", False))],
)
def test_a_cache_is_changed_in_its_own_time(serve, state, changed):
    _, client = serve(cache_seconds=0.2)
    path, prefer = f"{CACHES}/{cache(client)['id']}", {"Prefer": "respond-async"}
    reply = client.send("PATCH", path, {"state": state}, headers=prefer)
    status = f"{CACHES}/manipulations/{reply.json['manipulationId']}/status"
    assert (reply.status, client.send("GET", status).json["status"]) == (202, "executing")
    until(lambda: client.send("GET", status).json["status"], "ready")
    assert client.send("GET", path).json["state"][changed[0]] == changed[1]
    assert client.send("PATCH", path, {"state": state}).status == 400  # without Prefer
    both = {"state": {"active": True, "loadedState": "loaded"}}
    assert client.send("PATCH", path, both, headers=prefer).status == 400


def test_a_cube_is_published_as_long_as_one_node_has_a_cache(serve):
    sim, client = serve(nodes=("a", "b"))
    for left, node in ((True, "a"), (False, "b")):
        listed = client.send("GET", CACHES, clusterNode=node).json["cubeCaches"]
        found = next(each["id"] for each in listed if each["source"]["name"] == CUBE)
        assert client.send("DELETE", f"{CACHES}/{found}").status == 204
        assert bool(bits(sim, client)) is left
    assert client.send("GET", CACHES, clusterNode="c").status == 503
