"""Every fault at every step: what the package does is what `docs/reliability.md` says, cell by cell.

A cell is what happens when the fault comes once, and, behind a comma, the error if it stays. ``again``: the
request is repeated, and the result is right. ``goes on``: it is right without that. ``new instance``,
``new session``: it is right by another one. A name is the error that ends the call at once. ``-``: there is no such
fault at this step.
"""

import os
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import errors, events
from mstr_arrow.simulator import Fault, Simulator

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
CUBE, ROWS = "Sales Cube", 350
LIMITS = ma.Limits(page_rows=100, in_flight=1)
PUSHED = pl.DataFrame({"key": [f"k{n}" for n in range(50)], "n": range(50)})
LONG_AGO = "Thu, 01 Jan 2026 00:00:00 GMT"
WAITS = ma.Timeouts(connect=5, read=10, execute=10, publish=3, logout=2)
IMPATIENT = replace(WAITS, read=1.0)
ONCE_MORE = ma.Retry(attempts=2, seconds=5, wait_initial=0.001, wait_max=0.002)

PAGES = r"/instances/"
STEPS = {
    "log-in": ("POST", r"/auth/login$", 0),
    "definition": ("GET", r"/v2/cubes/\w+$", 0),
    "instance": ("POST", r"/instances$", 0),
    "first page": ("GET", PAGES, 0),
    "any page": ("GET", PAGES, 1),
    "any page, total order": ("GET", PAGES, 1),
    "elements": ("GET", r"/elements$", 0),
    "chunk": ("PUT", r"/uploadSessions/\w+$", 0),
    "publish": ("POST", r"/publish$", 0),
    "log-out": ("POST", r"/auth/logout$", 0),
}


def iserver(code, status=500, text="ERR001"):
    return Fault.error(status, text, iserver_code=code)


FAULTS = {
    "500, JSON without a code that says more": Fault.error(500),
    "500, HTML": Fault.html(500),
    "502, HTML": Fault.html(502),
    "503, without a body": Fault.empty(503),
    "504, HTML": Fault.html(504),
    "504, without a body": Fault.empty(504),
    "429, Retry-After in seconds": Fault.busy(429, retry_after=0),
    "503, Retry-After as a date": Fault.busy(503, retry_after=LONG_AGO),
    "reset before the answer, which is lost": Fault.reset(),
    "reset in the middle of the body": Fault.reset_midway(),
    "body ends early": Fault.truncated(),
    "body ends early, with the length that was told": Fault.cut_short(),
    "broken gzip": Fault.damaged(),
    "silence for longer than `Timeouts.read`": Fault.stalled(),
    "trickle": Fault.trickled(0.3),
    "no JSON": Fault.not_json(),
    "401 ERR009, the session is there": Fault.session_expired(),
    "401 ERR009, logged out by another process": Fault.logged_out(),
    "instance gone (-2147468986)": iserver(-2147468986, 404, "ERR004"),
    "server's own time-out (-2147206497)": iserver(-2147206497),
    "memory (-2147073380)": iserver(-2147073380),
    "governor full (-2147209053)": iserver(-2147209053),
    "project unloaded (-2147209151)": iserver(-2147209151, 404, "ERR004"),
    "fewer rows than asked for": Fault.short_page(7),
    "more rows than asked for": Fault.long_page(5),
    "wrong offset": Fault.lying_page(offset=3),
    "another page than asked for": Fault.other_page(20),
    "another total": Fault.lying_page(total=9),
}
LOST = "reset before the answer, which is lost"
OF_BODIES = list(FAULTS)[list(FAULTS).index(LOST) + 1 : list(FAULTS).index("no JSON")]
WITHOUT_BODY = {"log-in", "chunk", "publish", "log-out"}
OF_PAGES = {"instance", "first page", "any page", "any page, total order"}

