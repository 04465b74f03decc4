"""One read by one client, in a process that holds nothing else.

Run ``python -m benchmarks.peers.reader CLIENT CUBE WHERE``; it prints a line of JSON: rows, seconds, and the peak
RSS in MB before and after.
"""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import sys
import time

from benchmarks.measure import peak_rss

PEER, OURS = "mstrio-py to_dataframe", ("mstr_arrow to_polars", "mstr_arrow to_arrow")
PAGE_ROWS = 50_000


def _mstrio(url: str, username: str, password: str, project: str, *, cube: str) -> dict[str, float]:
    from mstrio import config
    from mstrio.connection import Connection
    from mstrio.project_objects import OlapCube, list_olap_cubes

    config.verbose = config.progress_bar = False
    connection = Connection(url, username, password, project_name=project)
    (found,) = list_olap_cubes(connection, name=cube, to_dictionary=True)
    start, began = peak_rss(), time.perf_counter()
    reader = OlapCube(connection, id=found["id"], progress_bar=False)
    rows = len(reader.to_dataframe())
    seconds = time.perf_counter() - began
    connection.close()
    return {"rows": rows, "seconds": seconds, "start": start, "peak": peak_rss()}


def _ours(url: str, username: str, password: str, project: str, *, cube: str, arrow: bool) -> dict[str, float]:
    import mstr_arrow as ma

    with ma.connect(url, username=username, password=password, project=project) as conn:
        found = conn.cube(cube, limits=ma.Limits(page_rows=PAGE_ROWS))
        start, began = peak_rss(), time.perf_counter()
        rows = found.to_arrow().num_rows if arrow else found.to_polars().height
        seconds = time.perf_counter() - began
    return {"rows": rows, "seconds": seconds, "start": start, "peak": peak_rss()}


if __name__ == "__main__":
    client, name, server = sys.argv[1:]
    if client == PEER:
        figures = _mstrio(*json.loads(server), cube=name)
    else:
        figures = _ours(*json.loads(server), cube=name, arrow=client.endswith("to_arrow"))
    print(json.dumps(figures))
