"""The common part of all reads: opened, pulled from until nothing comes, begun again if need be, closed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from mstr_arrow.fetch.context import ReadContext
from mstr_arrow.fetch.scheduler import make_closed_error
from mstr_arrow.instances.execute import INSTANCES
from mstr_arrow.telemetry import Span, count, measure

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.rows import Range
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession

T = TypeVar("T", bound="Sliceable")


class Sliceable(Protocol):
    """Some rows: a record batch or a frame."""

    def __len__(self) -> int: ...

    def slice(self, offset: int, length: int) -> Self:
        """Return some of the rows."""


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """The subject of a reader, and the form in which it is handed out.

    ``convert`` may leave out rows, and columns as ``narrow`` does. No more than ``head`` rows are handed out. Of an
    instance no more than ``first`` rows of the grid are asked for until these are taken, and none before those of
    ``start``, which is the first page; bad values are counted from the row ``counted_from`` on.
    """

    session: ProjectSession
    source: Source
    options: ReadOptions
    convert: Callable[[pa.RecordBatch], Any]
    on_progress: Callable[[ScanStats], object] | None = None
    narrow: Callable[[pa.Schema], pa.Schema] = lambda schema: schema
    head: int | None = None
    first: int | None = None
    start: Range | None = None
    counted_from: int = 0


class BaseReader(ABC, Generic[T]):
    """Rows pulled batch by batch, each converted in a worker thread; on the background loop only.

    The session is kept alive, and ends the read when it is closed, until `aclose`. ``shows_at_end``: the consumer
    shows no rows before the last, and would rather begin again than go on over what is only likely the same.
    """

    def __init__(self, spec: ReadSpec) -> None:
        source = spec.source
        self._spec = spec
        self._context = ReadContext(spec.session, spec.options, spec.on_progress)
        self._source = source
        self._subject = {"mstr.object.id": source.object_id, "mstr.object.type": source.kind}
        self._span = Span("mstr_arrow.read", self._subject)
        self._convert = spec.convert
        self._begun_again = 0
        self.shows_at_end = False
        self.closed = False
        spec.session.register(self)

    @property
    @abstractmethod
    def columns(self) -> Columns:
        """The columns of the result."""

    @property
    def schema(self) -> pa.Schema:
        """The schema of what is handed out, texts as dictionaries."""
        return self._spec.narrow(self.columns.schema)

    def stats(self) -> ScanStats:
        """Return the counts so far."""
        return self._context.stats()

    async def open(self, instance: Instance | None) -> None:
        """Read the first rows: of ``instance``, if it still lives, else of a new one."""
        with self._span.current():
            await self._context.deadline.within(self._open(instance))

    async def next(self) -> T | None:
        """Return the next rows, converted; None after the last."""
        with self._span.current():
            return await self._context.deadline.within(self._next())

    async def start_over(self) -> bool:
        """Begin again with another instance, as the rows handed out so far are not used; False if that is no use.

        For an instance that is gone under a consumer who holds all rows. Done so often as `INSTANCES` says.
        """
        if not self._can_begin_again or self._begun_again + 1 >= INSTANCES:
            return False
        self._begun_again += 1
        self._context.meter.result_rows = 0
        await self._context.deadline.within(self._begin_again())
        return True

    async def aclose(self) -> None:
        """Stop the requests and give back what is held here; places of instances are for others."""
        if self.closed:
            return
        self.closed = True
        self._tell(self.stats())
        self._context.close()
        self._context.session.unregister(self)
        await self._stop()
        self._context.dismiss()

    def _tell(self, stats: ScanStats) -> None:
        """Note in traces and counters what the read did."""
        self._span.note(
            {
                "mstr_arrow.rows": stats.result_rows,
                "mstr_arrow.bytes": stats.bytes,
                "mstr_arrow.requests": stats.requests,
                "mstr_arrow.retries": stats.retries,
                "mstr_arrow.restarts": stats.restarts,
                "mstr_arrow.consistent": stats.consistent,
            }
        )
        self._span.end()
        count("mstr_arrow.rows", stats.result_rows, self._subject)
        count("mstr_arrow.bytes", stats.bytes, self._subject)
        measure("mstr_arrow.read.duration", stats.seconds, self._subject)

    async def _next(self) -> T | None:
        meter = self._context.meter
        if self.closed:
            raise make_closed_error()
        while not self._enough and (item := await self._take()) is not None:
            if len(item):
                if self._spec.head is not None:
                    item = item.slice(0, self._spec.head - meter.result_rows)
                meter.result_rows += len(item)
                self._report()
                return item
        meter.end()
        return None

    def _report(self) -> None:
        self.stats()
        self._context.report()

    @property
    def _enough(self) -> bool:
        return self._spec.head is not None and self._context.meter.result_rows >= self._spec.head

    @property
    def _can_begin_again(self) -> bool:
        """Whether another instance can be made of what is read."""
        return self._source.given is None

    @abstractmethod
    async def _open(self, instance: Instance | None) -> None:
        """Take an instance that was made before, if it still lives, or make one."""

    @abstractmethod
    async def _take(self) -> T | None:
        """Return the next rows, which may be none; None after the last."""

    @abstractmethod
    async def _begin_again(self) -> None:
        """Read from the first row, over another instance."""

    @abstractmethod
    async def _stop(self) -> None:
        """Stop the requests, and give the places of instances back."""