ERRORS = {
    "B": "ServerBusy",
    "C": "ConnectError",
    "E": "SessionExpired",
    "I": "InstanceGone",
    "M": "DataMismatch",
    "N": "NotFound",
    "P": "ProtocolError",
    "S": "ServerError",
    "T": "TimeoutExceeded",
}
WORDS = {
    "+": "again",
    "=": "goes on",
    "s": "new session",
    "si": "new session and new instance",
    "i": "new instance",
}
# A cell is what is done (WORDS) and the error if it stays (ERRORS, "u" for UploadFailed because of it).
TABLE = {
    "500, JSON without a code that says more": "S +S S +S +S +S +S +uS uS +",
    "500, HTML": "S +S S +S +S +S +S +uS uS +",
    "502, HTML": "S +S S +S +S +S +S +uS uS +",
    "503, without a body": "B +B B +B +B +B +B +uB uB +",
    "504, HTML": "S +S S +S +S +S +S +uS uS +",
    "504, without a body": "S +S S +S +S +S +S +uS uS +",
    "429, Retry-After in seconds": "B +B B +B +B +B +B +uB uB +",
    "503, Retry-After as a date": "B +B B +B +B +B +B +uB uB +",
    "reset before the answer, which is lost": "C +C C +C +C +C +C +uC = +",
    "reset in the middle of the body": "- +C C +C +C +C +C - - -",
    "body ends early": "- +C C +C +C +C +C - - -",
    "body ends early, with the length that was told": "- P P P =P =P P - - -",
    "broken gzip": "- P P P =P =P P - - -",
    "silence for longer than `Timeouts.read`": "- +T T +T +T +T +T - - -",
    "trickle": "- = = = = = = - - -",
    "no JSON": "P P P P =P =P P u T =",
    "401 ERR009, the session is there": "- sE sE siI I siI sE uE uE -",
    "401 ERR009, logged out by another process": "- sE sE siI I siI sE uE uE -",
    "instance gone (-2147468986)": "- - - iI I iI - - - -",
    "server's own time-out (-2147206497)": "B B B =B =B =B =B uB uB =",
    "memory (-2147073380)": "B +B B +B +B +B +B +uB uB +",
    "governor full (-2147209053)": "B +B B +B +B +B +B +uB uB +",
    "project unloaded (-2147209151)": "N N N N N N N uN uN =",
    "fewer rows than asked for": "- - = = = = - - - -",
    "more rows than asked for": "- - M M M M - - - -",
    "wrong offset": "- - M M M M - - - -",
    "another page than asked for": "- - M M M M - - - -",
    "another total": "- - M M M M - - - -",
}


def spelled(code):
    """Spell a cell out.

    >>> spelled("+uS")
    'again, UploadFailed (ServerError)'
    """
    if code == "-":
        return code
    done, upload, error = re.fullmatch(r"([+=]|s?i?)(u?)([A-Z]?)", code).groups()
    name = ERRORS.get(error, "")
    if upload:
        name = f"UploadFailed ({name})" if name else "UploadFailed"
    return ", ".join(filter(None, [WORDS.get(done, ""), name]))


CELLS = [
    (fault, step, spelled(code))
    for fault, row in TABLE.items()
    for step, code in zip(STEPS, row.split(), strict=True)
]


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=ROWS) as server:
        yield server


def applies(fault, step):
    """Tell whether a step can meet a fault."""
    if list(FAULTS).index(fault) >= list(FAULTS).index("fewer rows than asked for"):
        return step in OF_PAGES
    if fault in OF_BODIES and step in WITHOUT_BODY:
        return False
    if "ERR009" in fault and step in {"log-in", "log-out"}:
        return False
    return "instance gone" not in fault or step in OF_PAGES - {"instance"}


