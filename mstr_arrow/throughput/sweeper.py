"""A sweep: loads put on a server in turn, each request noted, and everything given back at the end."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.errors import MstrError, NotFound, SessionExpired, TransportError, UsageError
from mstr_arrow.session.session import WORKING_SET
from mstr_arrow.session.working_set import SPARE
from mstr_arrow.throughput.about import About
from mstr_arrow.throughput.brake import Brake
from mstr_arrow.throughput.estimate import LEAST
from mstr_arrow.throughput.figures import measure_round, percentiles_of
from mstr_arrow.throughput.log import SCHEMA, table_of
from mstr_arrow.throughput.log_ins import LogIns
from mstr_arrow.throughput.loops import keep_in_flight, keep_rate
from mstr_arrow.throughput.result import Sweep
from mstr_arrow.throughput.sender import Sender
from mstr_arrow.throughput.targets import Elements, Instances, Pages, find_subject
from mstr_arrow.throughput.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence

    from mstr_arrow.objects.described import Described
    from mstr_arrow.session.session_client import Client
    from mstr_arrow.throughput.figures import Round
    from mstr_arrow.throughput.loads import Bounds, Load, Rounds, Work
    from mstr_arrow.throughput.log import Sent
    from mstr_arrow.throughput.loops import Ending
    from mstr_arrow.throughput.targets import Subject, Target

LAG_INTERVAL = 0.01

BACKLOG = 2
"""Answers for each decoding thread, beside those in flight, that may wait to be read."""

OPEN_IN_FLIGHT = 256
"""Requests of an open loop that may be in flight at once."""

_OPENERS: Mapping[Work, Callable[[Client, Subject], Awaitable[Target]]] = {
    "pages": Pages.open,
    "instances": Instances.open,
    "elements": Elements.open,
}


@dataclass(slots=True)
class Sweeper:
    """Puts the loads of ``rounds`` on the server of ``client``, within ``bounds``.

    ``objects`` are opened objects, by the names in the loads; other names are looked for. The sweeper passes the
    sweep so far to ``on_load`` after each measurement. `result` is valid at any moment, with an interrupted
    measurement, too.
    """

    client: Client
    rounds: Rounds
    bounds: Bounds
    on_load: Callable[[Load, Sweep], object] | None = None
    objects: Mapping[str, str | Described] = field(default_factory=dict)
    about: About = field(default_factory=About)
    clock: Callable[[], float] = time.monotonic
    requests: list[pa.Table] = field(default_factory=list)
    rounds_of: dict[Load, list[Round]] = field(default_factory=lambda: defaultdict(list))
    left_out: dict[Load, str] = field(default_factory=dict)
    ended: str | None = None
    remade: int = 0
    left_behind: list[str] = field(default_factory=list)
    _loads: list[Load] = field(default_factory=list)
    _subjects: dict[str, Subject] = field(default_factory=dict)
    _targets: dict[tuple[str, Work], list[Target]] = field(default_factory=lambda: defaultdict(list))
    _warm: dict[tuple[str, Work], set[Hashable]] = field(default_factory=lambda: defaultdict(set))
    _log_ins: LogIns = field(init=False)
    _brake: Brake = field(init=False)
    _began: float = 0.0
    _wire_bytes: int = 0

    def __post_init__(self) -> None:
        self._log_ins = LogIns(self.client)
        self._brake = Brake(self.bounds)

    async def run(self) -> None:
        """Measure all loads; give instances, uploads and log-ins back on every way out.

        Errors: those before the first measurement. Later failures end the load or the sweep, whose result names
        them.
        """
        self._began = self.clock()
        self.client.session.hold()
        pool = ThreadPoolExecutor(self.client.http.settings.limits.decode_threads, "mstr-arrow-decode")
        try:
            await self._prepare()
            with self.client.http.own.room.lift_bound():
                await self._put_all(pool)
        except asyncio.CancelledError:
            self.ended = "it was interrupted"
            raise
        finally:
            pool.shutdown(wait=False)
            try:
                await self._give_back()
            finally:
                await self._log_ins.aclose()
                self.client.session.release()

    def result(self) -> Sweep:
        """Return the sweep so far."""
        return Sweep(
            pa.concat_tables([SCHEMA.empty_table(), *self.requests]),
            list(self._loads),
            dict(self.rounds_of),
            dict(self.left_out),
            replace(self.about, shared=self._log_ins.shared),
            ended=self.ended,
            remade=self.remade,
            left_behind=tuple(self.left_behind),
        )

    async def _prepare(self) -> None:
        """Find all objects, and open the targets of their loads, before anything is measured."""
        for load in self.rounds.loads:
            if load.work != "uploads" and load.name not in self._subjects:
                self._subjects[load.name] = await find_subject(self.client, self.objects.get(load.name, load.name))
        for load in self.rounds.loads:
            await self._targets_of(load)

    async def _put_all(self, pool: ThreadPoolExecutor) -> None:
        for number, load in self.rounds:
            await asyncio.sleep(min(self._brake.rest, max(0.0, self.bounds.most_seconds - self._now())))
            if spent := self._check_budget():
                self.ended = spent
                return
            try:
                targets = await self._targets_of(load)
                for target in targets:
                    await target.prepare(load.page_rows)
            except MstrError as error:
                self.left_out[load] = str(error)
                if isinstance(error, TransportError):
                    self.ended = f"the server could not be reached any more: {error}"
                    return
                continue
            await self._measure(number, load, targets, pool)
            self.ended = self._brake.why if self._brake.lost else self._check_budget()
            if self.ended is not None:
                return

    def _check_budget(self, under_way: int = 0) -> str | None:
        """Say that the budget of the sweep is used up; None where it is not."""
        if self._now() >= self.bounds.most_seconds:
            return f"its budget of {self.bounds.most_seconds:,g} s was used up"
        if self._wire_bytes + under_way >= self.bounds.most_bytes:
            return f"its budget of {self.bounds.most_bytes:,} bytes was used up"
        return None

    async def _targets_of(self, load: Load) -> list[Target]:
        """Return a target of the load for each of its log-ins; those that are missing are opened."""
        clients = await self._log_ins.first(load.sessions)
        known = self._targets[load.name, load.work] = self._targets.pop((load.name, load.work), [])
        if load.work == "pages":
            self._make_room()
        while len(known) < load.sessions:
            known.append(await self._open(load, clients[len(known)], len(known)))
        return known[: load.sessions]

    def _make_room(self) -> None:
        """Forget instances that were read longest ago, before the server does: a log-in keeps few of them."""
        kept = self.client.http.settings.session.working_set or WORKING_SET
        instances = [key for key in self._targets if key[1] == "pages"]
        for key in instances[: -max(1, kept - SPARE - 1)]:
            self._targets[key].clear()

    async def _open(self, load: Load, client: Client, session: int) -> Target:
        if load.work == "uploads":
            return await Uploads.open(client, session + 1)
        if load.work == "instances" and self._log_ins.shared:
            raise UsageError(
                "new instances would push out those of the connection, whose log-in is the only one to be had.",
                hint="Connect with a name and password, as a user who may have more log-ins.",
            )
        return await _OPENERS[load.work](client, self._subjects[load.name])

    async def _measure(self, number: int, load: Load, targets: list[Target], pool: ThreadPoolExecutor) -> None:
        """Put one load on the server, note its requests, and leave out stronger ones where it was too much."""
        if load not in self._loads:
            self._loads.append(load)
        threads = self.client.http.settings.limits.decode_threads
        self._brake.release()

        async def mend(session: int, error: MstrError) -> Target | None:
            return await self._mend(load, session, error)

        sender = Sender(
            targets,
            load.page_rows,
            load=self._loads.index(load),
            round_number=number,
            pool=pool,
            backlog=(load.concurrency or OPEN_IN_FLIGHT) + BACKLOG * threads,
            warm=self._warm[load.name, load.work],
            brake=self._brake,
            clock=self._now,
            over=self._check_budget,
            mend=mend,
        )
        began, cpu, lags = self._now(), time.process_time(), list[float]()
        watch = asyncio.create_task(_watch_lag(lags))
        left = max(0.0, self.bounds.most_seconds - began) + self.bounds.latency
        try:
            async with asyncio.timeout(left):
                ended = self._find_ending(began, load, sender)
                if load.concurrency:
                    await keep_in_flight(load.concurrency, sender.send, ended, self._now)
                else:
                    await keep_rate(load.rate, sender.send, ended, self._now)
        except TimeoutError:
            sender.cut()
        finally:
            try:
                await sender.finish()
            finally:
                watch.cancel()
                mine = sender.ended
                self._note(load, mine, sender, began=began, cpu=time.process_time() - cpu, lag=late(lags))
                await self._rest(load)
        self._refuse_more(load, mine, forgiven=sender.forgiven)
        if self.on_load is not None:
            self.on_load(load, self.result())

    def _note(
        self, load: Load, requests: list[Sent], sender: Sender, *, began: float, cpu: float, lag: float
    ) -> None:
        table = table_of(requests)
        self.requests.append(table)
        self._wire_bytes += sender.wire_bytes
        self.remade += sender.mended
        full = sender.full_at(load.concurrency or 1)
        seconds = max(1e-9, self._now() - began)
        one = measure_round(table, full=began if full is None else full, cpu=cpu / seconds, lag=lag)
        if one is not None:
            self.rounds_of[load].append(one)

    async def _rest(self, load: Load) -> None:
        """Give back what a load has left; new instances have pushed out those that pages are read of."""
        for target in self._targets[load.name, load.work]:
            await target.rest()
        if load.work == "instances":
            for (_, work), targets in self._targets.items():
                if work == "pages":
                    targets.clear()

    async def _mend(self, load: Load, session: int, error: MstrError) -> Target | None:
        """Make what is gone once more in a log-in; None where that would not help."""
        if isinstance(error, SessionExpired):
            if self._log_ins.shared:
                raise error
            await self._log_ins.renew(session)
        elif not isinstance(error, NotFound):
            return None
        known = self._targets[load.name, load.work]
        if load.work == "uploads":
            await known[session].rest()
            await known[session].prepare(load.page_rows)
        else:
            clients = await self._log_ins.first(load.sessions)
            known[session] = await self._open(load, clients[session], session)
        return known[session]

    def _refuse_more(self, load: Load, requests: Sequence[Sent], *, forgiven: int) -> None:
        """Try nothing stronger after too many errors, but for those ``forgiven``, or answers that take too long."""
        took = [each.last_byte - each.due for each in requests if each.last_byte is not None]
        failed = 1 - (len(took) + forgiven) / max(1, len(requests))
        latency = percentiles_of(took)[0].get(95.0, 0.0)
        if self._brake.why is not None:
            why = f"{load} was ended: {self._brake.why}"
        elif failed > self.bounds.errors:
            why = f"{failed:.0%} of the requests of {load} failed"
        elif latency > self.bounds.latency:
            why = f"the 95th percentile of {load} was {latency:.1f} s"
        else:
            return
        self.left_out.update(dict.fromkeys(self.rounds.refuse(load, itself=self._brake.busy), why))

    def _find_ending(self, began: float, load: Load, sender: Sender) -> Ending:
        """Say when a load has been on for long enough: at least three requests for each of its places."""

        def ended(sent: int) -> bool:
            if sender.oldest() > self.bounds.latency:
                self._brake.waits(sender.waits())
            if self._brake.why is not None or self._check_budget(sender.wire_bytes) is not None:
                return True
            if self.bounds.requests is not None:
                return sent >= self.bounds.requests
            return self._now() - began >= self.bounds.seconds and sent >= LEAST * load.concurrency

        return ended

    async def _give_back(self) -> None:
        """Delete what was made; note what could not be."""
        for targets in self._targets.values():
            for target in targets:
                if left := await target.aclose():
                    self.left_behind.append(left)

    def _now(self) -> float:
        return self.clock() - self._began


def late(lags: Sequence[float]) -> float:
    """Return the 95th percentile of the event loop's delay in seconds."""
    return sorted(lags)[int(0.95 * len(lags))] if lags else 0.0


async def _watch_lag(lags: list[float]) -> None:
    """Note, until cancelled, how late the event loop wakes up."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL
        await asyncio.sleep(LAG_INTERVAL)
        lags.append(max(0.0, loop.time() - due))
