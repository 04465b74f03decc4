"""``python -m tests.hostile``: each hostile answer at each endpoint, how calls ended, and the memory they took.

Each process that tries answers has a server of its own. ``most`` is the memory that one call took beyond what there
was before it; ``held`` what is left of all calls of that process so far.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.hostile.answers import ANSWERS
from tests.hostile.cells import CELLS
from tests.hostile.round import MOST_GROWTH, Round, begin, go_round

_ROW = "{:38} {:>6} {:>8} {:>7} {:>6} {:>8}  {:28} {:>8}  {:28} {:>7}"


def main() -> int:
    """Try the chosen answers at all endpoints; return 1 if a call ended as none may, or memory grew too much."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("answer", nargs="*", help="these answers; all, where none is named")
    parser.add_argument("--share", default="1/1", help="a part of the answers: 2/4 is the second of four")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count(), help="answers that are tried at once; one for each core"
    )
    given = parser.parse_args()
    part, parts = map(int, given.share.split("/"))
    chosen = given.answer or [*ANSWERS][part - 1 :: parts]
    slow_first = sorted(chosen, key=lambda answer: not ANSWERS[answer].large)
    began = time.monotonic()
    print(_ROW.format("answer", "calls", "results", "errors", "wrong", "longest", "at", "most", "at", "held"))
    rounds: list[Round] = []
    with ProcessPoolExecutor(given.processes, get_context("spawn"), initializer=begin) as pool:
        for done in as_completed([pool.submit(go_round, answer) for answer in slow_first]):
            rounds.append(done.result())
            _show(rounds[-1])
    return _judge(rounds, time.monotonic() - began)


def _show(done: Round) -> None:
    for endpoint, message in done.wrong.items():
        print(f"WRONG: {done.answer} - {endpoint}: {message}")
    seconds, memory = f"{done.longest.amount:.2f} s", f"{done.largest.amount:.0f} MB"
    ends = [done.calls, done.results, done.errors, len(done.wrong)]
    spent = [seconds, done.longest.endpoint, memory, done.largest.endpoint, f"{done.held:.0f} MB"]
    print(_ROW.format(done.answer, *ends, *spent), flush=True)


def _judge(rounds: list[Round], seconds: float) -> int:
    wrong = sum(len(each.wrong) for each in rounds)
    longest, largest = max(each.longest for each in rounds), max(each.largest for each in rounds)
    held = max(each.held for each in rounds)
    print(
        f"{len(rounds)} answers at {len(CELLS)} endpoints, {sum(each.calls for each in rounds)} calls in "
        f"{seconds:.0f} s: {wrong} ended as none may; the longest took {longest.amount:.1f} s "
        f"({longest.endpoint}); the most memory {largest.amount:.0f} MB ({largest.endpoint}), held after all "
        f"{held:.0f} MB (at most {MOST_GROWTH}); {_processor_seconds():.0f} s of processor time"
    )
    return int(wrong > 0 or max(held, largest.amount) > MOST_GROWTH)


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    sys.exit(main())