class Run:
    """One call at one step, with what was seen of it."""

    def __init__(self, sim, waits=WAITS):
        self.sim = sim
        self.seen = []
        self.restarts = 0
        settings = ma.Settings(timeouts=waits, retry=ONCE_MORE, on_event=self.seen.append)
        self.connect = lambda: ma.connect(
            sim.url, username=sim.username, password=sim.password, project=sim.project, settings=settings
        )

    def __call__(self, step):
        with self.connect() as connection:
            if step == "elements":
                assert connection.cube(CUBE).elements("Region").num_rows == 5
            elif step in {"chunk", "publish"}:
                self.push(connection)
            elif step != "log-out":
                self.read(connection, step)

    def read(self, connection, step):
        scan = connection.cube(CUBE, limits=LIMITS)
        if "total order" in step:
            scan = scan.with_options(total_order=True)
        elif step == "first page":
            assert scan.schema.names[0] == "Order"
        try:
            orders = [order for batch in scan for order in batch["Order"].to_pylist()]
        finally:
            self.restarts = scan.stats.restarts if scan.stats else 0
        assert orders == sorted(self.sim.truth(CUBE)["Order"].to_pylist())

    def push(self, connection):
        cube = connection.write("Pushed", PUSHED, chunk_rows=30).cube_id
        try:
            assert sorted(self.sim.dataset("Pushed")["Pushed"]["key"].to_pylist()) == sorted(PUSHED["key"])
        finally:
            connection.cube(cube)

    @property
    def word(self):
        """What was done to get a right result."""
        started = [event for event in self.seen if isinstance(event, events.RequestStarted)]
        logins = sum(event.path == "/api/auth/login" and event.number == 1 for event in started)
        done = ["new session"] if logins > 1 else []
        done += ["new instance"] if self.restarts else []
        done += ["again"] if any(event.number > 1 for event in started) else []
        return " and ".join(done) or "goes on"


def outcome(sim, fault, step, times):
    """Let a fault come so many times at a step; return what was done, or the error."""
    method, path, skip = STEPS[step]
    sim.fail(FAULTS[fault].on(method, path, skip=skip, times=times))
    run = Run(sim, IMPATIENT if "silence" in fault else WAITS)
    try:
        run(step)
    except errors.MstrError as error:
        cause = error.__cause__ if isinstance(error, errors.UploadFailed) else None
        return type(error).__name__ + (f" ({type(cause).__name__})" if cause is not None else "")
    finally:
        sim.heal()
        if step == "log-out" or (step == "log-in" and fault == LOST) or "session is there" in fault:
            sim.expire_sessions()  # nobody can log out a session whose log-in was not answered, or that lies
        assert sim.open_sessions == 0
        assert sim.uploads_open == 0
    return run.word


# What follows from a fault that stays is the same for all steps in a row: one of each is enough by default.
ALL = bool(os.environ.get("MSTR_ARROW_ALL_FAULTS"))


@pytest.mark.parametrize(("fault", "step", "told"), [each for each in CELLS if each[2] != "-"])
def test_a_fault_at_a_step_ends_as_the_table_says(sim, fault, step, told):
    once, _, always = told.partition(", ")
    assert outcome(sim, fault, step, 1) == once
    numbers = list(FAULTS).index(fault) + list(STEPS).index(step)
    if always and (ALL or numbers % len(STEPS) == 0):
        assert outcome(sim, fault, step, None) == always


@pytest.mark.parametrize(
    ("url", "error", "attempts"),
    [
        ("http://127.0.0.1:9/MicroStrategyLibrary", errors.ConnectError, 2),
        ("http://nowhere.invalid/MicroStrategyLibrary", errors.ConnectError, 2),
        ("https://127.0.0.1:{port}/MicroStrategyLibrary", errors.TlsError, 1),
    ],
)
def test_what_comes_before_anything_is_sent(sim, url, error, attempts):
    seen = []
    settings = ma.Settings(timeouts=WAITS, retry=ONCE_MORE, on_event=seen.append)
    with pytest.raises(error):
        ma.connect(url.format(port=sim._port), username="ann", password="x", settings=settings)
    started = [event for event in seen if isinstance(event, events.RequestStarted)]
    assert max(event.number for event in started) == attempts


def test_the_table_has_a_row_for_every_fault():
    assert list(TABLE) == list(FAULTS)
    assert all((told == "-") != applies(fault, step) for fault, step, told in CELLS)


def test_the_page_says_what_the_table_says():
    lines = ["| " + " | ".join(["fault", *STEPS]) + " |", "| --- " * (len(STEPS) + 1) + "|"]
    for fault, row in TABLE.items():
        lines.append("| " + " | ".join([fault, *map(spelled, row.split())]) + " |")
    assert "\n".join(lines) in PAGE.read_text(encoding="utf-8")
