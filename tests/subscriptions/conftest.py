"""A server for subscriptions, a connection to it, and what it has got."""

import pytest

import mstr_arrow as ma
from mstr_arrow.config import Retry, Settings, Timeouts
from tests.support.servers import IDLE, connect_to


@pytest.fixture
def quick():
    """Settings whose waits are short."""
    return Settings(
        timeouts=Timeouts(connect=2, read=2, execute=5, logout=1),
        retry=Retry(attempts=3, seconds=5, wait_initial=0.001, wait_max=0.01),
    )


@pytest.fixture(scope="module")
def server():
    """A simulated server, for the tests of a module: each takes away what it makes."""
    from mstr_arrow.simulator import Simulator

    with Simulator(rows=50, **IDLE, delivery_polls=0) as sim:
        yield sim


@pytest.fixture
def conn(server, quick):
    """A connection to it; no fault is left, and no subscription or address."""
    before = set(server.subscriptions.items())
    addresses = server.addresses("demo")
    with connect_to(server, settings=quick) as opened:
        yield opened
    server.heal()
    assert set(server.subscriptions.items()) == before, "a test has left subscriptions"
    assert server.addresses("demo") == addresses, "a test has left addresses"


@pytest.fixture
def daily(conn):
    """A subscription of the user's own, deleted afterwards."""
    report = conn.report("Cross-tab Metrics Last")
    made = conn.subscribe("Daily", report, "Every Morning", "Ann Lee", ma.delivery.Email(subject="Sales"))
    yield made
    if made.id in conn_ids(conn):
        made.delete()


def conn_ids(conn):
    return {each.id for each in conn.subscriptions()}
