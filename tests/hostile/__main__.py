"""``python -m tests.hostile``: each hostile answer at each endpoint, how calls ended, and the memory they took.

``most`` is the memory that one call took beyond what there was before it; ``held`` what is left after all so far.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from typing import NamedTuple

from tests.hostile.answers import ANSWERS
from tests.hostile.cells import CELLS
from tests.hostile.memory import forget_peak, held, peak
from tests.hostile.process import hostile_process
from tests.hostile.trial import SETTINGS, Due, Wrong, attempt

MOST_GROWTH = SETTINGS.limits.buffer_bytes // 2**20 + 200
"""MB by which a call may make the process grow, and all calls together: what a read may hold, and 200."""
_ROW = "{:38} {:>6} {:>8} {:>7} {:>6} {:>8}  {:24} {:>8}  {:24} {:>7}"


class _Most(NamedTuple):
    """The most seconds, or MB, that a call took, and its endpoint."""

    amount: float = 0.0
    endpoint: str = ""


def main() -> int:
    """Try the chosen answers at all endpoints; return 1 if a call ended as none may, or memory grew too much."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("answer", nargs="*", help="these answers; all, where none is named")
    parser.add_argument("--share", default="1/1", help="a part of the answers: 2/4 is the second of four")
    given = parser.parse_args()
    part, parts = map(int, given.share.split("/"))
    chosen = given.answer or [*ANSWERS][part - 1 :: parts]
    wrong, longest, largest, calls, began = 0, _Most(), _Most(), 0, time.monotonic()
    with hostile_process() as server:
        due = Due(server)
        for endpoint in CELLS:
            due(endpoint)
        before = held()
        print(_ROW.format("answer", "calls", "results", "errors", "wrong", "longest", "at", "most", "at", "held"))
        for answer in chosen:
            ends, slowest, greatest = Counter[str](), _Most(), _Most()
            for endpoint in CELLS:
                start = forget_peak()
                try:
                    end = attempt(server, answer, endpoint, due)
                except Wrong as error:
                    print(f"WRONG: {answer} - {endpoint}: {error}", flush=True)
                    ends["wrong"] += 1
                else:
                    ends["results" if end.error is None else "errors"] += 1
                    slowest = max(slowest, _Most(end.seconds, endpoint))
                    del end
                greatest = max(greatest, _Most(peak() - start, endpoint))
            wrong, calls = wrong + ends["wrong"], calls + ends.total()
            longest, largest = max(longest, slowest), max(largest, greatest)
            told = [ends.total(), ends["results"], ends["errors"], ends["wrong"]]
            times, sizes = f"{slowest.amount:.2f} s", f"{greatest.amount:.0f} MB"
            grown = f"{held() - before:.0f} MB"
            print(_ROW.format(answer, *told, times, slowest.endpoint, sizes, greatest.endpoint, grown), flush=True)
        growth = held() - before
    print(
        f"{len(chosen)} answers at {len(CELLS)} endpoints, {calls} calls in {time.monotonic() - began:.0f} s: "
        f"{wrong} ended as none may; the longest took {longest.amount:.1f} s ({longest.endpoint}); the most memory "
        f"{largest.amount:.0f} MB ({largest.endpoint}), held after all {growth:.0f} MB (at most {MOST_GROWTH}); "
        f"{_processor_seconds():.0f} s of processor time"
    )
    return int(wrong > 0 or max(growth, largest.amount) > MOST_GROWTH)


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    sys.exit(main())
