"""Storms of random faults over extractions and uploads, on the simulator: ``python -m benchmarks.storms``.

Each storm is a seed: faults aimed at random requests, and at random moments the end of all sessions, of their
instances, or another publication of the cube (`weather`). An extraction, by each of several ways out, or an upload
of any mode runs through it. It must end equal to the truth or with one of our errors, within its deadline, and
leave nothing borrowed: no session that could be logged out, no upload session, no file, no thread. After an error,
too, server and folder hold what they should: old rows or all new ones, and a beginning that another run completes.
Each storm and the tally are printed; ``--quick`` runs six over fewer rows.
"""

from __future__ import annotations

import argparse
import faulthandler
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from benchmarks.measure import table
from benchmarks.ways import DEADLINE, RIGHT, SLACK, WAYS, Course, Ending, prepared
from benchmarks.weather import CUBE, Storm
from mstr_arrow.simulator import Simulator

HOPELESS = 3 * (DEADLINE + SLACK)
"""Seconds after which a storm is taken to hang: where each thread is is printed, and the run ends."""

WIDTH = 150
"""Characters of an error that are printed."""


def main() -> int:
    """Run the storms, print the tally, and say by the exit code whether all ended as they must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="six storms over fewer rows")
    parser.add_argument("--storms", type=int, help="so many storms, by default 200")
    parser.add_argument("--seed", type=int, default=1, help="the first storm's; each has the next one")
    options = parser.parse_args()
    rows, pushed = (20_000, 10_000) if options.quick else (300_000, 100_000)
    storms = options.storms or (6 if options.quick else 200)
    seeds = range(options.seed, options.seed + storms)
    tally: Counter[tuple[str, str]] = Counter()
    wrong, longest, began = list[str](), 0.0, time.monotonic()
    for packed in (True, False):
        with Simulator(rows=rows, gzip=packed, encode_once=True) as server:
            course = prepared(server, rows, pushed)
            for seed in [seed for seed in seeds if (seed // len(WAYS) % 2 == 0) == packed]:
                way, end, errors = through(course, seed)
                tally[way, end.how] += 1
                longest = max(longest, end.seconds)
                print(f"{seed:4} {end.seconds:5.1f} s  {way:8} {end.how}  {end.words[:WIDTH]}", flush=True)
                for error in errors:
                    wrong.append(f"seed {seed}: {way}: {error}")
                    print(wrong[-1], flush=True)
    show(tally)
    print(
        f"{storms} storms, {rows:,} rows read and {pushed:,} sent, {time.monotonic() - began:.0f} s in all; ",
        end="",
    )
    print(f"the longest took {longest:.1f} s")
    print("\n".join(wrong) or "each ended right or with an error of ours, and nothing was left behind")
    return 1 if wrong else 0


def through(course: Course, seed: int) -> tuple[str, Ending, list[str]]:
    """Send one storm; return over what, how that ended, and what was wrong."""
    name, way = WAYS[seed % len(WAYS)]
    storm, wrong = Storm(course.server, seed, course.republications), list[str]()
    faulthandler.dump_traceback_later(HOPELESS, exit=True)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            end = way(course, storm, Path(scratch))
        except Exception as error:  # noqa: BLE001 - what must not happen is what is looked for
            end = Ending("WRONG", 0.0)
            wrong.append(f"{error!r}, {error.__cause__!r}")
    faulthandler.cancel_dump_traceback_later()
    storm.calm()
    if end.seconds > DEADLINE + SLACK:
        wrong.append(f"took {end.seconds:.1f} s")
    wrong += [f"a strike failed: {error!r}" for error in storm.failed]
    wrong += [f"left: {what}" for what in left_behind(storm)]
    course.server.expire_sessions()
    if storm.data:
        course.server.republish(CUBE, rows=course.truths[""].num_rows, seed=0)
    return name, end, wrong


def left_behind(storm: Storm) -> list[str]:
    """Say what was left."""
    left = {"sessions": storm.sessions_left, "threads that decode": threads_left()}
    return [f"{number} {what}" for what, number in left.items() if number > 0]


def threads_left() -> int:
    """Count the threads that decode, once what they were at is done."""
    for _ in range(200):
        number = sum(thread.name.startswith("mstr-arrow-decode") for thread in threading.enumerate())
        if not number:
            break
        time.sleep(0.01)
    return number


def show(tally: Counter[tuple[str, str]]) -> None:
    """Print how often what ended how."""
    ways = list(dict.fromkeys(name for name, _ in WAYS))
    ends = sorted({end for _, end in tally}, key=lambda end: (not end.startswith(RIGHT), end))
    lines = [[end, *(tally[way, end] or "" for way in ways), sum(tally[way, end] for way in ways)] for end in ends]
    lines.append(["all", *(sum(tally[way, end] for end in ends) for way in ways), sum(tally.values())])
    print(table(["ended", *ways, "all"], lines))


if __name__ == "__main__":
    raise SystemExit(main())
