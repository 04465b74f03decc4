"""A cube in many small pages that cost the simulator nothing, and what the simulator saw of a read."""

from __future__ import annotations

import time

import orjson
import pytest

from mstr_arrow.config import Limits
from mstr_arrow.simulator import EncodedCube, Simulator
from tests.support.bad_days import bad_days

ROWS = 2_000
NUMBER, WORD, DOUBLE = "A" * 32, "B" * 32, "C" * 32
WORDS = ("one", "two", "three")
_FORM = {"id": "F" * 32, "name": "ID", "baseFormCategory": "ID"}


def page(offset: int, limit: int) -> bytes:
    """Encode rows of a cube that counts: Number (integer), Word (text) and the metric Double."""
    rows = range(offset, offset + limit)
    numbers = [{"formValues": [str(row)], "id": f"h{row};{NUMBER}"} for row in rows]
    words = [{"formValues": [word], "id": f"h{word};{WORD}"} for word in WORDS]
    units = [
        {"name": "Number", "id": NUMBER, "type": "attribute", "forms": [{**_FORM, "dataType": "integer"}]},
        {"name": "Word", "id": WORD, "type": "attribute", "forms": [{**_FORM, "dataType": "nVarChar"}]},
    ]
    metric = {"name": "Double", "id": DOUBLE, "type": "metric", "dataType": "double"}
    grid = {
        "crossTab": False,
        "metricsPosition": {"axis": "columns", "index": 0},
        "rows": [{**units[0], "elements": numbers}, {**units[1], "elements": words}],
        "columns": [{"name": "Metrics", "id": "0" * 32, "type": "templateMetrics", "elements": [metric]}],
        "pageBy": [],
    }
    data = {
        "paging": {"total": ROWS, "current": limit, "offset": offset, "limit": limit},
        "headers": {"rows": [[at, row % len(WORDS)] for at, row in enumerate(rows)], "columns": [[0]]},
        "metricValues": {"raw": [[row * 2.5] for row in rows]},
    }
    return orjson.dumps({"definition": {"grid": grid}, "data": data})


@pytest.fixture(scope="session")
def simulator():
    """A simulator that also has the cubes "Numbers" of 2,000 rows and "Bad Days" of 1,000."""
    attributes = [{"name": "Number", "id": NUMBER, "type": "attribute"}, {"name": "Word", "id": WORD}]
    metrics = [{"name": "Double", "id": DOUBLE, "type": "metric", "dataType": "unknown"}]
    definition = {"availableObjects": {"attributes": attributes, "metrics": metrics}}
    cube = EncodedCube(name="Numbers", definition=definition, total=ROWS, page=page)
    with Simulator(rows=200, encoded=[cube, bad_days()]) as server:
        yield server


class Pages:
    """Counts the requests for data that the simulator has answered since this was made."""

    def __init__(self, simulator):
        self._simulator = simulator
        self._before = len(simulator.requests)

    def asked(self) -> int:
        return sum("/instances" in request.path for request in self._simulator.requests[self._before :])

    def wait_for(self, count: int) -> None:
        end = time.monotonic() + 60
        while self.asked() < count:
            assert time.monotonic() < end, f"{count} pages were never asked for"
            time.sleep(0.002)

    def stopped(self) -> int:
        """Wait until no requests come any more; return how many came."""
        end = time.monotonic() + 60
        asked, same_since = self.asked(), time.monotonic()
        while time.monotonic() - same_since < 0.15:
            assert time.monotonic() < end, f"{asked} pages, and they still come"
            time.sleep(0.01)
            if self.asked() != asked:
                asked, same_since = self.asked(), time.monotonic()
        return asked


@pytest.fixture
def pages(simulator):
    return Pages(simulator)


@pytest.fixture
def small():
    """Limits that make 200 pages of Numbers, of which about ten fit into the byte budget."""
    return Limits(page_rows=10, concurrency=2, buffer_bytes=20_000)


@pytest.fixture
def numbers(connection, small):
    """Numbers in 200 pages."""
    return connection.cube("Numbers", limits=small)


@pytest.fixture
def coarse(connection):
    """Numbers in 20 pages: for what reads them to their end."""
    return connection.cube("Numbers", limits=Limits(page_rows=100, concurrency=2))


@pytest.fixture(autouse=True)
def no_session_stays(request):
    """After each test, with its connection closed, the simulator has no session any more."""
    simulator = request.getfixturevalue("simulator") if "simulator" in request.fixturenames else None
    yield
    if simulator is not None:
        assert simulator.open_sessions == 0
