from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from mstr_arrow.simulator import SimulatorProcess

MODULE = """
from mstr_arrow.simulator import EncodedCube

def cubes():
    return [EncodedCube(name="From Module", definition={}, total=1, page=lambda offset, limit: b'{"data":{}}')]
"""


def status(url):
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    connection.request("GET", f"{where.path}/api/status")
    reply = json.loads(connection.getresponse().read())
    connection.close()
    return reply


def test_process_serves_until_the_end_of_the_block(tmp_path, monkeypatch):
    (tmp_path / "simulator_test_cubes.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    with SimulatorProcess(rows=5, encoded="simulator_test_cubes:cubes", encode_once=True, gzip=False) as sim:
        assert (sim.username, sim.password, sim.project) == ("demo", "demo", "Simulated Retail")
        assert status(sim.url)["iServerVersion"].startswith("11.5")
    with pytest.raises(ConnectionRefusedError):
        status(sim.url)


def test_process_takes_version_and_times_as_options():
    times = {"request_ms": 1.5, "rows_per_second": 1e6, "workers": 2, "session_limit": 1}
    with SimulatorProcess(rows=5, iserver_version="11.1.0400.00123", uncrosstab=False, **times) as sim:
        assert status(sim.url)["iServerVersion"] == "11.1.0400.00123"


def test_process_that_cannot_start_says_so():
    with pytest.raises(RuntimeError, match="ended before it served"), SimulatorProcess(no_such_option=True):
        pass
