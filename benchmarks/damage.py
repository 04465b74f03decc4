"""Damage what an extraction has left, and run it again: ``python -m benchmarks.damage [--quick] [--runs N]``.

Each time a folder of parts, whole or begun, is damaged at random: a bit of a file is flipped, a file is cut, grown,
deleted, replaced by an older one, and so on. Then `extract` is called as if nothing had happened. Its end must be
one of three: the folder holds the rows that the server has, because nothing that counts was damaged or because it
was fetched again; or an MstrError names what is wrong. A folder that is called whole and is not was believed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

import mstr_arrow as ma
from benchmarks.damages import DAMAGES, MANIFEST, Patient
from mstr_arrow.extract.manifest import Asked, Manifest, Part, read_manifest
from mstr_arrow.extract.on_disk import FolderOnDisk, sha256_of
from mstr_arrow.extract.verification import verify_parts
from mstr_arrow.files.folders import part_name
from mstr_arrow.simulator import Fault, Simulator

if TYPE_CHECKING:
    from mstr_arrow.objects.cube import Cube

ROWS, PART, PAGE = 1_000, 100, 250
CUBE, PRIVATE = "Sales Cube", ".private.json"

OUTCOMES = ("right as it was", "fetched again", "named", "BELIEVED", "another error")
GOOD = OUTCOMES[:3]

_UNLOADED = -2147209151


@dataclass(frozen=True, slots=True)
class Models:
    """What is copied: a folder that is whole, one of data published before, the sessions of a killed run."""

    whole: Path
    older: Path
    private: str
    truth: pl.DataFrame


@dataclass(slots=True)
class Tally:
    """How the runs ended, by kind of damage; and what was wrong with those that ended badly."""

    ends: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def count(self, kind: str, end: str) -> None:
        """Count one run."""
        self.ends.setdefault(kind, Counter())[end] += 1

    def total(self) -> Counter[str]:
        """Add up all kinds."""
        return sum(self.ends.values(), Counter())


def main() -> int:
    """Run it, print the figures, and say by the exit code whether nothing was believed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    parser.add_argument("--runs", type=int, help="how many; 10,000 if nothing is said")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    runs = options.runs or (30 if options.quick else 10_000)
    began = time.monotonic()
    until = began + 60 * options.minutes if options.minutes else None
    tally = damaged_runs(runs, options.seed, until)
    done = tally.total()
    print(f"{done.total():,} extractions over damaged folders (seed {options.seed}), ", end="")
    print(f"{time.monotonic() - began:.0f} s in all")
    print(f"  {'damage':38}" + "".join(f"{end:>17}" for end in OUTCOMES))
    for kind, ends in [*sorted(tally.ends.items()), ("all", done)]:
        print(f"  {kind:38}" + "".join(f"{ends[end]:17,}" for end in OUTCOMES))
    for wrong in tally.wrong:
        print(f"  {wrong}")
    megabytes = 16 if options.quick else 1_000
    print(f"  to verify {megabytes:,} MB of parts takes {verifying(megabytes):.2f} s, from the system's own cache")
    return 0 if all(end in GOOD for end in done) else 1


def damaged_runs(runs: int, seed: int, until: float | None = None) -> Tally:
    """Damage so many folders, and extract into each; stop at a moment of the monotonic clock."""
    tally = Tally()
    with (
        Simulator(rows=ROWS, gzip=False, encode_once=True) as server,
        tempfile.TemporaryDirectory() as scratch,
        ma.connect(server.url, username=server.username, password=server.password) as connection,
    ):
        cube = connection.cube(CUBE, limits=ma.Limits(page_rows=PAGE))
        models = made(server, cube, Path(scratch))
        for number in range(runs):
            if until is not None and time.monotonic() > until:
                break
            chance = random.Random(f"{seed}-{number}")
            kind = chance.choice(list(DAMAGES))
            place = Path(scratch) / f"run-{number}"
            place.mkdir()
            folder = put(models, place, chance)
            DAMAGES[kind](Patient(folder, models.older, chance))
            end, why = extracted(cube, place / "sales", models.truth, chance)
            tally.count(kind, end)
            if end not in GOOD:
                tally.wrong.append(f"run {number}, {kind} in {folder.name}: {end}, {why}")
            shutil.rmtree(place)
    return tally


