"""Every fault at every step: what the package does is what `docs/reliability.md` says, cell by cell.

Of faults that are alike one stands for its row, another one at each step. Of these cells the usual run tries each
fourth diagonal, and with a fault that stays one diagonal. ``nox -s slow`` tries all cells.
"""

import re
from contextlib import nullcontext
from itertools import count
from pathlib import Path

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import errors, events
from mstr_arrow.publishing import cube_publisher, following
from mstr_arrow.simulator import Fault, Simulator
from tests.reliability.faulttable import FAULTS, LIVES_ON, SHORT_OF_TIME, STEPS, TABLE, cells, lines
from tests.reliability.meddling import CUBE, Meddling

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
ROWS, REPORT = 180, "Plain Report"
WHOLE, PAGES = ma.Limits(concurrency=1), ma.Limits(page_rows=70, concurrency=1)  # more than the smallest page
PUSHED = pl.DataFrame({"key": [f"k{n}" for n in range(50)], "n": range(50)})
NAMES = (f"Pushed {number}" for number in count())
WAITS = ma.Timeouts(connect=5, read=10, execute=10, publish=10, logout=5)
SHORT = [ma.Timeouts(connect=0.5, read=1, execute=execute, publish=10, logout=5) for execute in (1, 5)]
ONCE_MORE = ma.Retry(attempts=2, seconds=10, wait_initial=0.001, wait_max=0.002)

OF_PAGES = {"instance", "first page", "any page", "any page, total order"}
WITHOUT_BODY = {"chunk", "publish", "look at it", "log-out"}
PUBLISH = re.compile(STEPS["refresh"].path)
OF_BODIES = {fault for fault in FAULTS if "body" in fault or fault == "trickle"}


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=ROWS, publish_polls=0, encode_once=True, publication_seconds=0.1) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def _short_waits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cube_publisher, "LOOK_SECONDS", 0.05)
        patch.setattr(following, "FIRST_PAUSE", 0.03)
        yield


class Run:
    """One call at one step, with what was seen of it."""

    def __init__(self, sim, waits=WAITS):
        self.sim = sim
        self.seen = []
        self.restarts = 0
        self.name = next(NAMES)
        self.settings = ma.Settings(timeouts=waits, retry=ONCE_MORE, on_event=self.seen.append)

    def connect(self):
        sim = self.sim
        return ma.connect(
            sim.url, username=sim.username, password=sim.password, project=sim.project, settings=self.settings
        )

    def __call__(self, step):
        with self.connect() as connection:
            if step == "elements":
                assert connection.cube(CUBE).elements("Region").num_rows == 5
            elif step == "report":
                found = connection.report(REPORT).to_arrow(strings="plain")
                assert found.equals(self.sim.truth(REPORT))
            elif step in {"dataset", "upload session", "chunk", "publish"}:
                self.push(connection)
            elif step in {"refresh", "look at it"}:
                self.refresh(connection)
            elif step != "log-out":
                self.read(connection, step)

    def read(self, connection, step):
        """Read the cube, which may be published meanwhile: its rows are those of one publication."""
        versions = [self.truth()]
        scan = connection.cube(CUBE, limits=PAGES if step in OF_PAGES else WHOLE)
        if "total order" in step:
            scan = scan.with_options(total_order=True)
        elif step == "first page":
            assert scan.schema.names[0] == "Order"
        try:
            rows = [row for batch in scan for row in zip(*map(batch.column, ("Order", "Units")), strict=True)]
        finally:
            self.restarts = scan.stats.restarts if scan.stats else 0
        versions.append(self.truth())
        assert sorted((order.as_py(), units.as_py()) for order, units in rows) in versions

    def refresh(self, connection):
        """Have the cube published, once, and read what is new."""
        before = self.sim.publications
        try:
            assert connection.cube(CUBE).refresh(timeout=2).proof == "data time"
        finally:
            assert self.sim.publications <= before + 1

    def truth(self):
        rows = self.sim.truth(CUBE, columns=["Order", "Units"])
        return sorted(zip(*(column.to_pylist() for column in rows.columns), strict=True))

    def push(self, connection):
        connection.write(self.name, PUSHED, chunk_rows=30)
        assert sorted(self.sim.dataset(self.name)[self.name]["key"].to_pylist()) == sorted(PUSHED["key"])

    @property
    def word(self):
        """What was done to get a right result."""
        started = [event for event in self.seen if isinstance(event, events.RequestStarted)]
        logins = sum(isinstance(event, events.SessionOpened) for event in self.seen)
        done = ["new session"] if logins > 1 else []
        done += ["new instance"] if self.restarts else []
        asked = [event for event in started if event.method == "POST" and PUBLISH.search(event.path)]
        done += ["again"] if any(event.number > 1 for event in started) or len(asked) > logins else []
        return " and ".join(done) or "goes on"


