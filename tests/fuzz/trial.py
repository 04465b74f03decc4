"""One trial: a flow in which the answers to one request are nearly right, and again with the plain decoder."""

from __future__ import annotations

import re
import threading
import traceback
import warnings
import zlib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import mstr_arrow as ma
from mstr_arrow.errors import DataLossWarning, MstrError
from mstr_arrow.grid import fast
from mstr_arrow.grid.cut import Unrecognised
from mstr_arrow.simulator import Fault, Simulator
from tests.fuzz.flows import FLOWS, ROWS
from tests.fuzz.mutations import mutate

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = ma.Settings(
    timeouts=ma.Timeouts(connect=5, read=2, execute=2, publish=1, logout=2),
    retry=ma.Retry(attempts=2, seconds=2, wait_initial=0.001, wait_max=0.002),
)
PATIENCE = 60
"""Seconds after which a flow counts as one that never ends."""

_IDS = re.compile(r"[0-9A-Fa-f]{32}")
_IDS_IN_BODIES = re.compile(rb"[0-9A-Fa-f]{25,32}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a flow ended: with a value, or an error, and the answers that were rewritten."""

    value: Any = None
    error: BaseException | None = None
    bodies: tuple[bytes, ...] = ()

    @property
    def kind(self) -> str:
        """The class of the error, or "result"."""
        return "result" if self.error is None else type(self.error).__name__


class Wrong(AssertionError):
    """A trial that ended as none may; ``kind`` is the same for those that are alike."""

    def __init__(self, kind: str, told: str) -> None:
        super().__init__(f"{kind}\n{told}")
        self.kind = kind


def simulator() -> Simulator:
    """Make the server of the trials."""
    return Simulator(rows=ROWS, gzip=False, async_polls=0, publish_polls=0)


def requests_of(sim: Simulator) -> dict[str, list[tuple[str, str]]]:
    """List, for each flow, the requests that it makes where all goes well: method and pattern of the path."""
    known = {}
    for name, flow in FLOWS.items():
        before = len(sim.requests)
        outcome = run(sim, flow)
        if outcome.error is not None:
            raise outcome.error
        made = [
            (request.method, _pattern(request.path)) for request in sim.requests[before:] if request.answer_bytes
        ]
        known[name] = list(dict.fromkeys(made))
    return known


def _pattern(path: str) -> str:
    return f"^{_IDS.sub('[0-9A-Fa-f]{32}', re.escape(path))}$"


def attempt(sim: Simulator, known: dict[str, list[tuple[str, str]]], seed: int) -> tuple[str, Outcome]:
    """Make the trial of a number; raises Wrong for a hang, an error that is not ours and decoders that disagree."""
    draw = Random(seed)
    name = draw.choice(list(FLOWS))
    method, path = draw.choice(known[name])
    skip, times = draw.choice((0, 0, 0, 1)), draw.choice((1, None))
    told = f"trial {seed}: {name}, {method} {path}, skip={skip}, times={times}"
    for again in (False, True):
        outcomes = []
        for plainly in (False, True):
            bodies: list[bytes] = []
            fault = Fault.rewritten(_rewriting(seed, bodies)).on(method, path, skip=skip, times=times)
            sim.heal()
            sim.fail(fault)
            outcome = run(sim, FLOWS[name], plainly=plainly)
            sim.heal()
            sim.expire_sessions()
            _judge(outcome, f"{told}\n{bodies[:1]!r}")
            outcomes.append(outcome)
        fast_one, plain_one = outcomes
        if (fast_one.error is None) == (plain_one.error is None) and fast_one.value == plain_one.value:
            return name, fast_one
        if again and "TimeoutExceeded" in {fast_one.kind, plain_one.kind}:
            return name, fast_one  # the machine is busy, which tells nothing of the decoders
        if again:
            kind = f"{name}: {fast_one.kind} by the fast decoder, {plain_one.kind} by the plain one"
            ends = f"{fast_one.error or fast_one.value}\n{plain_one.error or plain_one.value}"
            raise Wrong(kind, f"{told}\n{bodies[:1]!r}\n{ends}")
    raise AssertionError("not reached")


def _judge(outcome: Outcome, told: str) -> None:
    if outcome.error is not None and not isinstance(outcome.error, MstrError):
        frames = traceback.extract_tb(outcome.error.__traceback__)
        ours = [frame for frame in frames if "mstr_arrow" in frame.filename] or frames
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        raise Wrong(f"{type(outcome.error).__name__} at {place}", f"{outcome.error}\n{told}") from outcome.error


def _rewriting(seed: int, bodies: list[bytes]) -> Callable[[bytes], bytes]:
    """Make a function that changes equal bodies equally, whatever ids of instances and sessions they hold."""

    def rewrite(body: bytes) -> bytes:
        if not body:
            return body
        changed = mutate(body, Random(f"{seed}/{zlib.crc32(_IDS_IN_BODIES.sub(b'', body))}"))
        bodies.append(changed)
        return changed

    return rewrite


def run(sim: Simulator, flow: Callable[[Any], Any], *, plainly: bool = False) -> Outcome:
    """Run a flow in a thread of its own; raises Wrong where it does not end."""
    outcomes: list[Outcome] = []

    def work() -> None:
        try:
            with ma.connect(
                sim.url, username=sim.username, password=sim.password, project=sim.project, settings=SETTINGS
            ) as connection:
                outcomes.append(Outcome(flow(connection)))
        except BaseException as error:  # noqa: BLE001 - which errors may come is what is tested
            outcomes.append(Outcome(error=error))

    refused = patch.object(fast, "read_arrays", side_effect=Unrecognised("the plain decoder is asked for"))
    with warnings.catch_warnings(), refused if plainly else nullcontext():
        warnings.simplefilter("ignore", DataLossWarning)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(PATIENCE)
    if not outcomes:
        raise Wrong("no end", f"after {PATIENCE} s")
    return outcomes[0]
