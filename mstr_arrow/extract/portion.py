"""The rows that an extraction still lacks: read in order, and written into parts, each noted when it is done."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.extract.changes import check_bad_values, check_border, check_overlap, check_sample
from mstr_arrow.extract.manifest import Bad
from mstr_arrow.fetch.bad_values import Tally
from mstr_arrow.fetch.base_reader import ReadSpec
from mstr_arrow.fetch.instance_reader import InstanceReader
from mstr_arrow.files.sinks import WritingThread, in_thread
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.misfits import misfits_in
from mstr_arrow.grid.rows import Range
from mstr_arrow.instances.belonging import check_belongs, check_rows
from mstr_arrow.instances.page_request import fetch_page, read_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mstr_arrow.extract.extract_options import Chosen
    from mstr_arrow.extract.folder import Folder
    from mstr_arrow.extract.manifest import Manifest
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.files.sinks import Parquet
    from mstr_arrow.grid.decode import Page
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.query.residual import Residual
    from mstr_arrow.session.in_project import ProjectSession

    OnProgress = Callable[[ScanStats], object] | None

SAMPLES, SAMPLE_ROWS = 3, 1_000
"""Places among the rows written that are compared with another instance, and the rows of each, at most."""

OVERLAP = 64
"""Rows of the grid that are fetched again where an extraction goes on, to compare them with those written."""


class Portion:
    """Parts in the making. Holds the rows of a row group, and the pages under way."""

    def __init__(self, folder: Folder, options: Chosen, begun: Manifest, residual: Residual) -> None:
        self._folder = folder
        self._options = options
        self._manifest = begun
        self._residual = residual
        self._part: Parquet | None = None
        self._rows = 0
        self._position = begun.offset
        self._bytes_per_row: float | None = None
        self._columns: Columns | None = None
        self._misfits: list[Misfit] = []
        self._thread = WritingThread()

    async def fetch_missing(
        self,
        session: ProjectSession,
        source: Source,
        options: ReadOptions,
        instance: Instance,
        *,
        same_instance: bool,
        on_progress: OnProgress,
        on_part: Callable[[], Awaitable[None]],
    ) -> tuple[Manifest, ScanStats | None]:
        """Read what is missing and return the manifest with all parts.

        Rows before the first missing one are compared with those written. ``on_part`` is called when a part was
        noted. Errors: DataChanged, FileError, and those of a read, which leave the parts that are done.
        """
        stats = None
        try:
            if self._position < instance.total:
                start = _overlap(self._position, options)
                spec = ReadSpec(
                    session,
                    source,
                    options,
                    self._residual.rows,
                    _from(start, on_progress),
                    narrow=self._residual.schema,
                    start=start,
                    counted_from=self._position,
                )
                reader = InstanceReader[pa.RecordBatch](spec)
                try:
                    await reader.open(instance)
                    self._columns = reader.columns
                    await self._read_on(reader, start, on_part, same_instance=same_instance)
                finally:
                    await reader.aclose()
                stats = reader.stats()
            if self._part is not None or not self._manifest.parts:
                await self._open()
                await self._end(instance.total, on_part)
        finally:
            await self._thread.run(self._folder.drop)
            self._thread.end()
        return replace(self._manifest, offset=instance.total), stats

    async def compare_samples(
        self, session: ProjectSession, source: Source, options: ReadOptions, instance: Instance
    ) -> None:
        """Compare rows drawn at random among those written with those of an instance; errors: DataChanged."""
        parts = self._manifest.parts if self._manifest.exact else ()
        for part in random.sample(parts, min(SAMPLES, len(parts))):
            rows = min(part.rows, SAMPLE_ROWS)
            offset = random.randint(0, part.rows - rows)
            first = part.end - part.rows + offset
            page = await _page(session, source, options, instance, Range(first, rows))
            fetched = pa.Table.from_batches([self._residual.rows(page.batch)])
            written = await in_thread(self._folder.rows, part, offset, fetched.num_rows)
            await in_thread(check_sample, written, fetched, first)

    async def _read_on(
        self,
        reader: InstanceReader[pa.RecordBatch],
        start: Range | None,
        on_part: Callable[[], Awaitable[None]],
        *,
        same_instance: bool,
    ) -> None:
        before = [] if start is None else [pa.Table.from_batches([], self._manifest.schema)]
        began = 0 if start is None else start.offset
        compared = start is None
        misfits: list[Misfit] = []
        while (batch := await reader.next()) is not None:
            position = began + reader.stats().rows
            if not compared:
                if position <= self._manifest.offset:  # pages end where the rows that are done do
                    before.append(pa.Table.from_batches([batch]))
                    misfits += reader.misfits
                    continue
                compared = True
                await in_thread(self._compare, before, batch, same_instance)
                check_bad_values(self._manifest, began, misfits)
            self._misfits += reader.misfits
            await self._take(batch, position, on_part)

    def _compare(self, before: list[pa.Table], batch: pa.RecordBatch, same_instance: bool) -> None:
        """Compare the rows before the first missing one with those written; errors: DataChanged."""
        again = pa.concat_tables(before)
        written = self._folder.last_rows(self._manifest, max(1, again.num_rows))
        check_overlap(written.slice(written.num_rows - again.num_rows), again)
        if not same_instance:
            check_border(written, pa.Table.from_batches([batch]))

    async def _take(self, batch: pa.RecordBatch, position: int, on_part: Callable[[], Awaitable[None]]) -> None:
        """Write a batch, after which the rows of the grid before ``position`` are done.

        Where every row of the grid is one of the result, a part may end anywhere, and not only where a page does.
        """
        left = batch
        while left.num_rows:
            room = left.num_rows if self._options.part_rows is None else self._options.part_rows - self._rows
            taken = left.slice(0, max(1, room)) if self._manifest.exact else left
            left = left.slice(taken.num_rows)
            part = await self._open()
            await self._thread.run(part.write, taken)
            self._rows += taken.num_rows
            if self._full(taken):
                await self._end(position - left.num_rows, on_part)

    def _full(self, batch: pa.RecordBatch) -> bool:
        options = self._options
        if options.part_rows is not None and self._rows >= options.part_rows:
            return True
        if options.bytes is None or self._part is None:
            return False
        rows, size = self._part.flushed
        if rows:
            self._bytes_per_row = size / rows
        elif self._bytes_per_row is None:
            self._bytes_per_row = batch.get_total_buffer_size() / batch.num_rows  # more than it will be
        return self._rows * self._bytes_per_row >= options.bytes

    async def _open(self) -> Parquet:
        if self._part is None:
            self._part = await self._thread.run(self._folder.open_part, self._manifest, self._options)
        return self._part

    async def _end(self, position: int, on_part: Callable[[], Awaitable[None]]) -> None:
        """End the part under way, in one piece of work: what interrupts it costs no part that is done."""
        if self._part is None:
            return
        bad = self._bad(position)
        self._manifest = await self._thread.run(self._folder.keep, self._manifest, self._rows, position, bad)
        kept = self._manifest.parts[-1]
        self._bytes_per_row = kept.bytes / kept.rows if kept.rows else None
        self._part, self._rows = None, 0
        await on_part()

    def _bad(self, position: int) -> Bad:
        """Return the bad values of the rows before a position; those behind them are for the next part."""
        done = [each for each in self._misfits if each.row < position]
        self._misfits = [each for each in self._misfits if each.row >= position]
        if self._columns is None or not done:
            return Bad()
        tally = Tally(self._columns)
        tally.count(done)
        return Bad(tally.found, tuple(misfits_in(range(position - OVERLAP, position), done)))


async def _page(
    session: ProjectSession, source: Source, options: ReadOptions, instance: Instance, wanted: Range
) -> Page:
    """Return a page of an instance; it is asked for again where it is not as it should be."""

    async def ask(rows: Range) -> Response:
        return await fetch_page(session, source, instance.id, rows, options.grid)

    async def read(response: Response) -> Page:
        def decode() -> Page:
            return decode_page(response.text(), instance.columns, offset=wanted.offset, largest=response.largest)

        with response.give_up_if_cancelled():
            page = await asyncio.to_thread(decode)
        check_belongs(page, source, instance.id)
        check_rows(page, wanted, instance.total)
        return page

    return await read_page(session, ask(wanted), wanted, ask, read)


def _overlap(done: int, options: ReadOptions) -> Range | None:
    """Return the rows before the first missing one that are fetched again, as a page of its own."""
    rows = min(done, OVERLAP, options.limits.first_rows)
    return Range(done - rows, rows) if rows else None


def _from(start: Range | None, on_progress: OnProgress) -> OnProgress:
    """Have progress count the rows that were there before."""
    if start is None or on_progress is None:
        return on_progress
    before = start.offset
    return lambda stats: on_progress(
        replace(stats, rows=stats.rows + before, result_rows=stats.result_rows + before, rows_before=before)
    )
