"""Whether what a sweep finds is true: against servers of known models, counters, and a loop without this package.

Run ``python -m benchmarks.bench_truth [--quick] [--only PART…]``. The server is the simulator with its model of
time, in a process of its own, asked over HTTP; its times are long and its pages small, so that two processors are
not the limit. The parts:

* **knees**: set-ups whose knee and limiting part are known, beside what a sweep finds of them. A knee may be off by
  one step of 1, 2, 4, 8, 16, 32;
* **counters**: requests, rows and bytes beside those that the server counted, which must be the same;
* **outside**: throughput beside a plain loop of aiohttp at the same concurrency, in turn: within 5 %;
* **stall**: the 99th percentile under a server that stands still for a tenth of the time, in an open loop beside
  the analytic one (within 10 %) and in a closed loop (a tenth of it and less);
* **compare**: two sweeps of the same server, and of one made 15 % slower: right in 19 of 20 trials.

The exit code says whether all was as it must be; after ``--quick``, which measures too little to tell, only whether
the counters agree.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mstr_arrow as ma
from benchmarks.agreement import compared, counted, outside, stalled
from benchmarks.measure import machine, table
from mstr_arrow.simulator import SimulatorProcess, TimeModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mstr_arrow.throughput.result import Curve

CUBE = "Sales Cube"
LEVELS = (1, 2, 4, 8, 16, 32)
ROWS, PAGE_ROWS = 8_000, 100
SECONDS, REPEATS = 4.0, 2
PAGE_BYTES = 60_000
"""What a page of this size takes on the wire, unpacked."""

BURNERS, SWITCH_SECONDS = 4, 0.02
QUICK, QUICK_SECONDS, QUICK_PARTS = ("4 workers",), 0.5, ["knees", "counters"]


@dataclass(frozen=True, slots=True)
class SetUp:
    """A server of a known model, its knee and what the limit is; ``burning`` takes the client's own time away."""

    knee: int | None
    part: str
    model: TimeModel
    burning: bool = False


SET_UPS = {
    "2 workers": SetUp(2, "server", TimeModel(request_ms=200, workers=2)),
    "4 workers": SetUp(4, "server", TimeModel(request_ms=200, workers=4)),
    "8 workers": SetUp(8, "server", TimeModel(request_ms=200, workers=8)),
    "16 workers": SetUp(16, "server", TimeModel(request_ms=400, workers=16)),
    "a lock": SetUp(4, "server", TimeModel(request_ms=150, lock_ms=50, workers=64)),
    "one request of a session": SetUp(1, "session", TimeModel(request_ms=200, workers=16, session_limit=1)),
    "three requests of a session": SetUp(4, "session", TimeModel(request_ms=200, workers=16, session_limit=3)),
    "a slow link": SetUp(4, "network", TimeModel(request_ms=200, bytes_per_second=PAGE_BYTES * 4 / 0.2)),
    "a slow gateway": SetUp(16, "server", TimeModel(request_ms=50, gateway_ms=150, workers=4)),
    "capacity that halves": SetUp(8, "server", TimeModel(request_ms=200, workers=8, halves_above=10)),
    "cold pages": SetUp(4, "server", TimeModel(request_ms=150, workers=4, cold_ms=400)),
    "noise with a heavy tail": SetUp(4, "server", TimeModel(request_ms=150, workers=4, noise=0.5, outliers=0.01)),
    "a slow client": SetUp(None, "client", TimeModel(request_ms=100, workers=16), burning=True),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one set-up, and the counters: a check that it runs")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="these parts alone")
    options = parser.parse_args()
    print(f"{machine()}; the server is the simulator, on this machine\n", flush=True)
    parts = options.only or (QUICK_PARTS if options.quick else list(PARTS))
    well = {name: PARTS[name](options.quick) for name in parts}
    counting = ["counters"] if options.quick else list(well)
    return 0 if all(well.get(name, True) for name in counting) else 1


def knees(quick: bool) -> bool:
    """Print what is true of each set-up, and what a sweep found; say whether all is right."""
    lines, wrong = [], 0
    for name in QUICK if quick else SET_UPS:
        set_up = SET_UPS[name]
        curve = found(set_up, QUICK_SECONDS if quick else SECONDS)
        right = is_right(set_up, curve)
        wrong += not right
        lines.append(
            (
                name,
                set_up.knee or "none seen",
                curve.knee.concurrency if curve.knee.reached else f"{curve.knee.concurrency} or beyond",
                set_up.part,
                curve.verdict.part,
                "right" if right else f"WRONG: {curve.verdict.why}",
            )
        )
        print(f"  {name}: {lines[-1][-1]}", file=sys.stderr, flush=True)
    print(table(("set-up", "knee", "found", "limit", "found", ""), lines))
    print(f"\n{len(lines) - wrong} of {len(lines)} right\n", flush=True)
    return not wrong


def found(set_up: SetUp, seconds: float) -> Curve:
    """Sweep a set-up, each load for so many seconds; return its curve."""
    with (
        SimulatorProcess(rows=ROWS, encode_once=True, gzip=False, time=set_up.model) as sim,
        ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as connection,
        burners(BURNERS if set_up.burning else 0),
    ):
        sweep = ma.throughput.sweep(
            connection,
            CUBE,
            concurrency=LEVELS[:3] if set_up.burning else LEVELS,
            page_rows=[PAGE_ROWS],
            duration=seconds,
            repeats=REPEATS,
        )
        return sweep.curves[sweep.loads[0].series]


def is_right(set_up: SetUp, curve: Curve) -> bool:
    """Tell whether the knee is right to one step, and the limit; what a slow client has no knee of is not asked."""
    if set_up.knee is None:
        return curve.verdict.part == set_up.part
    steps = abs(LEVELS.index(curve.knee.concurrency) - LEVELS.index(set_up.knee))
    return steps <= 1 and curve.knee.reached and curve.verdict.part == set_up.part


@contextmanager
def burners(number: int) -> Iterator[None]:
    """Have so many threads of this process compute, in turns that are long."""
    over = threading.Event()

    def burn() -> None:
        while not over.is_set():
            sum(range(1_000))

    before = sys.getswitchinterval()
    threads: Sequence[threading.Thread] = [threading.Thread(target=burn) for _ in range(number)]
    if threads:
        sys.setswitchinterval(SWITCH_SECONDS)
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()
        sys.setswitchinterval(before)


PARTS = {"knees": knees, "counters": counted, "outside": outside, "stall": stalled, "compare": compared}


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    print(f"{time.monotonic() - began:.0f} s in all")
    sys.exit(code)
