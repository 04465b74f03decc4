"""A sweep over an open connection: the plan, the cost, and the measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import pyarrow.compute as pc

from mstr_arrow.errors import UsageError
from mstr_arrow.given import check_type
from mstr_arrow.objects.described import Described
from mstr_arrow.session.session_client import client_of
from mstr_arrow.signatures import takes
from mstr_arrow.throughput.about import describe
from mstr_arrow.throughput.estimate import Estimate, Sample, estimate
from mstr_arrow.throughput.loads import Bounds, Load, Rounds, double_loads, loads_of
from mstr_arrow.throughput.sweeper import Sweeper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Unpack

    from mstr_arrow.connection import Connection
    from mstr_arrow.session.session_client import Client
    from mstr_arrow.throughput.loads import Work
    from mstr_arrow.throughput.result import Sweep

CONCURRENCY = (1, 2, 4, 8, 16)
PAGE_ROWS = (10_000,)


class SweepOptions(TypedDict, total=False):
    """The options of a sweep.

    ``concurrency`` lists numbers of requests to keep in flight; ``rates`` numbers of requests a second, due
    whatever the server does; ``page_rows`` the rows of a request. ``works`` lists kinds of request: ``"pages"`` of
    an instance, new ``"instances"``, ``"elements"`` of attributes, ``"uploads"`` into a dataset that the sweep
    makes and deletes. Each load runs ``repeats`` times, for ``duration`` seconds or ``requests``, over ``sessions``
    log-ins, in an order that follows from ``seed``; the strongest load runs over twice as many log-ins, too.

    The sweep tries no stronger load after a share of more than ``max_errors`` failed, the 95th percentile of
    latency passed ``max_latency`` seconds, or the server called itself overloaded. The sweep ends after
    ``max_seconds``, or ``max_bytes`` on the wire.
    """

    concurrency: Sequence[int]
    page_rows: Sequence[int]
    rates: Sequence[float]
    works: Sequence[Work]
    sessions: int
    duration: float
    requests: int | None
    repeats: int
    seed: int
    max_errors: float
    max_latency: float
    max_seconds: float
    max_bytes: int


@takes(SweepOptions)
def sweep(
    connection: Connection,
    *objects: str | Described,
    on_progress: Callable[[Load, Sweep], object] | None = None,
    **options: Unpack[SweepOptions],
) -> Sweep:
    """Measure the throughput of cubes and reports on a server; return a `Sweep`.

    ``objects`` are names, or objects that `Connection.cube` and `Connection.report` return, with answers to
    prompts. `SweepOptions` lists the options. The sweep logs in on its own, and logs out. After each measurement
    the call passes the load and the sweep so far to ``on_progress``. Holds about 150 bytes for each request. Raises
    the errors of `Connection.cube` and `Connection.report`, and UsageError for options without a load; failures of
    single requests are part of the result.

    >>> with ma.connect(url, username=user, password=password) as conn:
    ...     found = ma.throughput.sweep(conn, "Sales Cube", concurrency=[1, 2], requests=4, repeats=1)
    >>> found.requests.num_rows >= 8
    True
    """
    return plan(connection, *objects, **options).run(on_progress)


@takes(SweepOptions)
async def sweep_async(
    connection: Connection,
    *objects: str | Described,
    on_progress: Callable[[Load, Sweep], object] | None = None,
    **options: Unpack[SweepOptions],
) -> Sweep:
    """Measure the throughput of objects as `sweep` does, without blocking the event loop."""
    return await plan(connection, *objects, **options).run_async(on_progress)


@takes(SweepOptions)
def plan(connection: Connection, *objects: str | Described, **options: Unpack[SweepOptions]) -> Plan:
    """Plan a sweep, which `Plan.run` carries out; send nothing. Raise UsageError for options without a load."""
    repeats = options.get("repeats", 3)
    if repeats < 1:
        raise UsageError(f"repeats is {repeats}.", hint="Give 1 or more; from 3 on the intervals mean something.")
    named = _name_objects(objects)
    loads = loads_of(
        list(named),
        concurrency=options.get("concurrency", () if options.get("rates") else CONCURRENCY),
        page_rows=options.get("page_rows", PAGE_ROWS),
        rates=options.get("rates", ()),
        sessions=options.get("sessions", 1),
        works=options.get("works", ("pages",)),
    )
    bounds = Bounds(
        seconds=options.get("duration", 10.0),
        requests=options.get("requests"),
        errors=options.get("max_errors", 0.02),
        latency=options.get("max_latency", 30.0),
        most_seconds=options.get("max_seconds", 3600.0),
        most_bytes=options.get("max_bytes", 50 * 10**9),
    )
    return Plan(client_of(connection), loads, bounds, repeats=repeats, seed=options.get("seed", 0), objects=named)


def _name_objects(objects: Sequence[str | Described]) -> dict[str, str | Described]:
    """Give each object a name of its own: what it was called by, or its own name, numbered where it is taken."""
    named: dict[str, str | Described] = {}
    for each in objects:
        check_type("an object", each, (str, Described), "a name, or what cube() or report() returned")
        name = each if isinstance(each, str) else each.name
        same = sum(
            1 for other in named.values() if other != name and not isinstance(other, str) and other.name == name
        )
        named[name if name not in named or isinstance(each, str) else f"{name} ({same + 1})"] = each
    return named


class Plan:
    """A planned sweep; `run` measures, and `result` is the sweep so far."""

    def __init__(
        self,
        client: Client,
        loads: Sequence[Load],
        bounds: Bounds,
        *,
        repeats: int,
        seed: int,
        objects: Mapping[str, str | Described],
    ) -> None:
        self.loads = list(loads)
        self.bounds = bounds
        self.repeats = repeats
        self._client = client
        self._seed = seed
        self._objects = objects
        self._sweeper: Sweeper | None = None

    def estimate(self) -> Estimate:
        """Request one small page of each object, and estimate the cost of the sweep from it.

        Takes a log-in, an instance and a request for each object, and uploads nothing. Raises the errors of
        `sweep`.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     cost = ma.throughput.plan(conn, "Sales Cube", requests=10, repeats=2).estimate()
        >>> cost.requests
        120
        """
        return self._client.run(self._estimate())

    async def estimate_async(self) -> Estimate:
        """Estimate the cost of the sweep as `estimate` does, without blocking the event loop."""
        return await self._client.bridge(self._estimate())

    def run(self, on_progress: Callable[[Load, Sweep], object] | None = None) -> Sweep:
        """Measure all loads; return the `Sweep`. Ctrl-C ends the measurement, and leaves the sweep in `result`."""
        self._client.run(self._sweeper_of(on_progress).run())
        return self.result

    async def run_async(self, on_progress: Callable[[Load, Sweep], object] | None = None) -> Sweep:
        """Measure all loads as `run` does, without blocking the event loop."""
        await self._client.bridge(self._sweeper_of(on_progress).run())
        return self.result

    @property
    def measurements(self) -> int:
        """The number of measurements, if no load is left out."""
        return (len(self.loads) + len(double_loads(self.loads))) * self.repeats

    @property
    def result(self) -> Sweep:
        """The sweep so far. Raises UsageError before `run`."""
        if self._sweeper is None:
            raise UsageError("nothing was measured yet.", hint="Call run().")
        return self._sweeper.result()

    def _sweeper_of(self, on_progress: Callable[[Load, Sweep], object] | None) -> Sweeper:
        rounds = Rounds(self.loads, self.repeats, self._seed)
        about = describe(self._client, self._seed)
        self._sweeper = Sweeper(self._client, rounds, self.bounds, on_progress, self._objects, about)
        return self._sweeper

    async def _estimate(self) -> Estimate:
        """Put the weakest load of each object and kind of work on the server, for one request."""
        weakest: dict[tuple[str, Work], Load] = {}
        for load in self.loads:
            if load.work != "uploads":
                rows = min(load.page_rows, weakest.get((load.name, load.work), load).page_rows)
                weakest[load.name, load.work] = Load(load.name, rows, 1, work=load.work)
        bounds = Bounds(seconds=0, requests=1)
        rounds = Rounds(list(weakest.values()), 1, 0, double_sessions=False)
        sweeper = Sweeper(self._client, rounds, bounds, None, self._objects, describe(self._client, 0))
        await sweeper.run()
        return estimate(
            [*self.loads, *double_loads(self.loads)], self.repeats, self.bounds, _samples(sweeper.result())
        )


def _samples(found: Sweep) -> dict[tuple[str, Work], Sample]:
    """Take a sample of each load of a sweep: its first request that was answered."""
    samples = {}
    for number, load in enumerate(found.loads):
        rows = found.requests.filter(pc.equal(found.requests["load"], number)).to_pylist()
        answered = [row for row in rows if row["last_byte"] is not None]
        if answered:
            one = answered[0]
            samples[load.name, load.work] = Sample(one["last_byte"] - one["sent"], one["wire_bytes"], one["rows"])
    return samples
