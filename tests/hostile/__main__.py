"""``python -m tests.hostile``: each hostile answer at each endpoint, how calls ended, and the memory they took."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from typing import NamedTuple

from tests.hostile.answers import ANSWERS
from tests.hostile.cells import CELLS
from tests.hostile.process import hostile_process
from tests.hostile.trial import SETTINGS, Due, Wrong, attempt

MOST_GROWTH = SETTINGS.limits.buffer_bytes // 2**20 + 200
"""MB by which the memory of the process may grow: what a read may hold, and 200."""
_ROW = "{:38} {:>6} {:>8} {:>7} {:>6} {:>8}  {:24} {:>12}"


class _Longest(NamedTuple):
    seconds: float = 0.0
    endpoint: str = ""


def main() -> int:
    """Try the chosen answers at all endpoints; return 1 if a call ended as none may, or memory grew too much."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("answer", nargs="*", help="these answers; all, where none is named")
    parser.add_argument("--share", default="1/1", help="a part of the answers: 2/4 is the second of four")
    given = parser.parse_args()
    part, parts = map(int, given.share.split("/"))
    chosen = given.answer or [*ANSWERS][part - 1 :: parts]
    wrong, longest, calls, began = 0, _Longest(), 0, time.monotonic()
    with hostile_process() as server:
        due = Due(server)
        for endpoint in CELLS:
            due(endpoint)
        before = _peak()
        print(_ROW.format("answer", "calls", "results", "errors", "wrong", "longest", "at", "memory grown"))
        for answer in chosen:
            ends, slowest = Counter[str](), _Longest()
            for endpoint in CELLS:
                try:
                    end = attempt(server, answer, endpoint, due)
                except Wrong as error:
                    print(f"WRONG: {answer} - {endpoint}: {error}", flush=True)
                    ends["wrong"] += 1
                else:
                    ends["results" if end.error is None else "errors"] += 1
                    slowest = max(slowest, _Longest(end.seconds, endpoint))
            wrong, calls, longest = wrong + ends["wrong"], calls + ends.total(), max(longest, slowest)
            told = [ends.total(), ends["results"], ends["errors"], ends["wrong"]]
            grown = f"{_peak() - before} MB"
            print(_ROW.format(answer, *told, f"{slowest.seconds:.2f} s", slowest.endpoint, grown), flush=True)
    growth = _peak() - before
    print(
        f"{len(chosen)} answers at {len(CELLS)} endpoints, {calls} calls in {time.monotonic() - began:.0f} s: "
        f"{wrong} ended as none may; the longest took {longest.seconds:.1f} s ({longest.endpoint}); "
        f"memory grew by {growth} MB (at most {MOST_GROWTH}); {_processor_seconds():.0f} s of processor time"
    )
    return int(wrong > 0 or growth > MOST_GROWTH)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    sys.exit(main())
