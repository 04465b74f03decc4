"""Run the checks, then the race: ``python -m benchmarks.peers [--quick]``."""

from __future__ import annotations

import argparse

from benchmarks.peers import checks, race

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    options = parser.parse_args()
    checks.main()
    race.main(quick=options.quick)
