"""Storms of random faults over extractions and uploads, on the simulator: ``python -m benchmarks.storms``.

Each storm is a seed, and all that goes wrong is drawn from it beforehand (`forecast`): faults aimed at some
requests, lost answers where something is made, pages that contradict themselves, the end of sessions and instances,
several times in a read, and other publications of the cube. Beforehand, too, it is said whether a client can get
over it (`survival`). An extraction, by each of several ways out, or an upload of any mode runs through it (`ways`).

It must end equal to the truth or with one of our errors, within its deadline, and leave nothing borrowed: no
session that could be logged out, no upload session, no file, no thread. Rows of two publications that differ in
the places of rows alone must be called *likely*. After an error, too, server and folder hold what they should: old
rows or all new ones, and a beginning that another run completes.

Each storm and the tally are printed. The exit code says whether all ended as they must: none wrong, and of those
that a client can get over at most one in ten with an error. ``--quick`` runs eight over fewer rows.
"""

from __future__ import annotations

import argparse
import faulthandler
import math
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.forecast import DEADLINE, forecast
from benchmarks.measure import table
from benchmarks.survival import why_not
from benchmarks.ways import LIKELY, RIGHT, SLACK, WAYS, Course, Ending, prepared
from benchmarks.weather import CUBE, Storm
from mstr_arrow.simulator import Simulator

HOPELESS = 3 * (DEADLINE + SLACK)
"""Seconds after which a storm is taken to hang: where each thread is is printed, and the run ends."""

BOUND = 0.1
"""The part of the storms that a client can get over which may end in an error."""

WIDTH = 150
"""Characters of an error that are printed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one storm ended, over what; ``hopeless`` is why no client gets over it, ``wrong`` what must not be."""

    seed: int
    way: str
    end: Ending
    hopeless: str | None
    wrong: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether it ended in an error."""
        return not self.end.how.startswith((RIGHT, LIKELY))

    @property
    def hung(self) -> bool:
        """Whether it took longer than it may."""
        return self.end.seconds > DEADLINE + SLACK


def main() -> int:
    """Run the storms, print the tally, and say by the exit code whether all ended as they must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="eight storms over fewer rows")
    parser.add_argument("--storms", type=int, help="so many storms, by default 400")
    parser.add_argument("--seed", type=int, default=1, help="the first storm's; each has the next one")
    options = parser.parse_args()
    rows, pushed = (8_000, 5_000) if options.quick else (50_000, 25_000)
    storms = options.storms or (len(WAYS) if options.quick else 400)
    began = time.monotonic()
    outcomes = list(run(range(options.seed, options.seed + storms), rows, pushed))
    show(outcomes)
    print(f"{rows:,} rows read and {pushed:,} sent, {time.monotonic() - began:.0f} s in all; ", end="")
    print(f"the longest took {max(each.end.seconds for each in outcomes):.1f} s")
    print(summary(outcomes))
    return 0 if is_well(outcomes) else 1