def outcome(sim, fault, step, times):
    """Let a fault come so many times at a step; return what was done, or the error."""
    aimed = fault.on(STEPS[step].method, STEPS[step].path, skip=STEPS[step].skip, times=times)
    waits = SHORT[SHORT_OF_TIME.index(fault)] if fault in SHORT_OF_TIME else WAITS
    if isinstance(aimed, Meddling):
        meddling = aimed.done(sim)
    else:
        meddling = nullcontext()
        sim.fail(aimed)
    run = Run(sim, waits)
    try:
        with meddling:
            run(step)
    except errors.MstrError as error:
        cause = error.__cause__ if isinstance(error, errors.UploadFailed) else None
        return type(error).__name__ + (f" ({type(cause).__name__})" if cause is not None else "")
    finally:
        sim.heal()
        if step in {"log-in", "log-out"} or fault is LIVES_ON:
            sim.expire_sessions()  # nobody can log out a session whose log-in was not answered, or that lies
        assert (sim.open_sessions, sim.uploads_open) == (0, 0)
    return run.word


def on_a_diagonal(fault, step, *, apart):
    """Tell whether a cell lies on one of the diagonals of the table that are so many columns apart."""
    return (list(FAULTS).index(fault) + list(STEPS).index(step)) % apart == 0


@pytest.mark.one_in(6)
@pytest.mark.parametrize(
    ("fault", "variant", "step", "told"),
    [
        pytest.param(*cell, marks=() if stands and on_a_diagonal(cell[0], cell[2], apart=4) else pytest.mark.slow)
        for *cell, stands in cells()
    ],
)
def test_a_fault_at_a_step_ends_as_the_table_says(sim, fault, variant, step, told):
    once = told.partition(", ")[0]
    assert outcome(sim, FAULTS[fault][variant], step, 1) == once


def staying():
    """List the cells whose fault may stay, with how they end; those on a diagonal of the table are not slow."""
    for fault, variant, step, told, stands in cells():
        once, _, always = told.partition(", ")
        ends = always or once
        if ends in {"again", "goes on"} or "published" in fault:  # nobody publishes before every page
            continue
        is_quick = stands and on_a_diagonal(fault, step, apart=len(STEPS))
        yield pytest.param(fault, variant, step, ends, marks=() if is_quick else pytest.mark.slow)


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("fault", "variant", "step", "ends"), list(staying()))
def test_a_fault_that_stays_ends_as_the_table_says(sim, fault, variant, step, ends):
    assert outcome(sim, FAULTS[fault][variant], step, None) == ends


def test_an_answer_is_whole_where_the_connection_is_reset_after_its_last_byte(sim):
    path = f"v2/cubes/{sim.cubes[CUBE]}/instances"
    with Run(sim).connect() as connection:
        made = len(sim.requests)
        sim.fail(Fault.reset_after().on("POST", r"/instances$"))
        instance = connection.post(path, params={"limit": 1}, json={}).json()["instanceId"]
        sim.fail(Fault.reset_after().on("GET", r"/instances/"))
        for _ in range(2):  # the second one over another connection, as the first is gone
            page = connection.get(f"{path}/{instance}", params={"limit": ROWS}).json()
            assert page["data"]["paging"]["current"] == ROWS
    assert [request.method for request in sim.requests[made:] if path in request.path].count("POST") == 1


def applies(fault, step):
    """Tell whether a step can meet a fault."""
    if "page of another" in fault:
        return step in OF_PAGES - ({"instance"} if "instance" in fault else set())
    if "rows than" in fault or "wrong offset" in fault or "another total" in fault:
        return step in OF_PAGES
    if fault in OF_BODIES or "something else" in fault:
        return step not in WITHOUT_BODY and (step != "log-in" or fault not in OF_BODIES)
    if "published" in fault:
        return step in {*OF_PAGES, "definition", "elements"}
    if "ERR009" in fault:
        return step not in {"log-in", "look at it", "log-out"}
    return "instance gone" not in fault or step in OF_PAGES - {"instance"}


def test_the_table_has_a_row_for_every_fault():
    assert list(TABLE) == list(FAULTS)
    told = {(fault, step) for fault, _, step, _, _ in cells()}
    assert told == {(fault, step) for fault in FAULTS for step in STEPS if applies(fault, step)}


def test_the_page_says_what_the_table_says():
    assert lines() in PAGE.read_text(encoding="utf-8")
