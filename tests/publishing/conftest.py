"""Simulators that publish, and short waits."""

import pytest

from mstr_arrow.publishing import cube_publisher, cube_rule, following
from mstr_arrow.simulator import Simulator
from tests.support.servers import connect_to


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(cube_rule, "OLD_DATA_SECONDS", 0.3)
    monkeypatch.setattr(cube_rule, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(cube_publisher, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(following, "FIRST_PAUSE", 0.03)
    monkeypatch.setattr(following, "LONGEST_PAUSE", 0.05)


@pytest.fixture
def serve(quick):
    """Start a simulator that publishes for a third of a second, and connect to it; it is left no session."""
    started = []

    def serve(**settings):
        sim = Simulator(**({"rows": 20, "publication_seconds": 0.3} | settings)).__enter__()
        started.append(sim)
        return sim, connect_to(sim, settings=quick)

    yield serve
    for sim in started:
        assert sim.open_sessions == 0
        sim.__exit__(None, None, None)
