"""Run the checks, then the races, of reading and of writing: ``python -m benchmarks.peers [--quick]``."""

from __future__ import annotations

import argparse

from benchmarks.peers import checks, push_race, race, writing

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    options = parser.parse_args()
    checks.main()
    writing.main()
    race.main(quick=options.quick)
    push_race.main(quick=options.quick)
