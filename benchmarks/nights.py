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
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from pyarrow.dataset import dataset

from mstr_arrow.jobs.records.history import Records
from mstr_arrow.simulator import Fault, Simulator, TimeModel
from tests.support.stores import S3, s3_environment, shared_process

if TYPE_CHECKING:
    from collections.abc import Iterator

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

TABLES = ("days", "report")
"""Jobs that write a Delta table."""

STORED = ("units", "customers", "pairs")
"""Jobs that write into a store, where there is one."""


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
    kills, rows = (3, 20_000) if options.quick else (20, 60_000)
    with s3() as store:
        nights = killed_nights(kills=kills, rows=rows, seed=options.seed, store=store)
    print(f"{len(OBJECTS)} jobs, {nights.kills} kills (seed {options.seed}), {nights.seconds:.0f} s in all")
    print(f"  destinations that are not the truth   {', '.join(nights.wrong) or 'none'}")
    print(f"  starts on record                      {nights.on_record} of {nights.starts}")
    print(f"  most sessions at once                 {nights.most_sessions}")
    print(f"  sessions left                         {nights.sessions_left}")
    return 0 if nights.good else 1


@contextmanager
def s3() -> Iterator[str]:
    """Run a server of S3, a process of its own, and give the URI of a bucket in it."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p"]
        with shared_process(Path(scratch), "s3", lambda port: [*command, str(port)]) as port:
            address = f"http://127.0.0.1:{port}"
            os.environ.update(s3_environment(address))
            yield S3(address, "nights").uri("lake")


def killed_nights(*, kills: int, rows: int, seed: int, store: str | None = None) -> Nights:
    """Kill so many runs, and let one come to its end; ``store`` is the URI of what some jobs write into."""
    chance = random.Random(seed)
    nights, began = Nights(), time.monotonic()
    model = TimeModel(request_ms=20, rows_per_second=200_000, workers=4)
    with Simulator(rows=rows, time=model, gzip=False) as server, tempfile.TemporaryDirectory() as scratch:
        for fault in (Fault.busy(retry_after=0), Fault.truncated(), Fault.reset()):
            server.fail(fault.on("GET", "/instances/", times=None, chance=0.02))
        folder = Path(scratch)
        file = folder / "jobs.toml"
        file.write_text(jobs_file(server, store), encoding="utf-8")
        longest = 4.0
        while nights.kills < kills:
            if started(server, file, nights, chance.uniform(0.0, longest)) == 0:
                longest /= 2  # this machine is done sooner: what is begun anew is to be killed before its end
        starts = nights.starts
        while (code := started(server, file, nights, None)) != 0:
            if nights.starts > starts + 3:
                raise SystemExit(f"the last run ends with exit code {code}")
        nights.wrong = [name for name in OBJECTS if not is_true(server, folder, name, store)]
        nights.sessions_left = server.open_sessions
        nights.on_record = len(Records(file.with_suffix(".records")).runs())
    nights.seconds = time.monotonic() - began
    return nights


def jobs_file(server: Simulator, store: str | None) -> str:
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
        lines += [f"[jobs.{name}]", f'object = "{what}"', f"destination = {destination(name, store)}"]
        if name in COLUMNS:
            lines.append(f"columns = {COLUMNS[name]}")
    return "\n".join(lines) + "\n"


def destination(name: str, store: str | None) -> str:
    """Say where a job writes."""
    if name in TABLES:
        return f'{{delta = "lake/{name}"}}'
    above = store if store is not None and name in STORED else "lake"
    return f'"{above}/{name}{FILES.get(name, "/")}"'


def started(server: Simulator, file: Path, nights: Nights, seconds: float | None) -> int:
    """Begin a run, and kill it so many seconds after it was noted, or not; return its exit code."""
    environment = os.environ | {"NIGHTS_PASSWORD": server.password}
    runs, kill_at = file.with_suffix(".records") / "runs", None
    before = len(list(runs.glob("*.json")))
    with subprocess.Popen([sys.executable, "-c", COMMAND, "run", str(file), "--quiet"], env=environment) as process:
        while process.poll() is None and (kill_at is None or time.monotonic() < kill_at):
            nights.most_sessions = max(nights.most_sessions, server.open_sessions)
            if seconds is not None and kill_at is None and len(list(runs.glob("*.json"))) > before:
                kill_at = time.monotonic() + seconds
            time.sleep(0.01)
        process.kill()
        code = process.wait()
    nights.kills += code == -signal.SIGKILL
    nights.starts += 1
    return code


def is_true(server: Simulator, folder: Path, name: str, store: str | None) -> bool:
    """Compare a destination with the truth, row by row in any order."""
    place = folder / "lake" / f"{name}{FILES.get(name, '')}"
    if store is not None and name in STORED:
        got = pl.DataFrame(dataset(f"{store}/{name}", format="parquet").to_table())
    elif name in TABLES:
        got = pl.read_delta(str(place))
    elif place.suffix == ".arrow":
        got = pl.read_ipc(place.read_bytes())
    else:
        got = pl.read_parquet(place if place.is_file() else place / "*.parquet")
    true = pl.DataFrame(server.truth(OBJECTS[name], COLUMNS.get(name)))
    true = true.select(got.columns).cast(got.schema)
    return got.sort(got.columns).equals(true.sort(got.columns))


if __name__ == "__main__":
    sys.exit(main())
