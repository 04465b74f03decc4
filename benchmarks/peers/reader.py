"""One read by one client, in a process that holds nothing else.

Run ``python -m benchmarks.peers.reader CLIENT CUBE WHERE``; it prints a line of JSON: rows, seconds, CPU seconds of
this process, and the peak RSS in MB before and after.
"""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks.measure import peak_rss

if TYPE_CHECKING:
    from collections.abc import Callable

PEER = "mstrio-py to_dataframe"
PAGE_ROWS = 50_000

WAYS: dict[str, Callable[[Any], int]] = {
    "mstr_arrow to_polars": lambda cube: cube.to_polars().height,
    "mstr_arrow to_arrow": lambda cube: cube.to_arrow().num_rows,
    "mstr_arrow batches": lambda cube: sum(batch.num_rows for batch in cube),
}
OURS = tuple(WAYS)


def _mstrio(url: str, username: str, password: str, project: str, *, cube: str) -> dict[str, float]:
    from mstrio import config
    from mstrio.connection import Connection
    from mstrio.project_objects import OlapCube, list_olap_cubes

    config.verbose = config.progress_bar = False
    connection = Connection(url, username, password, project_name=project)
    (found,) = list_olap_cubes(connection, name=cube, to_dictionary=True)
    start, began, cpu = peak_rss(), time.perf_counter(), time.process_time()
    reader = OlapCube(connection, id=found["id"], progress_bar=False)
    rows = len(reader.to_dataframe())
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    connection.close()
    return {"rows": rows, "seconds": seconds, "cpu": cpu, "start": start, "peak": peak_rss()}


def _ours(url: str, username: str, password: str, project: str, *, cube: str, way: str) -> dict[str, float]:
    import mstr_arrow as ma

    with ma.connect(url, username=username, password=password, project=project) as conn:
        found = conn.cube(cube, limits=ma.Limits(page_rows=PAGE_ROWS))
        start, began, cpu = peak_rss(), time.perf_counter(), time.process_time()
        rows = WAYS[way](found)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"rows": rows, "seconds": seconds, "cpu": cpu, "start": start, "peak": peak_rss()}


if __name__ == "__main__":
    client, name, server = sys.argv[1:]
    if client == PEER:
        figures = _mstrio(*json.loads(server), cube=name)
    else:
        figures = _ours(*json.loads(server), cube=name, way=client)
    print(json.dumps(figures))
