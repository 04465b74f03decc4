"""Every fault at every step of refreshing a data model: what is done is what `docs/reliability.md` says."""

from pathlib import Path

import pytest

import mstr_arrow as ma
from mstr_arrow import events
from mstr_arrow.datamodels import model_publisher
from mstr_arrow.publishing import following
from mstr_arrow.simulator import Simulator
from tests.datamodels.faultrows import GRID, STEPS
from tests.reliability.faulttable import LIVES_ON, SHORT_OF_TIME
from tests.support.servers import IDLE, connect_to

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
NAME = "Retail Model"
WAITS = ma.Timeouts(connect=5, read=10, execute=10, logout=5)
SHORT = ma.Timeouts(connect=0.5, read=0.5, execute=0.5, logout=5)
ONCE_MORE = ma.Retry(attempts=2, seconds=10, wait_initial=0.001, wait_max=0.002)
ONE_OF_FOUR = 4


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=20, **IDLE) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def _short_waits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_publisher, "LOOK_SECONDS", 0.02)
        patch.setattr(following, "FIRST_PAUSE", 0.02)
        patch.setattr(following, "LONGEST_PAUSE", 0.1)
        yield


def outcome(sim, row, step, times):
    """Let a fault come so many times at a step; return what was done, or the error."""
    fault = GRID.variant(row, step)
    seen = []
    settings = ma.Settings(
        timeouts=SHORT if fault in SHORT_OF_TIME else WAITS, retry=ONCE_MORE, on_event=seen.append
    )
    before = len(sim.refreshes)
    try:
        with connect_to(sim, project=sim.project, settings=settings) as conn:
            model = conn.data_model(NAME)
            seen.clear()
            sim.fail(fault.on(STEPS[step].method, STEPS[step].path, times=times))
            model.refresh(timeout=1.5 if times is None else 10)
            sim.heal()
    except ma.MstrError as error:
        return type(error).__name__
    finally:
        sim.heal()
        if fault is LIVES_ON:
            sim.expire_sessions()
        assert (sim.open_sessions, sim.model_instances) == (0, 0)
        made = [what for _, _, what in sim.refreshes[before:]]
        assert made.count("loaded") <= 1, "it was loaded twice"
        assert "running" not in made
    started = [event for event in seen if isinstance(event, events.RequestStarted)]
    published = [event for event in started if event.path.endswith("/publish")]
    again = any(event.number > 1 for event in started) or len(published) > 1
    new = any(isinstance(event, events.SessionOpened) for event in seen)
    return "new session" if new else "again" if again else "goes on"


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("row", "step", "told"), list(GRID.tried(ONE_OF_FOUR, always=False)))
def test_a_fault_at_a_step_ends_as_the_table_says(sim, row, step, told):
    assert outcome(sim, row, step, 1) == told


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("row", "step", "told"), list(GRID.tried(ONE_OF_FOUR, always=True)))
def test_a_fault_that_stays_ends_as_the_table_says(sim, row, step, told):
    assert outcome(sim, row, step, None) == told


def test_the_page_says_what_the_table_says():
    assert GRID.lines() in PAGE.read_text(encoding="utf-8")