def made(server: Simulator, cube: Cube, scratch: Path) -> Models:
    """Extract the folders that are copied later: one before the data are published anew, and one after."""
    cube.extract(scratch / "older", part_rows=PART)
    server.republish(CUBE, seed=7)
    server.fail(Fault.error(404, "ERR004", iserver_code=_UNLOADED).on("GET", r"/instances/", skip=2, times=None))
    try:
        cube.extract(scratch / "sales", part_rows=PART)
    except ma.errors.NotFound:
        private = (scratch / ".sales.extracting" / PRIVATE).read_text()
    server.heal()
    cube.extract(scratch / "sales", part_rows=PART)
    true = pl.DataFrame(server.truth(CUBE)).sort("Order")
    return Models(scratch / "sales", scratch / "older", private, true)


def put(models: Models, place: Path, chance: random.Random) -> Path:
    """Put a folder there, whole or begun, and return it."""
    if chance.random() < 0.5:
        return Path(shutil.copytree(models.whole, place / "sales"))
    work = Path(shutil.copytree(models.whole, place / ".sales.extracting"))
    manifest = read_manifest((work / MANIFEST).read_bytes()).until(chance.randint(2, ROWS // PART))
    (work / MANIFEST).write_text(manifest.to_json())
    for part in work.glob("part-*"):
        if part.name not in {each.name for each in manifest.parts}:
            part.unlink()
    if chance.random() < 0.5:
        (work / PRIVATE).write_text(models.private)
        (work / PRIVATE).chmod(0o600)
    return work


def extracted(cube: Cube, folder: Path, truth: pl.DataFrame, chance: random.Random) -> tuple[str, str]:
    """Extract, and tell how that ended and, where it ended badly, why."""
    try:
        done = cube.extract(
            folder,
            part_rows=PART,
            if_changed=chance.random() < 0.3,
            on_change=chance.choice(["raise", "restart"]),
        )
    except ma.MstrError:
        return "named", ""
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return "another error", repr(error)
    wrong = difference(folder, truth)
    if wrong is not None:
        return "BELIEVED", wrong
    return ("fetched again" if done.damage else "right as it was"), ""


def difference(folder: Path, truth: pl.DataFrame) -> str | None:
    """Say what is wrong with a folder that is called whole."""
    names = sorted(path.name for path in folder.iterdir())
    listed = [part["name"] for part in json.loads((folder / MANIFEST).read_text())["parts"]]
    if names != [MANIFEST, *listed]:
        return f"holds {names}"
    got = pl.read_parquet(folder / "*.parquet").sort("Order")
    return None if got.equals(truth.cast(got.schema)) else f"{len(got):,} rows, which are others"


def verifying(megabytes: int) -> float:
    """Return the seconds that it takes to verify so many megabytes of parts."""
    size = 32 * 10**6
    content = random.Random(1).randbytes(size)
    with tempfile.TemporaryDirectory() as scratch:
        parts = []
        for number in range(megabytes * 10**6 // size):
            path = Path(scratch) / part_name(number)
            path.write_bytes(content)
            parts.append(Part(path.name, 1, size, sha256_of(path), number + 1))
        manifest = Manifest(
            asked=Asked("", None, "cube", "", None, ""),
            body={},
            schema=pa.schema([]),
            total=len(parts),
            data_time=None,
            exact=True,
            offset=len(parts),
            parts=tuple(parts),
        )
        began = time.perf_counter()
        found = asyncio.run(verify_parts(FolderOnDisk(scratch), manifest, finished=True))
        seconds = time.perf_counter() - began
    if found.damage is not None:
        raise SystemExit(found.damage)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
