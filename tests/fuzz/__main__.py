"""``python -m tests.fuzz --minutes 60``: trials one after another, and how they ended."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter

from tests.fuzz.trial import Wrong, attempt, requests_of, simulator

EACH_SERVER = 400
"""Trials after which another server begins, so that what they leave on it does not add up."""
SHOWN = 3_000
"""Characters of the first of each kind of wrong end."""
MOST_GROWTH = 264
"""MB by which memory may grow: what a read may hold, and 200."""


def main() -> int:
    """Run trials until the time is over; return 1 if one of them ended as none may."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0, help="the number of the first trial")
    parser.add_argument("--trials", type=int, help="how many trials at most")
    given = parser.parse_args()
    end, seed = time.monotonic() + given.minutes * 60, given.seed
    wrong: Counter[str] = Counter()
    ends: Counter[tuple[str, str]] = Counter()
    last = sys.maxsize if given.trials is None else given.seed + given.trials
    begin_memory = None
    while time.monotonic() < end and seed < last:
        with simulator() as sim:
            known = requests_of(sim)
            begin_memory = begin_memory or _peak()
            for seed in range(seed, min(seed + EACH_SERVER, last)):  # noqa: B020 - goes on where it ended
                try:
                    name, outcome = attempt(sim, known, seed)
                    ends[name, outcome.kind] += 1
                except Wrong as error:
                    if error.kind not in wrong:
                        print(f"WRONG: {str(error)[:SHOWN]}\n", flush=True)
                    wrong[error.kind] += 1
                if time.monotonic() >= end:
                    break
            seed += 1
    growth = _peak() - (begin_memory or 0)
    for (name, kind), count in sorted(ends.items()):
        print(f"{name:20} {kind:20} {count:6}")
    for kind, count in wrong.most_common():
        print(f"WRONG {count:6} {kind}")
    results = sum(count for (_, kind), count in ends.items() if kind == "result")
    print(
        f"{ends.total() + wrong.total()} trials from {given.seed} on, each twice: {results} results that both "
        f"decoders agree on, {ends.total() - results} errors of the package's own, {wrong.total()} wrong; "
        f"memory grew by {growth} MB (at most {MOST_GROWTH})"
    )
    return int(bool(wrong) or growth > MOST_GROWTH)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
