"""Sweeps of made-up servers, computed in an instant: workers, a link and a client of known speed."""

import heapq
import random
from dataclasses import dataclass, replace

from mstr_arrow.throughput.about import About
from mstr_arrow.throughput.figures import measure_round
from mstr_arrow.throughput.loads import Load
from mstr_arrow.throughput.log import Sent, table_of
from mstr_arrow.throughput.result import Sweep

ABOUT = About(
    server="https://bi.example.com/MicroStrategyLibrary",
    server_version="11.3.1260",
    project="Sales",
    began="2026-03-01T02:00:00+00:00",
    client="8 processors, Linux, Python 3.12.4",
    seed=7,
)


@dataclass(frozen=True)
class Made:
    """A server with so many workers, each taking ``fixed`` seconds and one for ``speed`` rows.

    Answers take their way at ``bandwidth`` bytes a second; the client sends ``late`` seconds after a request is
    due, for each that is in flight. Of the requests above ``fails_above`` in flight a part ``failing`` fails.
    """

    workers: int = 8
    fixed: float = 0.05
    speed: float = 60_000
    noise: float = 0.15
    bandwidth: float = 40e6
    cold: float = 0.0
    late: float = 0.0
    fails_above: int = 10**9
    failing: float = 0.1


def answered(server, load, began, *, number, repeat, requests, luck):
    """Have a server answer a load, first come first served; give the requests and when the load was on in full."""
    free = [began] * server.workers
    places = [began] * load.concurrency
    notes, link = [], began
    for one in range(requests):
        due = heapq.heappop(places) if places else began + one / load.rate
        sent = due + server.late * load.concurrency
        start = max(sent, heapq.heappop(free))
        cold = repeat == 0 and one < 10 and load.concurrency <= 1
        took = (server.fixed + load.page_rows / server.speed) * luck.lognormvariate(0, server.noise)
        first = start + took + (server.cold if cold else 0)
        heapq.heappush(free, first)
        size = load.page_rows * 25
        link = max(link, first) + size / server.bandwidth
        note = Sent(number, repeat, due, queued=due, session=one % load.sessions, rows=load.page_rows)
        note.offset, note.connected = one * load.page_rows, sent
        note.sent, note.first_byte, note.last_byte = sent, first, link
        note.in_flight, note.cold, note.status = load.concurrency or 1, cold, 200
        note.wire_bytes, note.text_bytes, note.decode_seconds = size, 4 * size, load.page_rows / 3e6
        if load.concurrency > server.fails_above and luck.random() < server.failing:
            note.last_byte = note.first_byte = None
            note.error, note.status, note.rows = "Busy", 503, 0
        notes.append(note)
        if load.concurrency:
            heapq.heappush(places, link)
    ends = sorted(each.last_byte for each in notes if each.last_byte is not None)
    return notes, ends[min(load.concurrency or 1, len(ends)) - 1] if ends else began


def made(server, loads, *, repeats=3, requests=120, cpu=0.4, lag=0.001, seed=1, **described):
    """Make the sweep of a server over loads."""
    luck = random.Random(seed)
    notes, rounds, now = [], {}, 0.0
    for repeat in range(repeats):
        for number, load in enumerate(loads):
            mine, full = answered(server, load, now, number=number, repeat=repeat, requests=requests, luck=luck)
            notes += mine
            now = max(each.last_byte or each.sent for each in mine) + 0.5
            one = measure_round(table_of(mine), full=full, cpu=cpu, lag=lag)
            rounds.setdefault(load, []).extend([one] if one else [])
    return Sweep(
        table_of(notes), list(loads), rounds, described.pop("left_out", {}), **{"about": ABOUT, **described}
    )


def closed(name="Sales Cube", levels=(1, 2, 4, 8, 16), pages=(10_000,), sessions=1, work="pages"):
    """Give the closed loops of an object."""
    return [Load(name, rows, number, sessions=sessions, work=work) for rows in pages for number in levels]


def rich_sweep(requests=120, name="Sales Cube"):
    """Make a sweep with all there is to show: page sizes, errors, loads left out, an open loop, more sessions."""
    loads = closed(name, pages=(1_000, 10_000, 50_000))
    strong = replace(loads[-1], concurrency=32)
    loads += [Load(name, 10_000, 0, rate=float(rate)) for rate in (10, 20, 60)]
    loads += [replace(loads[9], sessions=2)]
    left_out = {strong: f"10% of the requests of {loads[14]} failed"}
    server = Made(cold=0.4, fails_above=8)
    return made(server, loads, requests=requests, left_out=left_out)
