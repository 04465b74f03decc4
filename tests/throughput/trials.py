"""Whole sweeps of a server with so many workers, drawn without an event loop: a hundredth of a second each."""

import heapq
import math
import random

import pyarrow as pa

from mstr_arrow.throughput.about import About
from mstr_arrow.throughput.figures import measure_round
from mstr_arrow.throughput.loads import Rounds, loads_of
from mstr_arrow.throughput.log import SCHEMA
from mstr_arrow.throughput.result import Sweep

CONCURRENCY = (1, 2, 4, 8)
ABOUT = About()


def drawn(
    seed,
    *,
    slower=1.0,
    noise=0.0,
    drift=0.0,
    mood=0.0,
    workers=4,
    repeats=3,
    seconds=10.0,
    concurrency=CONCURRENCY,
    rows=1_000,
    name="Sales",
    only=None,
    about=ABOUT,
):
    """Draw a sweep of a server whose requests take ``slower`` tenths of a second.

    ``noise`` is the width of the distribution of their seconds, ``mood`` that of a factor for each measurement;
    by the last round all takes ``drift`` longer than in the first. ``only`` names the concurrency from which on it
    is slower.
    """
    luck = random.Random(seed)
    loads = loads_of([name], concurrency=concurrency, page_rows=[rows])
    rounds, tables = {load: [] for load in loads}, []
    for number, load in Rounds(loads, repeats, seed, double_sessions=False):
        worse = slower if only is None or load.concurrency >= only else 1.0
        median = 0.1 * worse * (1 + drift * number / max(1, repeats - 1)) * luck.lognormvariate(0, mood)
        requests = _requests(luck, load.concurrency, workers, median, noise, seconds)
        table = _table(requests, loads.index(load), number, rows)
        tables.append(table)
        rounds[load].append(
            measure_round(table, full=sorted(done for _, done in requests)[load.concurrency - 1], cpu=0.0, lag=0.0)
        )
    return Sweep(pa.concat_tables(tables), loads, rounds, {}, about)


def _requests(luck, concurrency, workers, median, noise, seconds):
    """Give when each request was sent and answered: the next free worker takes the next that came."""
    free, places, requests = [0.0] * workers, [0.0] * concurrency, []
    while places[0] < seconds:
        sent = heapq.heappop(places)
        done = max(sent, heapq.heappop(free)) + median * math.exp(luck.gauss(0, noise))
        heapq.heappush(free, done)
        heapq.heappush(places, done)
        requests.append((sent, done))
    return requests


def _table(requests, load, number, rows):
    sent, done = (pa.array(column) for column in zip(*requests, strict=True))
    count = len(requests)
    columns = {
        "load": [load] * count,
        "round": [number] * count,
        "due": sent,
        "queued": sent,
        "sent": sent,
        "connected": sent,
        "first_byte": done,
        "last_byte": done,
        "rows": [rows] * count,
        "wire_bytes": [10_000] * count,
        "text_bytes": [10_000] * count,
        "retries": [0] * count,
        "cold": [False] * count,
    }
    return pa.table(
        [pa.array(columns.get(field.name, [None] * count), field.type) for field in SCHEMA], schema=SCHEMA
    )