def run(seeds: range, rows: int, pushed: int) -> list[Outcome]:
    """Run storms, and print how each ended: half of them over a server that packs its answers."""
    outcomes = []
    for packed in (True, False):
        chosen = [seed for seed in seeds if (seed // len(WAYS) % 2 == 0) == packed]
        if not chosen:
            continue
        with Simulator(rows=rows, gzip=packed, encode_once=True) as server:
            course = prepared(server, rows, pushed)
            for seed in chosen:
                outcomes.append(through(course, seed))
                print(line(outcomes[-1]), flush=True)
    return outcomes


def through(course: Course, seed: int) -> Outcome:
    """Send one storm; return how it ended."""
    name, way = WAYS[seed % len(WAYS)]
    coming = forecast(seed, name)
    hopeless = why_not(coming)  # said before it begins
    storm, wrong = Storm(course.server, coming, course.republications), list[str]()
    faulthandler.dump_traceback_later(HOPELESS, exit=True)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            end = way(course, storm, Path(scratch))
        except Exception as error:  # noqa: BLE001 - what must not happen is what is looked for
            end = Ending("WRONG", 0.0)
            wrong.append(f"{error!r}, {error.__cause__!r}")
    faulthandler.cancel_dump_traceback_later()
    storm.calm()
    wrong += [f"a strike failed: {error!r}" for error in storm.failed]
    left = left_behind(storm)
    course.server.expire_sessions()
    if storm.published != [""]:
        course.server.republish(CUBE, rows=course.truths[""].num_rows, seed=0)
    return Outcome(seed, name, end, hopeless, wrong, left)


def left_behind(storm: Storm) -> list[str]:
    """Say what was left."""
    left = {"sessions": storm.sessions_left, "threads": threads_left()}
    return [f"{number} {what}" for what, number in left.items() if number > 0]


def threads_left() -> int:
    """Count the threads that decode, encode or write, once what they were at is done."""
    for _ in range(200):
        number = sum(thread.name.startswith("mstr-arrow-") for thread in threading.enumerate())
        if not number:
            break
        time.sleep(0.01)
    return number


def line(outcome: Outcome) -> str:
    """Tell how a storm ended, why that could not be helped, and what was wrong."""
    end = outcome.end
    told = [f"{outcome.seed:5} {end.seconds:5.1f} s  {outcome.way:8} {end.how}  {end.words[:WIDTH]}"]
    if outcome.failed and outcome.hopeless is None:
        told[0] += "  <- could be got over"
    if outcome.hopeless is not None:
        told.append(f"{'':17}no client gets over it: {outcome.hopeless}")
    if outcome.hung:
        told.append(f"seed {outcome.seed}: {outcome.way}: took {end.seconds:.1f} s")
    told += [f"seed {outcome.seed}: {outcome.way}: {what}" for what in outcome.wrong]
    told += [f"seed {outcome.seed}: {outcome.way}: left {what}" for what in outcome.left]
    return "\n".join(told)


def show(outcomes: list[Outcome]) -> None:
    """Print how often what ended how."""
    ways = list(dict.fromkeys(name for name, _ in WAYS))
    tally = Counter((each.way, each.end.how) for each in outcomes)
    ends = sorted({end for _, end in tally}, key=lambda end: (not end.startswith((RIGHT, LIKELY)), end))
    lines = [[end, *(tally[way, end] or "" for way in ways), sum(tally[way, end] for way in ways)] for end in ends]
    lines.append(["all", *(sum(tally[way, end] for end in ends) for way in ways), len(outcomes)])
    print(table(["ended", *ways, "all"], lines))


def summary(outcomes: list[Outcome]) -> str:
    """Say in one paragraph what the storms have shown."""
    survivable = [each for each in outcomes if each.hopeless is None]
    failed = sum(each.failed for each in survivable)
    share = failed / len(survivable) if survivable else 0.0
    wrong, hung = sum(bool(each.wrong) for each in outcomes), sum(each.hung for each in outcomes)
    left = sum(bool(each.left) for each in outcomes)
    likely = sum(each.end.how == LIKELY for each in outcomes)
    return (
        f"{len(outcomes)} storms; a client can get over {len(survivable)} of them, of which {failed} ended in an "
        f"error ({share:.1%}; at most {BOUND:.0%} may); {likely} likely, and told so; "
        f"{wrong} different or otherwise wrong; {hung} hung; {left} left something behind"
    )


def is_well(outcomes: list[Outcome]) -> bool:
    """Tell whether all storms ended as they must."""
    survivable = [each for each in outcomes if each.hopeless is None]
    within = sum(each.failed for each in survivable) <= math.ceil(BOUND * len(survivable))
    return within and not any(each.wrong or each.hung or each.left for each in outcomes)


if __name__ == "__main__":
    raise SystemExit(main())
