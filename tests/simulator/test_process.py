from __future__ import annotations

import http.client
import importlib
import json
from urllib.parse import urlsplit

import pytest

from mstr_arrow.simulator import Simulator, SimulatorProcess, TimeModel

MODULE = """
from mstr_arrow.simulator import EncodedCube, Fault

def cubes():
    return [EncodedCube(name="From Module", definition={}, total=1, page=lambda offset, limit: b'{"data":{}}')]

def faults():
    return [Fault.empty(503).on("GET", "/api/status", times=None, every=3),
            Fault.empty(502).on("GET", "/api/status", times=None, chance=0.5)]
"""


def asked(url):
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    connection.request("GET", f"{where.path}/api/status")
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, body


def status(url):
    return json.loads(asked(url)[1])


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "simulator_test_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return "simulator_test_module"


def test_process_serves_as_its_options_say_until_the_end_of_the_block(module):
    time = TimeModel(request_ms=1.5, rows_per_second=1e6, workers=2, session_limit=1)
    encoded = {"encoded": f"{module}:cubes", "encode_once": True, "gzip": False, "uncrosstab": False}
    with SimulatorProcess(rows=5, iserver_version="11.1.0400.00123", **encoded, time=time) as sim:
        assert (sim.username, sim.password, sim.project) == ("demo", "demo", "Simulated Retail")
        assert status(sim.url)["iServerVersion"] == "11.1.0400.00123"
    with pytest.raises(ConnectionRefusedError):
        status(sim.url)


def test_process_that_cannot_start_says_so():
    with pytest.raises(RuntimeError, match="ended before it served"), SimulatorProcess(faults="no_such_module:f"):
        pass
    with pytest.raises(TypeError, match="no_such_setting"):
        SimulatorProcess(no_such_setting=True)


def test_process_plans_faults_that_are_the_same_in_every_run_of_a_seed(module):
    with SimulatorProcess(rows=5, faults=f"{module}:faults", fault_seed=1) as sim:
        seen = [[asked(sim.url)[0] for _ in range(30)]]
    for seed in (1, 2):
        with Simulator(rows=5, fault_seed=seed) as here:
            for fault in importlib.import_module(module).faults():
                here.fail(fault)
            seen.append([asked(here.url)[0] for _ in range(30)])
    assert all(codes[2::3] == [503] * 10 for codes in seen)
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert set(seen[0]) == {200, 502, 503}
