"""Run the checks, then the races, of reading and of writing: ``python -m benchmarks.peers [--quick]``."""

from __future__ import annotations

import argparse

from benchmarks.peers import as_it_starts, checks, push_race, race, writing
from benchmarks.peers.verdicts import Checks, hush

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    options = parser.parse_args()
    hush()
    table = Checks()
    checks.main(table)
    writing.main(table)
    as_it_starts.main(table)
    table.conclude()
    race.main(quick=options.quick)
    push_race.main(quick=options.quick)
