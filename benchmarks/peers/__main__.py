"""Run the checks, then the races of reading and of writing: ``python -m benchmarks.peers [--part reads]``."""

from __future__ import annotations

import argparse

from benchmarks.peers import as_it_starts, checks, push_race, race, writing
from benchmarks.peers.verdicts import Checks, hush


def check() -> None:
    """Print the table of the checks."""
    table = Checks()
    checks.main(table)
    writing.main(table)
    as_it_starts.main(table)
    table.conclude()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--part", choices=("checks", "reads", "writes"), help="this alone")
    options = parser.parse_args()
    hush()
    if options.part in {None, "checks"}:
        check()
    if options.part in {None, "reads"}:
        race.main(quick=options.quick)
    if options.part in {None, "writes"}:
        push_race.main(quick=options.quick)
