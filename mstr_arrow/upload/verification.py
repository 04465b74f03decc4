"""An upload's verification: what is refused before it is published, and what is read back afterwards. Edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import ServerError, TransportError, UploadFailed
from mstr_arrow.upload.cube_totals import CubeTotals, fetch_row_counts, fetch_totals
from mstr_arrow.upload.published_checks import check_counts, check_rows, check_sums, describe_checks, not_added
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.upload.options import UploadOptions
    from mstr_arrow.upload.upload_statistics import UploadStatistics


class Verification:
    """The totals of the cube, before and after publishing; rows are counted also where a chunk is in doubt."""

    def __init__(
        self, http: ProjectHttp, dataset_id: str, options: UploadOptions, statistics: UploadStatistics
    ) -> None:
        self._http = http
        self._dataset_id = dataset_id
        self._options = options
        self._statistics = statistics
        self._counts: dict[str, int] = {}
        self._before = CubeTotals()

    @property
    def _counted(self) -> bool:
        return self._options.verify or self._statistics.in_doubt

    def refuse_merged(self) -> None:
        """Raise UploadFailed for rows that attributes do not tell apart, where it was asked to verify."""
        merged = self._statistics.merged
        if self._options.verify and merged:
            raise UploadFailed(
                f"{'; '.join(merged.values())}. Nothing was published.",
                table=next(iter(merged)),
                hint=naming(
                    "Add an attribute that tells the rows apart, such as their number, with "
                    "{Connection.write.attributes}, or add them up beforehand; without {Connection.write.verify} "
                    "they are published, with a warning."
                ),
            )

    async def look_before(self) -> None:
        """Look at what the cube shows, where that bears on what it will show."""
        if not self._counted or set(self._options.policies.values()) <= {"replace"}:
            return
        try:
            self._counts = await fetch_row_counts(self._http, self._dataset_id)
            if self._options.verify and self._counts:
                self._before = await self._fetch_totals(self._counts)
        except (ServerError, TransportError) as error:
            raise UploadFailed(
                f"the rows there are could not be counted: {error} Nothing was published."
            ) from error

    async def look_after(self) -> None:
        """Compare what the cube shows; errors: DataMismatch."""
        if not self._counted:
            return
        try:
            counts = await fetch_row_counts(self._http, self._dataset_id)
            after = await self._fetch_totals(counts) if self._options.verify else CubeTotals()
        except (ServerError, TransportError) as error:
            error.hint = "The data are published; only their rows could not be counted."
            raise
        statistics, policies = self._statistics, self._options.policies
        tables = list(statistics.tables.values())
        statistics.verified, statistics.verification = check_counts(tables, policies, self._counts, counts)
        fewer = {table.name: not_added(table, policies[table.name], self._counts, counts) for table in tables}
        known = {
            name: summary.sums
            for name, summary in statistics.summaries.items()
            if not fewer[name] and name in counts
        }
        sums = check_sums(known, policies, self._before, after)
        rows, there = check_rows(tables, policies, self._before, after, fewer=sum(fewer.values()))
        if statistics.verified:
            statistics.verification += describe_checks(rows, there, sums)

    async def _fetch_totals(self, counts: dict[str, int]) -> CubeTotals:
        metrics = {
            metric
            for summary in self._statistics.summaries.values()
            for metric, due in summary.sums.items()
            if due.fits
        }
        return await fetch_totals(self._http, self._dataset_id, counts, metrics)
