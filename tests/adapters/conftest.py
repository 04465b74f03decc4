"""A Sales Cube in small pages, and what the simulator saw of the queries over it."""

from __future__ import annotations

import gc
import time

import orjson
import polars as pl
import pytest

import mstr_arrow as ma
from tests.support.servers import connect_to

PAGE_ROWS = 250


class Seen:
    """The requests for instances and pages that the simulator answered since this was made."""

    def __init__(self, simulator):
        self._simulator = simulator
        self._before = len(simulator.requests)
        self._created = simulator.instances_created

    @property
    def requests(self):
        return [each for each in self._simulator.requests[self._before :] if "/instances" in each.path]

    @property
    def instances(self):
        return self._simulator.instances_created - self._created

    @property
    def bodies(self):
        return [orjson.loads(each.body) for each in self.requests if each.method != "GET"]

    @property
    def rows(self):
        """Rows that were asked for."""
        return sum(int(each.query["limit"]) for each in self.requests)

    def settled(self):
        """Wait until no requests come any more; return how many came."""
        gc.collect()
        end = time.monotonic() + 60
        count, same_since = len(self.requests), time.monotonic()
        while time.monotonic() - same_since < 0.15:
            assert time.monotonic() < end
            time.sleep(0.01)
            if len(self.requests) != count:
                count, same_since = len(self.requests), time.monotonic()
        return count


@pytest.fixture
def several(engine):
    """Leave out what several reads at once do in an old Polars, in memory.

    All its threads then wait for rows, and the simulator, which is in the same process, waits for one of them.
    """
    if engine == "in-memory" and tuple(map(int, pl.__version__.split(".")[:2])) < (1, 41):
        pytest.skip("Polars waits for itself")


@pytest.fixture
def seen(simulator):
    """Begin to look at what is asked of the simulator: ``seen()``."""
    return lambda: Seen(simulator)


@pytest.fixture
def cube(connection):
    """The Sales Cube, 2,000 rows in eight pages."""
    return connection.cube("Sales Cube", limits=ma.Limits(page_rows=PAGE_ROWS, concurrency=2))


@pytest.fixture(scope="session")
def frame(simulator):
    """All rows of the Sales Cube."""
    with connect_to(simulator) as opened:
        return opened.cube("Sales Cube").to_polars()


@pytest.fixture(autouse=True)
def no_session_stays(request):
    """After each test, with its connection closed, the simulator has no session any more."""
    simulator = request.getfixturevalue("simulator") if "simulator" in request.fixturenames else None
    yield
    if simulator is not None:
        assert simulator.open_sessions == 0
