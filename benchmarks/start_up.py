"""How long commands take from start to exit, and where the time goes.

Run ``python -m benchmarks.start_up [--quick]``. Starts, in turn: an interpreter that does nothing; one that imports
pyarrow, polars and aiohttp, which is the bound of what reads with them; one that imports what ``connect`` needs;
``mstr-arrow --help``; and ``mstr-arrow fetch`` of a cube of ten rows from a simulated server. Prints medians of the
time and of the processor time of each, and then of ``fetch``: the processor time at the end of each stage, and the
packages that take longest to import.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.measure import machine, table, verdict
from mstr_arrow.simulator import Simulator

BOUND = "import pyarrow, polars, aiohttp"
FETCH = ["fetch", "Sales Cube", "-o", "sales.parquet", "--quiet"]
RUN = "from mstr_arrow.cli import main; main()"
STAGED = """
import atexit, gc, sys, time
gc.disable()  # as main() does
def tell(stage):
    sys.stderr.write(f"stage {stage}: {time.process_time()}\\n")
import mstr_arrow.cli
tell("interpreter")
import mstr_arrow.cli.app
tell("the command line")
import mstr_arrow.cli.commands.fetch
tell("what fetch imports")
atexit.register(tell, "arguments, log-in, read, file, log-out")
mstr_arrow.cli.main()
"""
TARGETS = {"mstr-arrow --help": 0.5, "mstr-arrow fetch": 0.9}
PACKAGES = 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few repeats: a check that it runs")
    repeats = 1 if parser.parse_args().quick else 15
    programs = {
        "pass": ["-c", "pass"],
        BOUND: ["-c", BOUND],
        "import mstr_arrow; mstr_arrow.connect": ["-c", "import mstr_arrow; mstr_arrow.connect"],
        "mstr-arrow --help": ["-c", RUN, "--help"],
        "mstr-arrow fetch": ["-c", RUN, *FETCH],
    }
    with (
        Simulator(rows=10, gzip=False, encode_once=True, async_polls=0) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        environment = _environment(server)
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for number in range(repeats + 1):
            for name, arguments in programs.items():
                seconds = _run(arguments, folder, environment)[:2]
                if number:  # the first round compiles, and warms the disk's cache
                    taken[name].append(seconds)
        told = [_run(["-c", STAGED, *FETCH], folder, environment) for _ in range(repeats)]
        imported = _run(["-X", "importtime", "-c", RUN, *FETCH], folder, environment)[2]
    print(f"{machine()}; medians of {repeats}")
    print(table(("", "seconds", "of a processor", "target"), [_row(name, each) for name, each in taken.items()]))
    print("\nWhere the processor time of fetch goes")
    print(table(("until the end of", "seconds"), _stages(told)))
    print("\nWhat takes longest to import, in ms, without what each imports in turn")
    print(table(("package", "modules", "ms"), _packages(imported)))


def _environment(server: Simulator) -> dict[str, str]:
    """Give what a command needs to find the server, and bytecode, as it is there after an installation."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ours = {"MSTR_URL": server.url, "MSTR_USERNAME": server.username, "MSTR_PASSWORD": server.password}
    return known | ours | {"PYTHONPATH": str(Path.cwd())}


def _run(arguments: list[str], folder: str, environment: dict[str, str]) -> tuple[float, float, str]:
    """Run an interpreter to its end: seconds, seconds of a processor, and what it wrote to standard error."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stderr


def _row(name: str, taken: list[tuple[float, float]]) -> tuple[str, ...]:
    seconds, processor = (statistics.median(each) for each in zip(*taken, strict=True))
    target = verdict(seconds, TARGETS[name], at_most=True) if name in TARGETS else ""
    return name, f"{seconds:.2f}", f"{processor:.2f}", target


def _stages(told: list[tuple[float, float, str]]) -> list[tuple[str, str]]:
    """Give the median processor time at the end of each stage, and of the whole process."""
    stages: dict[str, list[float]] = {}
    for _, whole, errors in told:
        for line in errors.splitlines():
            if line.startswith("stage "):
                name, _, seconds = line.removeprefix("stage ").rpartition(": ")
                stages.setdefault(name, []).append(float(seconds))
        stages.setdefault("the interpreter's end", []).append(whole)
    return [(name, f"{statistics.median(each):.2f}") for name, each in stages.items()]


def _packages(imported: str) -> list[tuple[str, int, str]]:
    """Add up what ``-X importtime`` tells, by package."""
    taken: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    for line in imported.splitlines():
        if (
            line.startswith("import time:")
            and (parts := line.removeprefix("import time:").split("|"))[0].strip().isdigit()
        ):
            package = parts[2].strip().partition(".")[0]
            taken[package] += int(parts[0])
            modules[package] += 1
    return [(name, modules[name], f"{each / 1e3:.0f}") for name, each in taken.most_common(PACKAGES)]


if __name__ == "__main__":
    main()
