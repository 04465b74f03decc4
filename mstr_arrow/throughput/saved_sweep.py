"""A sweep as files: ``requests.parquet`` with all requests, and ``sweep.json`` with the loads and figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from mstr_arrow.errors import UsageError
from mstr_arrow.files.disk import disk_errors
from mstr_arrow.paths import path_to_write, read_path
from mstr_arrow.throughput.about import About
from mstr_arrow.throughput.figures import Round
from mstr_arrow.throughput.loads import Load
from mstr_arrow.throughput.log import SCHEMA
from mstr_arrow.throughput.result import Sweep
from mstr_arrow.whole_file import write_whole

if TYPE_CHECKING:
    import os
    from pathlib import Path

FORMAT = 1
SWEEP, REQUESTS = "sweep.json", "requests.parquet"
_NOT_ONE = "Give the folder that a sweep was saved into, with sweep.json and requests.parquet in it."


def save(sweep: Sweep, folder: str | os.PathLike[str]) -> Path:
    """Write a sweep into a folder; return the folder's path.

    ``requests.parquet`` has a row for each request. ``sweep.json`` has everything else, and comes last and whole:
    where it is, the whole sweep is there. The folder is made where it is missing. Errors: UsageError, FileError.

    >>> with ma.connect(url, username=user, password=password) as conn:
    ...     found = ma.throughput.sweep(conn, "Sales Cube", concurrency=[1], requests=4, repeats=1)
    >>> ma.throughput.load(ma.throughput.save(found, "bench-before")).figures == found.figures
    True
    """
    path = path_to_write(folder)
    with disk_errors(path):
        path.mkdir(parents=True, exist_ok=True)
        with write_whole(path / REQUESTS) as file:
            pq.write_table(sweep.requests, file)
        with write_whole(path / SWEEP) as file:
            file.write_text(json.dumps(as_json(sweep), indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def load(folder: str | os.PathLike[str]) -> Sweep:
    """Read a sweep that `save` wrote, from the folder. Raise UsageError for any other folder."""
    path = read_path(folder)
    path = path.parent if path.name == SWEEP else path
    try:
        told = json.loads((path / SWEEP).read_bytes())
        requests = pq.read_table(path / REQUESTS, schema=SCHEMA)
        if told["format"] != FORMAT:
            raise UsageError(
                f"{str(path)!r} was written by another version of this package.",
                hint="Measure again with this one.",
            )
        return _from_json(told, requests)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"{str(path)!r} holds no sweep that can be read.", hint=_NOT_ONE) from error


def as_json(sweep: Sweep) -> dict[str, Any]:
    """Describe a sweep as JSON; ``figures`` and ``curves`` follow from the rest, and are for readers."""
    return {
        "format": FORMAT,
        "about": asdict(sweep.about),
        "ended": sweep.ended,
        "remade": sweep.remade,
        "left_behind": list(sweep.left_behind),
        "loads": [
            {
                "load": asdict(load),
                "rounds": [asdict(one) for one in sweep.rounds.get(load, [])],
                "figures": asdict(sweep.figures[load]),
            }
            for load in sweep.loads
        ],
        "left_out": [{"load": asdict(load), "why": why} for load, why in sweep.left_out.items()],
        "curves": [
            {
                "series": series._asdict(),
                "knee": asdict(curve.knee),
                "limit": asdict(curve.verdict),
            }
            for series, curve in sweep.curves.items()
        ],
    }


def _from_json(told: dict[str, Any], requests: pa.Table) -> Sweep:
    loads = [Load(**each["load"]) for each in told["loads"]]
    return Sweep(
        requests=requests,
        loads=loads,
        rounds={
            load: [Round(**one) for one in each["rounds"]] for load, each in zip(loads, told["loads"], strict=True)
        },
        left_out={Load(**each["load"]): str(each["why"]) for each in told["left_out"]},
        about=About(**told["about"]),
        ended=told["ended"],
        remade=int(told["remade"]),
        left_behind=tuple(map(str, told["left_behind"])),
    )
