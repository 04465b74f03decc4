"""One push by one client, in a process that holds nothing else.

Run ``python -m benchmarks.peers.writer CLIENT CUBE FOLDER WHERE``; it prints a line of JSON: seconds of the clock
and of this process's CPU, the peak RSS in MB, and how far that is above what the process held with its rows.
"""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from benchmarks.encode import MB, Peak
from benchmarks.measure import peak_rss

if TYPE_CHECKING:
    from collections.abc import Callable

PEER, OURS = "mstrio-py SuperCube.create", "mstr_arrow write"
PEER_ROWS = 100_000
LIKE_PEER = f"{OURS}, chunk_rows={PEER_ROWS:_}"
CLIENTS = (PEER, OURS, LIKE_PEER)
"""The last sends chunks of as many rows as the first does."""

PICKLE, ARROW = "rows.pickle", "rows.arrow"
TABLE = "sales"


def keep(frame: pl.DataFrame, folder: Path) -> None:
    """Keep the rows as each client takes them."""
    frame.write_ipc(folder / ARROW, compat_level=pl.CompatLevel.oldest())
    rows = frame.to_pandas()
    rows["sold_at"] = rows["sold_at"].astype("datetime64[ns]")  # mstrio-py takes no other unit
    rows["day"] = frame["day"].to_list()  # and makes dates of objects only
    rows.to_pickle(folder / PICKLE)


def _mstrio(url: str, username: str, password: str, project: str, *, cube: str, folder: Path) -> dict[str, float]:
    import pandas as pd
    from mstrio import config
    from mstrio.connection import Connection
    from mstrio.project_objects import SuperCube

    config.verbose = config.progress_bar = False
    connection = Connection(url, username, password, project_name=project)
    rows = pd.read_pickle(folder / PICKLE)  # noqa: S301 - this benchmark wrote it

    def push() -> None:
        new = SuperCube(connection, name=cube, progress_bar=False)
        new.add_table(TABLE, rows, "replace")
        new.create()

    figures = _measured(push)
    connection.close()
    return figures


def _ours(
    url: str, username: str, password: str, project: str, *, cube: str, folder: Path, chunk_rows: int | None
) -> dict[str, float]:
    import pyarrow as pa

    import mstr_arrow as ma

    rows = pa.ipc.open_file(pa.OSFile(str(folder / ARROW))).read_all()
    with ma.connect(url, username=username, password=password, project=project) as conn:
        return _measured(lambda: conn.write(cube, {TABLE: rows}, chunk_rows=chunk_rows))


def _measured(push: Callable[[], object]) -> dict[str, float]:
    with Peak() as peak:
        wall, cpu = time.perf_counter(), time.process_time()
        push()
        took = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return took | {"above": peak.above / MB, "peak": peak_rss()}


if __name__ == "__main__":
    client, name, where, server = sys.argv[1:]
    if client == PEER:
        figures = _mstrio(*json.loads(server), cube=name, folder=Path(where))
    else:
        chunk_rows = PEER_ROWS if client == LIKE_PEER else None
        figures = _ours(*json.loads(server), cube=name, folder=Path(where), chunk_rows=chunk_rows)
    print(json.dumps(figures))
