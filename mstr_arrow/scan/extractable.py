"""The face of extractions: what a scan offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.extract.destination import folder_at
from mstr_arrow.extract.extract_options import ExtractOptions, complete_options
from mstr_arrow.extract.extraction import Extraction
from mstr_arrow.scan.remarks import warn_of
from mstr_arrow.signatures import takes
from mstr_arrow.telemetry import trace

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from typing import Self, Unpack

    from mstr_arrow.extract.extract_options import Chosen
    from mstr_arrow.extract.extract_result import ExtractResult
    from mstr_arrow.fetch.read_options import ScanOptions
    from mstr_arrow.fetch.resolver import Resolver
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.files.locations import Location
    from mstr_arrow.session.session_client import Client

    OnProgress = Callable[[ScanStats], object] | None


class Extractable:
    """A scan that can be extracted part by part."""

    _client: Client
    _resolver: Resolver

    @takes(ExtractOptions)
    def extract(
        self,
        folder: str | os.PathLike[str] | Location,
        *,
        on_progress: OnProgress = None,
        **options: Unpack[ExtractOptions],
    ) -> ExtractResult:
        """Write all rows into a folder of Parquet parts, and go on there after a run that was killed.

        The server is asked for the rows in a total order, sorted by all their attributes. Parts gather in
        ``.<name>.extracting`` beside the folder, each noted in a manifest when it is on the disk. The folder
        appears when it is whole, with ``part-00000.parquet`` … and ``_manifest.json``. It may be in a store, by its
        URI or a `Location`: then the manifest appears when all parts are there, and `list_parts` reads it.

        A run that was killed, however that happened, leaves what it had done. Another with the same arguments
        fetches what is missing: from the instance of the killed run while it lives, else from a new one, if data
        time, number of rows, columns and the last rows that were written are what they were. If not, it raises
        DataChanged, or starts again with ``on_change="restart"``. What the part under way held is fetched again.

        The session of a killed run is logged out by the next one, which finds it in a file that only its owner can
        read: beside the parts or, where these are in a store, on this machine. `ExtractOptions` lists the
        ``options``. Holds the rows of one row group and the pages under way.

        Raises UsageError for rows that the server cannot sort (cross-tabs, metrics on rows, subtotals, pages of a
        report) and for a folder that must not be replaced; and what every read raises, after which another run goes
        on, too.

        >>> import tempfile
        >>> with ma.connect(url, username=user, password=password) as conn, tempfile.TemporaryDirectory() as folder:
        ...     done = conn.cube("Sales Cube").extract(f"{folder}/sales", part_rows=500)
        ...     done.rows, done.parts, pl.scan_parquet(f"{folder}/sales/*.parquet").collect().height
        (2000, 4, 2000)
        """
        return self._pass_on_result(self._client.run(self._extract(folder, complete_options(options), on_progress)))

    @takes(ExtractOptions)
    async def extract_async(
        self,
        folder: str | os.PathLike[str] | Location,
        *,
        on_progress: OnProgress = None,
        **options: Unpack[ExtractOptions],
    ) -> ExtractResult:
        """Write all rows into a folder of parts as `extract` does, without blocking the event loop."""
        return self._pass_on_result(
            await self._client.bridge(self._extract(folder, complete_options(options), on_progress))
        )

    def _pass_on_result(self, result: ExtractResult) -> ExtractResult:
        """Warn of bad values, of former runs, too, where `extract` is called, past what checks its options."""
        if not result.skipped:
            name, consistent = getattr(self, "name", None), result.consistent
            warn_of(result.bad_values, name, consistent=consistent, stacklevel=4)
        return result

    def with_options(self, **options: Unpack[ScanOptions]) -> Self:
        """Return the same scan, read otherwise."""
        raise NotImplementedError

    @trace("mstr_arrow.write", lambda *_: {"mstr_arrow.sink": "Extraction"})
    async def _extract(
        self, folder: str | os.PathLike[str] | Location, options: Chosen, on_progress: OnProgress
    ) -> ExtractResult:
        resolver = self.with_options(ordered=True, total_order=True)._resolver  # noqa: SLF001 - its own
        place = folder_at(folder, overwrite=options.overwrite)
        return await Extraction(resolver, place, options, getattr(self, "name", None), on_progress).run()
