"""Kill a run of ten jobs at random moments, and start it again: ``python -m benchmarks.nights [--quick]``.

The command ``mstr-arrow run`` is ended by SIGKILL at random moments, again and again, over a server with faults.
The last run comes to its end. Shown are whether every destination holds the truth, each row once, what the records
tell of each start, and the sessions that the server had.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from mstr_arrow.jobs.history import Records
from mstr_arrow.simulator import Fault, Simulator, TimeModel

COMMAND = "from mstr_arrow.cli import main; main()"
OBJECTS = {
    "sales": "Sales Cube",
    "regions": "Sales Cube",
    "days": "Sales Cube",
    "units": "Sales Cube",
    "customers": "Customers",
    "attributes": "Only Attributes",
    "report": "Plain Report",
    "pairs": "Attributes Only Report",
    "awkward": "Awkward Values",
    "model": "Retail Model",
}
COLUMNS = {
    "regions": ["Order", "Region"],
    "days": ["Order", "Day"],
    "units": ["Order", "Units"],
}
FILES = {"awkward": ".parquet", "model": ".arrow"}
"""Jobs that write a file, whole or not at all; the others write folders of parts, and go on there."""


@dataclass(slots=True)
class Nights:
    """What was seen."""

    starts: int = 0
    kills: int = 0
    most_sessions: int = 0
    wrong: list[str] = field(default_factory=list)
    sessions_left: int = 0
    on_record: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether all is as promised."""
        return not self.wrong and not self.sessions_left and self.on_record == self.starts


def main() -> int:
    """Run it, print the figures, and say by the exit code whether they are as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows and kills")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    nights = killed_nights(
        kills=3 if options.quick else 20, rows=20_000 if options.quick else 60_000, seed=options.seed
    )
    print(f"{len(OBJECTS)} jobs, {nights.kills} kills (seed {options.seed}), {nights.seconds:.0f} s in all")
    print(f"  destinations that are not the truth   {', '.join(nights.wrong) or 'none'}")
    print(f"  starts on record                      {nights.on_record} of {nights.starts}")
    print(f"  most sessions at once                 {nights.most_sessions}")
    print(f"  sessions left                         {nights.sessions_left}")
    return 0 if nights.good else 1


def killed_nights(*, kills: int, rows: int, seed: int) -> Nights:
    """Kill so many runs, and let one come to its end."""
    chance = random.Random(seed)
    nights, began = Nights(), time.monotonic()
    model = TimeModel(request_ms=20, rows_per_second=200_000, workers=4)
    with Simulator(rows=rows, time=model, gzip=False) as server, tempfile.TemporaryDirectory() as scratch:
        for fault in (Fault.busy(retry_after=0), Fault.truncated(), Fault.reset()):
            server.fail(fault.on("GET", "/instances/", times=None, chance=0.02))
        folder = Path(scratch)
        file = folder / "jobs.toml"
        file.write_text(jobs_file(server), encoding="utf-8")
        while nights.kills < kills and started(server, file, nights, chance.uniform(0.5, 4.0)) != 0:
            pass
        while (code := started(server, file, nights, None)) != 0:
            if nights.starts > kills + 3:
                raise SystemExit(f"the last run ends with exit code {code}")
        nights.wrong = [name for name in OBJECTS if not is_true(server, folder, name)]
        nights.sessions_left = server.open_sessions
        nights.on_record = len(Records(file.with_suffix(".records")).runs())
    nights.seconds = time.monotonic() - began
    return nights


def jobs_file(server: Simulator) -> str:
    """Write the jobs down."""
    lines = [
        "[run]",
        "jobs_at_once = 3",
        "[servers.bi]",
        f'url = "{server.url}"',
        f'username = "{server.username}"',
        'password = {env = "NIGHTS_PASSWORD"}',
        "[defaults]",
        "part_rows = 5_000",
        "page_rows = 2_000",
        "pause = 0.1",
    ]
    for name, what in OBJECTS.items():
        lines += [f"[jobs.{name}]", f'object = "{what}"', f'destination = "lake/{name}{FILES.get(name, "/")}"']
        if name in COLUMNS:
            lines.append(f"columns = {COLUMNS[name]}")
    return "\n".join(lines) + "\n"


def started(server: Simulator, file: Path, nights: Nights, seconds: float | None) -> int:
    """Begin a run, and kill it after some seconds, or not; return its exit code."""
    environment = os.environ | {"NIGHTS_PASSWORD": server.password}
    before = len(Records(file.with_suffix(".records")).runs())
    with subprocess.Popen([sys.executable, "-c", COMMAND, "run", str(file), "--quiet"], env=environment) as process:
        deadline = None if seconds is None else time.monotonic() + 1.5 + seconds
        while process.poll() is None and (deadline is None or time.monotonic() < deadline):
            nights.most_sessions = max(nights.most_sessions, server.open_sessions)
            time.sleep(0.01)
        process.kill()
        code = process.wait()
    nights.kills += code == -signal.SIGKILL
    # A run that was killed while Python still imported has not started.
    nights.starts += code != -signal.SIGKILL or len(Records(file.with_suffix(".records")).runs()) > before
    return code


def is_true(server: Simulator, folder: Path, name: str) -> bool:
    """Compare a destination with the truth, row by row in any order."""
    place = folder / "lake" / f"{name}{FILES.get(name, '')}"
    if place.suffix == ".arrow":
        got = pl.read_ipc(place.read_bytes())
    else:
        got = pl.read_parquet(place if place.is_file() else place / "*.parquet")
    true = pl.DataFrame(server.truth(OBJECTS[name], COLUMNS.get(name)))
    true = true.select(got.columns).cast(got.schema)
    return got.sort(got.columns).equals(true.sort(got.columns))


if __name__ == "__main__":
    sys.exit(main())
