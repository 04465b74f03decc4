"""The files that a scan can be written to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mstr_arrow.fetch.collect import write_all
from mstr_arrow.files.partitions import PartitionedParquet
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.rolling import PartOptions
from mstr_arrow.files.sinks import Csv, IpcFile, IpcStream, Parquet, in_thread
from mstr_arrow.grid.texts import deliver_batch
from mstr_arrow.scan.builder import ScanBuilder
from mstr_arrow.scan.remarks import warn_of
from mstr_arrow.telemetry import trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mstr_arrow.fetch.collect import RowSink
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.files.adding import Mode
    from mstr_arrow.files.outputs import Target

    OnProgress = Callable[[ScanStats], object] | None


class Writable(ScanBuilder):
    """A scan that can be written to files.

    A file is written anew where its instance is gone in the middle, unless its bytes were handed on: to a file
    object of the caller's, or to a pipe.
    """

    def write_parquet(
        self,
        path: Target,
        *,
        compression: str = "zstd",
        row_group_rows: int = 131_072,
        part_rows: int | None = None,
        part_bytes: int | None = None,
        partition_by: str | Sequence[str] | None = None,
        mode: Mode | None = None,
        overwrite: bool = False,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to a Parquet file, or to a folder of them, and return what was done.

        ``path`` may begin with ``~``, be the URI of a file or of a place in a store (``s3://bucket/sales.parquet``),
        a `Location`, or a binary file object.
        ``compression`` is ``zstd``, ``snappy``, ``gzip``, ``lz4``, ``brotli`` or ``none``. The file appears
        under its name when it is whole. Holds the rows of one row group and the pages under way.

        With ``part_rows`` or ``part_bytes``, ``path`` is a folder, which appears when it is whole, of parts
        ``part-00000.parquet`` … that have so many rows, or about so many bytes. A folder that holds something is
        refused, unless ``overwrite`` is set and it holds nothing but parts, or an extraction:
        then it is replaced as a whole.

        With ``partition_by``, the folder has Hive partitions: ``Year=2024/Region=East/part-00000.parquet``. These
        columns are in the names of folders, and not in the files. Polars (``hive_partitioning=True``), DuckDB,
        Spark and pyarrow read them back, with types that they guess from the names. Holds up to 64 MB of rows
        that wait to be written, and the pages under way.

        ``mode="append"`` adds parts to those that are there, and ``mode="replace_partitions"`` replaces the
        partitions that have rows now, and leaves all others. Either shows as a whole, or not at all.

        >>> import tempfile
        >>> with ma.connect(url, username=user, password=password) as conn, tempfile.TemporaryDirectory() as folder:
        ...     sales = conn.cube("Sales Cube")
        ...     stats = sales.write_parquet(f"{folder}/sales", partition_by="Region")
        ...     east = sales.filter(ma.col("Region") == "East")
        ...     stats = east.write_parquet(f"{folder}/sales", partition_by="Region", mode="replace_partitions")
        ...     stats.rows, pl.scan_parquet(f"{folder}/sales", hive_partitioning=True).collect().height
        (408, 2000)
        """
        sink = _parquet(
            path,
            partition_by,
            mode,
            compression=compression,
            row_group_rows=row_group_rows,
            part_rows=part_rows,
            part_bytes=part_bytes,
            overwrite=overwrite,
        )
        return self._warn_of_losses(self._client.run(self._write(sink, on_progress)))

    async def write_parquet_async(
        self,
        path: Target,
        *,
        compression: str = "zstd",
        row_group_rows: int = 131_072,
        part_rows: int | None = None,
        part_bytes: int | None = None,
        partition_by: str | Sequence[str] | None = None,
        mode: Mode | None = None,
        overwrite: bool = False,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to a Parquet file or folder as `write_parquet` does, without blocking the event loop."""
        sink = _parquet(
            path,
            partition_by,
            mode,
            compression=compression,
            row_group_rows=row_group_rows,
            part_rows=part_rows,
            part_bytes=part_bytes,
            overwrite=overwrite,
        )
        return self._warn_of_losses(await self._client.bridge(self._write(sink, on_progress)))

    def write_ipc(self, path: Target, *, stream: bool = False, on_progress: OnProgress = None) -> ScanStats:
        """Write all rows to an Arrow IPC file, or as an IPC stream, with texts as plain strings.

        ``path`` may be whatever `write_parquet` takes. Holds the pages under way; 40 MB more in a store.
        """
        sink = IpcStream(path) if stream else IpcFile(path)
        return self._warn_of_losses(self._client.run(self._write(sink, on_progress)))

    async def write_ipc_async(
        self, path: Target, *, stream: bool = False, on_progress: OnProgress = None
    ) -> ScanStats:
        """Write all rows to an Arrow IPC file or stream as `write_ipc` does, without blocking the event loop."""
        sink = IpcStream(path) if stream else IpcFile(path)
        return self._warn_of_losses(await self._client.bridge(self._write(sink, on_progress)))

    def write_csv(self, path: Target, *, on_progress: OnProgress = None) -> ScanStats:
        """Write all rows as CSV: a header, quotes where needed, null as an empty field. Holds as `write_ipc`."""
        return self._warn_of_losses(self._client.run(self._write(Csv(path), on_progress)))

    async def write_csv_async(self, path: Target, *, on_progress: OnProgress = None) -> ScanStats:
        """Write all rows as CSV as `write_csv` does, without blocking the event loop."""
        return self._warn_of_losses(await self._client.bridge(self._write(Csv(path), on_progress)))

    @trace("mstr_arrow.write", lambda _self, sink, _on_progress: {"mstr_arrow.sink": type(sink).__name__})
    async def _write(self, sink: RowSink, on_progress: OnProgress) -> ScanStats:
        convert = partial(deliver_batch, strings=sink.strings)

        async def write() -> ScanStats:
            async with self._open_reader(convert, on_progress) as reader:
                await write_all(reader, sink)
                return reader.stats()

        async def drop() -> bool:
            return await in_thread(sink.begin_again)

        try:
            await in_thread(sink.open)
            return await self._resolver.once_more(write, drop)
        except BaseException:
            await in_thread(sink.abandon)
            raise

    def _warn_of_losses(self, stats: ScanStats) -> ScanStats:
        """Warn of what a read has lost, where the caller of the caller is; return its stats."""
        warn_of(stats.bad_values, getattr(self, "name", None), consistent=stats.consistent, stacklevel=3)
        self._warn_of_less(stats, stacklevel=3)
        return stats


def _parquet(
    path: Target,
    partition_by: str | Sequence[str] | None,
    mode: Mode | None,
    *,
    compression: str,
    row_group_rows: int,
    part_rows: int | None,
    part_bytes: int | None,
    overwrite: bool,
) -> Parquet | ParquetParts | PartitionedParquet:
    if partition_by is None and mode is None and part_rows is None and part_bytes is None:
        return Parquet(path, compression=compression, row_group_rows=row_group_rows)
    options = PartOptions(
        compression=compression, row_group_rows=row_group_rows, part_rows=part_rows, part_bytes=part_bytes
    )
    if partition_by is None:
        return ParquetParts(path, options, overwrite=overwrite, mode=mode)
    return PartitionedParquet(path, options, partition_by=partition_by, overwrite=overwrite, mode=mode)
