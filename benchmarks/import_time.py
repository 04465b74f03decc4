"""What ``import mstr_arrow`` costs beyond ``import pyarrow, polars``.

Run ``python -m benchmarks.import_time [--quick]``. Each import is timed in a fresh interpreter, the two in turn;
the figure is the difference of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

from benchmarks.measure import machine, verdict

TARGET = 0.35
BASE = "import pyarrow, polars"
OURS = "import pyarrow, polars, mstr_arrow"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few repeats: a check that it runs")
    repeats = 2 if parser.parse_args().quick else 15
    times: dict[str, list[float]] = {BASE: [], OURS: []}
    for number in range(repeats + 1):
        for statement, seconds in times.items():
            taken = seconds_of(statement)
            if number:  # the first round warms the disk's cache
                seconds.append(taken)
    base, ours = (statistics.median(times[statement]) for statement in (BASE, OURS))
    print(machine())
    print(f"{BASE}: {base:.3f} s")
    print(f"{OURS}: {ours:.3f} s")
    print(f"import mstr_arrow adds {ours - base:.3f} s ({verdict(ours - base, TARGET, at_most=True)})")


def seconds_of(statement: str) -> float:
    """Time an import statement in a fresh interpreter, in seconds."""
    code = f"import time; began = time.perf_counter(); {statement}; print(time.perf_counter() - began)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
