"""One trial: a call of a user's, of which one endpoint answers with hostility, and how that may end."""

from __future__ import annotations

import dataclasses
import re
import threading
import time
import traceback
import warnings
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import category

import pyarrow as pa

import mstr_arrow as ma
from mstr_arrow.errors import ConsistencyWarning, DataLossWarning, MstrError
from tests.fuzz.flows import flat
from tests.hostile.answers import ANSWERS
from tests.hostile.cells import CELLS

if TYPE_CHECKING:
    from tests.hostile.server import HostileServer

SETTINGS = ma.Settings(
    timeouts=ma.Timeouts(connect=0.3, read=0.25, execute=0.5, publish=0.5, logout=3),
    retry=ma.Retry(attempts=2, seconds=1, wait_initial=0.001, wait_max=0.002),
)
LARGE = dataclasses.replace(SETTINGS, timeouts=ma.Timeouts(connect=0.3, read=4, execute=4, publish=4, logout=3))
"""For answers that take a while to come: a time-out would end them before they take memory."""
PATIENT = ma.Settings(timeouts=ma.Timeouts(execute=2))
"""For calls that nothing hostile meets, on a machine that is busy."""
DEADLINE = 30
"""Seconds in which a call ends: all its waits together, with room for a machine that is busy."""
LONGEST_TEXT = 5_000
"""Letters that an error has at most."""

_TRIES = 5
"""How often a call is made without hostility until it has a value: a busy machine may be too slow for one."""

_THREADS = ("mstr-arrow", "asyncio_", "ThreadPoolExecutor", "hostile", "simulator")
"""Names of threads that stay for the next call, or are of the servers."""
_VOLATILE = re.compile(r"[0-9A-Fa-f]{25,32}|\d+\.\d+|Pushed \d+|\d{4}-\d\d-\d\dT\S+|[A-Za-z0-9_-]{40,}")


class Ended(NamedTuple):
    """How a call ended: with a value or an error, after how many seconds, and how often it met hostility."""

    value: Any
    error: BaseException | None
    seconds: float
    hits: int

    @property
    def kind(self) -> str:
        """The class of the error, or "result"."""
        return "result" if self.error is None else type(self.error).__name__


class Wrong(AssertionError):
    """A call that ended as none may."""


def call(server: HostileServer, answer: str, endpoint: str, settings: ma.Settings = PATIENT) -> Ended:
    """Connect and make the call of an endpoint that gives this answer; errors: Wrong."""
    method, path, act = CELLS[endpoint]
    ends: list[Ended] = []
    before = set(threading.enumerate())

    def work() -> None:
        began = time.monotonic()
        value, error = None, None
        try:
            with ma.connect(server.url(), username="demo", password="demo", settings=settings) as connection:
                value = told(act(connection))
        except BaseException as raised:  # noqa: BLE001 - which errors may come is what is tested
            error = raised
        ends.append(Ended(value, error, time.monotonic() - began, 0))

    server.aim(answer, method, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataLossWarning)
        warnings.simplefilter("ignore", ConsistencyWarning)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(DEADLINE)
    if not ends:
        raise Wrong(f"no end after {DEADLINE} s")
    hits = server.calm()
    left = server.left_open()
    if left and answer != "session ended" and endpoint not in {"log-in", "log-out"}:
        raise Wrong(f"{left} sessions left, after {ends[0].error!r}")
    threads = [each.name for each in set(threading.enumerate()) - before if not each.name.startswith(_THREADS)]
    if threads:
        raise Wrong(f"threads left: {threads}, after {ends[0].error!r}")
    return ends[0]._replace(hits=hits)


class Due:
    """What calls return where nothing is hostile, each made when it is first asked for."""

    def __init__(self, server: HostileServer) -> None:
        self._server = server
        self._known: dict[str, Any] = {}

    def __call__(self, endpoint: str) -> Any:
        """Return the value of a call; errors: Wrong where it has none."""
        if endpoint not in self._known:
            for _ in range(_TRIES):
                end = call(self._server, "what is due", endpoint)
                if end.error is None:
                    break
            else:
                raise Wrong(f"{end} without hostility")
            self._known[endpoint] = end.value
        return self._known[endpoint]


def attempt(server: HostileServer, answer: str, endpoint: str, due: Due) -> Ended:
    """Make a call whose endpoint is hostile, and judge its end; ``due`` knows the values that calls have otherwise.

    Errors: Wrong for no end, an error that is not ours or shows what it may not, and for a value that is another.
    """
    end = call(server, answer, endpoint, LARGE if ANSWERS[answer].large else SETTINGS)
    if end.error is None:
        if not ANSWERS[answer].another and end.value != due(endpoint):
            raise Wrong(f"{str(end.value)[:500]} came in place of {str(due(endpoint))[:500]}")
    elif not isinstance(end.error, MstrError):
        frames = traceback.extract_tb(end.error.__traceback__)
        ours = [frame for frame in frames if "mstr_arrow" in frame.filename] or frames
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        raise Wrong(f"{end.error!r:.500} at {place}") from end.error
    else:
        _judge(end.error, server.secrets())
    return end


def _judge(error: MstrError, secrets: set[str]) -> None:
    each: BaseException | None = error
    while each is not None:
        text = str(each)
        if steering := sorted({repr(it) for it in text if it != "\n" and category(it) in {"Cc", "Cf", "Zl"}}):
            raise Wrong(f"the error shows {', '.join(steering)}: {text!r:.500}")
        if len(text) > LONGEST_TEXT:
            raise Wrong(f"the error has {len(text)} letters: {text!r:.500}")
        if any(secret in text for secret in secrets):
            raise Wrong(f"the error shows a secret: {text!r:.500}")
        each = each.__cause__


def told(value: Any) -> Any:
    """Make of what a call returns what can be compared: without ids, times, tokens and what a server counts."""
    if isinstance(value, pa.Table):
        return told(flat(value))
    if isinstance(value, Enum):
        return value
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        held = {name: told(getattr(value, name)) for name in names}
        return type(value).__name__, {
            name: each for name, each in held.items() if not isinstance(each, (int, type(None)))
        }
    if isinstance(value, dict):
        return {name: told(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [told(each) for each in value]
    if value is None or isinstance(value, (float, int, bytes)):
        return 0 if isinstance(value, float) else value
    return _VOLATILE.sub("…", str(value))
