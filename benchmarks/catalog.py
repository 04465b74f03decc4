"""A catalogue of 100,000 objects as a table: seconds, requests and peak memory, beside a bound and a peer.

Run ``python -m benchmarks.catalog [--quick]``. Each client lists the same objects in a process of its own: a bare
loop of aiohttp and orjson, six pages of a thousand at a time, which is the bound; mstr_arrow; and, where it is
installed, mstrio-py. The server is the simulator, in a process of its own. Seconds and memory are of the listing
alone, after the log-in; of mstr_arrow, after it has listed one object, too, which loads what is loaded once: some
40 MB.
"""

# The peer is there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from importlib.util import find_spec

from benchmarks.measure import machine, peak_rss, table
from mstr_arrow.simulator import SimulatorProcess

BOUND, OURS, PEER = "aiohttp and orjson", "mstr_arrow", "mstrio-py"
TYPES = (55, 768, 769, 774, 776, 779)
PAGE = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few objects: a check that it runs")
    objects = 5_000 if parser.parse_args().quick else 100_000
    print(f"{machine()}; {objects:,} objects; the server is the simulator, on this machine\n")
    clients = (BOUND, OURS, *([PEER] if find_spec("mstrio") else []))
    lines = []
    with SimulatorProcess(rows=1, further_objects=objects) as sim:
        where = json.dumps([sim.url, sim.username, sim.password, sim.project])
        for client in clients:
            command = [sys.executable, "-m", "benchmarks.catalog", client, where]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            done = json.loads(told.splitlines()[-1])
            memory = f"{done['start']:.0f} -> {done['peak']:.0f}"
            lines.append((client, f"{done['objects']:,}", f"{done['seconds']:.2f}", done["requests"] or "", memory))
    print(table(("client", "objects", "seconds", "requests", "peak MB, before -> after"), lines))


def list_bare(url: str, username: str, password: str, project: str) -> dict[str, float]:
    """List with nothing but an HTTP client and a JSON parser, and keep nothing but the number."""
    import aiohttp
    import orjson

    async def read() -> dict[str, float]:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            body = {"username": username, "password": password, "loginMode": 1}
            async with session.post(f"{url}/api/auth/login", json=body) as answer:
                cookies = [each.partition(";")[0] for each in answer.headers.getall("Set-Cookie")]
                headers = {"X-MSTR-AuthToken": answer.headers["X-MSTR-AuthToken"], "Cookie": "; ".join(cookies)}
            async with session.get(f"{url}/api/projects", headers=headers) as answer:
                listed = orjson.loads(await answer.read())
            headers["X-MSTR-ProjectID"] = next(each["id"] for each in listed if each["name"] == project)

            async def page(offset: int) -> tuple[int, int]:
                asked = [("type", str(each)) for each in TYPES]
                asked += [("getAncestors", "true"), ("offset", str(offset)), ("limit", str(PAGE))]
                async with session.get(f"{url}/api/searches/results", params=asked, headers=headers) as answer:
                    body = orjson.loads(await answer.read())
                return len(body["result"]), body["totalItems"]

            start, began = peak_rss(), time.perf_counter()
            objects, total = await page(0)
            offsets = list(range(objects, total, PAGE))
            for first in range(0, len(offsets), 6):
                pages = await asyncio.gather(*map(page, offsets[first : first + 6]))
                objects += sum(count for count, _ in pages)
            seconds = time.perf_counter() - began
        return figures(objects, seconds, 1 + len(offsets), start)

    return asyncio.run(read())


def list_ours(url: str, username: str, password: str, project: str) -> dict[str, float]:
    """List with mstr_arrow, into a table."""
    import mstr_arrow as ma

    sent = []

    def count(event: ma.events.Event) -> None:
        if isinstance(event, ma.events.RequestStarted):
            sent.append(event)

    with ma.connect(url, username=username, password=password, project=project, on_event=count) as conn:
        conn.objects("sales cube")
        sent.clear()
        start, began = peak_rss(), time.perf_counter()
        objects = conn.objects().table().num_rows
        seconds, requests = time.perf_counter() - began, len(sent)
    return figures(objects, seconds, requests, start)


def list_peer(url: str, username: str, password: str, project: str) -> dict[str, float]:
    """List with mstrio-py, into dictionaries, by the search that it offers for it; its requests are not counted."""
    from mstrio import config
    from mstrio.connection import Connection
    from mstrio.object_management import full_search
    from mstrio.types import ObjectTypes

    config.verbose = config.progress_bar = False
    connection = Connection(url, username, password, project_name=project)
    start, began = peak_rss(), time.perf_counter()
    found = full_search(
        connection,
        project=connection.project_id,
        object_types=[ObjectTypes.REPORT_DEFINITION, ObjectTypes.DOCUMENT_DEFINITION],
        to_dictionary=True,
    )
    seconds = time.perf_counter() - began
    connection.close()
    return figures(len(found), seconds, 0, start)


def figures(objects: int, seconds: float, requests: int, start: float) -> dict[str, float]:
    """Gather what was measured; ``start`` is the peak before, in MB, as is the one after."""
    return {"objects": objects, "seconds": seconds, "requests": requests, "start": start, "peak": peak_rss()}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        works = {BOUND: list_bare, OURS: list_ours, PEER: list_peer}
        print(json.dumps(works[sys.argv[1]](*json.loads(sys.argv[2]))))
    else:
        main()
