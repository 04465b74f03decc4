from __future__ import annotations

import gc
import gzip
import http.client
import json
import time
import zlib
from urllib.parse import urlsplit

import pytest

from mstr_arrow.simulator import Fault, Simulator

PAGES = r"/instances/"


@pytest.fixture
def broken(new_client):
    """A simulator to break, with one client logged in and one instance of a hundred rows made."""
    with Simulator(rows=100) as sim:
        client = new_client(sim)
        client.login()
        client.target = f"{client.instances('Sales Cube')}/{client.create('Sales Cube', limit=1)['instanceId']}"
        yield client


def get(client, **options):
    return client.send("GET", client.target, **options)


def test_error_meets_the_next_request_only(broken):
    broken.sim.fail(Fault.error(500, iserver_code=-2147206497, message="(Timeout.)"))
    reply = get(broken)
    assert (reply.error, reply.json["message"]) == ((500, "ERR001", -2147206497), "(Timeout.)")
    assert get(broken).status == 200
    assert [request.status for request in broken.sim.requests[-2:]] == [500, 200]


def test_aim_by_method_path_and_number(broken):
    broken.sim.fail(Fault.session_expired().on("GET", PAGES, skip=1, times=2))
    assert broken.send("GET", "/api/sessions").status == 200
    assert [get(broken).status for _ in range(4)] == [200, 401, 401, 200]


def test_fault_without_end_until_healed(broken):
    broken.sim.fail(Fault.html(502).on(times=None))
    replies = [get(broken) for _ in range(3)]
    assert [reply.status for reply in replies] == [502] * 3
    assert replies[0].headers["Content-Type"].startswith("text/html")
    broken.sim.heal()
    assert get(broken).status == 200


def test_dropped_instances_are_gone_and_the_session_is_not(broken):
    broken.sim.fail(Fault.instances_dropped().on("GET", PAGES, skip=1))
    assert get(broken).status == 200
    assert [get(broken).error for _ in range(2)] == [(404, "ERR004", -2147468986)] * 2
    assert broken.send("GET", "/api/sessions").status == 200
    assert broken.create("Sales Cube", limit=1)["status"] == 1


def test_sessions_that_end_every_so_many_requests(broken):
    broken.sim.fail(Fault.logged_out().on("GET", PAGES, times=None, every=3))
    assert [get(broken).status for _ in range(4)] == [200, 200, 401, 401]
    assert broken.sim.open_sessions == 0


def test_busy_says_when_to_come_back(broken):
    broken.sim.fail(Fault.busy(429, retry_after=2))
    reply = get(broken)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "2")


def test_body_that_is_not_json(broken):
    broken.sim.fail(Fault.not_json())
    reply = get(broken)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json;charset=UTF-8")
    with pytest.raises(json.JSONDecodeError):
        _ = reply.json


def test_redirect(broken):
    broken.sim.fail(Fault.redirect("http://127.0.0.1:1/steal"))
    reply = get(broken)
    assert (reply.status, reply.headers["Location"]) == (302, "http://127.0.0.1:1/steal")


def test_connection_reset_before_and_within_the_body(broken):
    broken.sim.fail(Fault.reset())
    with pytest.raises(ConnectionResetError):
        get(broken)
    broken.sim.fail(Fault.reset_midway())
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        get(broken)
    assert get(broken).status == 200


def test_connection_reset_after_the_body(broken):
    broken.sim.fail(Fault.reset_after())
    assert get(broken).json["data"]["paging"]["total"] == 100
    assert get(broken).status == 200


def test_a_gateway_that_does_not_wait_for_what_is_done(broken):
    before = broken.sim.instances_created
    broken.sim.fail(Fault.outwaited(504))
    reply = broken.send("POST", f"/api/v2/cubes/{broken.sim.cubes['Sales Cube']}/instances", json={})
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (504, "text/html")
    assert broken.sim.instances_created == before + 1


def test_body_shorter_than_promised(broken):
    broken.sim.fail(Fault.truncated())
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(broken)
    assert len(caught.value.partial) == pytest.approx(caught.value.expected, abs=1)


def test_half_a_gzip_stream_that_looks_whole(broken):
    broken.sim.fail(Fault.cut_short())
    reply = get(broken, headers={"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    with pytest.raises((EOFError, zlib.error)):
        gzip.decompress(reply.body)


def test_stall_ends_with_a_closed_connection(broken):
    broken.sim.fail(Fault.stalled(0.05))
    with pytest.raises(http.client.IncompleteRead):
        get(broken)


def test_late_answer(broken):
    broken.sim.fail(Fault.slow(0.1))
    start = time.monotonic()
    assert get(broken).status == 200
    assert time.monotonic() - start >= 0.1


def test_short_page_is_consistent(broken, read):
    broken.sim.fail(Fault.short_page(7))
    page = get(broken).json
    assert page["data"]["paging"] == {"total": 100, "current": 7, "offset": 0, "limit": 1000}
    assert {len(values) for values in read(page).values()} == {7}


@pytest.mark.parametrize("member", ["current", "offset", "total"])
def test_lying_page(broken, read, member):
    honest = get(broken).json
    broken.sim.fail(Fault.lying_page(**{member: 5}))
    page = get(broken).json
    assert page["data"]["paging"] == honest["data"]["paging"] | {member: honest["data"]["paging"][member] + 5}
    assert read(page) == read(honest)


def test_stopping_does_not_wait_for_a_late_answer():
    with Simulator(rows=1) as sim:
        sim.fail(Fault.slow(3600))
        where = urlsplit(sim.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        connection.request("GET", f"{where.path}/api/status")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        connection.getresponse()
    connection.close()


def test_stopping_leaves_no_request_of_a_client_that_went_away(caplog):
    with Simulator(rows=1) as sim:
        sim.fail(Fault.slow(3600))
        where = urlsplit(sim.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
        connection.request("GET", f"{where.path}/api/status")
        time.sleep(0.1)  # the request arrives
        connection.close()
        time.sleep(0.1)  # and so does the end of its connection
    gc.collect()
    assert caplog.messages == []
