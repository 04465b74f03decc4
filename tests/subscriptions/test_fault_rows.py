"""Every fault at every step of subscriptions: what is done is what `docs/reliability.md` says, cell by cell."""

from pathlib import Path

import pytest

import mstr_arrow as ma
from mstr_arrow import events
from mstr_arrow.simulator import Simulator
from tests.reliability.faulttable import SHORT_OF_TIME
from tests.subscriptions.faultrows import GRID, NOBODY, STEPS
from tests.support.servers import IDLE, connect_to

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
WAITS = ma.Timeouts(connect=5, read=10, execute=10, logout=5)
SHORT = ma.Timeouts(connect=0.5, read=0.5, execute=0.5, logout=5)
ONCE_MORE = ma.Retry(attempts=2, seconds=10, wait_initial=0.001, wait_max=0.002)
ONE_OF_THREE = 3


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=50, **IDLE, delivery_polls=0) as server:
        yield server


def outcome(sim, row, step, times):
    """Let a fault come so many times at a step; return what was done, or the error."""
    fault = GRID.variant(row, step)
    seen = []
    settings = ma.Settings(
        timeouts=SHORT if fault in SHORT_OF_TIME else WAITS, retry=ONCE_MORE, on_event=seen.append
    )
    with connect_to(sim, project=sim.project) as conn:
        made = conn.subscribe("There", "Sales Cube", "Every Morning", conn.user(), NOBODY)
        conn.user().add_address("There", "there@example.com")
    with connect_to(sim, project=sim.project, settings=settings) as conn:
        mine = conn.subscription(made.id)
        seen.clear()
        sent = len(sim.deliveries)
        sim.fail(fault.on(STEPS[step].method, STEPS[step].path, times=times))
        try:
            STEPS[step].call(conn, mine)
        except ma.MstrError as error:
            return type(error).__name__
        finally:
            sim.heal()
            clear(sim)
            assert len(sim.deliveries) <= sent + 1, "it was delivered twice"
    started = [event for event in seen if isinstance(event, events.RequestStarted)]
    again = any(event.number > 1 for event in started)
    new = any(isinstance(event, events.SessionOpened) for event in seen)
    return "new session" if new else "again" if again else "goes on"


def clear(sim):
    """Take away what a step has left, of which there is one at most."""
    with connect_to(sim, project=sim.project) as conn:
        new = conn.subscriptions("New")
        assert len(new) <= 1, "it was made twice"
        for each in [*new, *conn.subscriptions("There"), *conn.subscriptions("Changed")]:
            each.delete()
        values = sim.addresses(sim.username)
        assert len(values) == len(set(values)), "it was added twice"
        for address in conn.user().addresses():
            conn.user().delete_address(address)


@pytest.mark.one_in(6)
@pytest.mark.parametrize(("row", "step", "told"), list(GRID.tried(ONE_OF_THREE, always=False)))
def test_a_fault_at_a_step_ends_as_the_table_says(sim, row, step, told):
    assert outcome(sim, row, step, 1) == told


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("row", "step", "told"), list(GRID.tried(ONE_OF_THREE, always=True)))
def test_a_fault_that_stays_ends_as_the_table_says(sim, row, step, told):
    assert outcome(sim, row, step, None) == told


def test_the_page_says_what_the_table_says():
    assert GRID.lines() in PAGE.read_text(encoding="utf-8")
