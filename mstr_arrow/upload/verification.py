"""An upload's verification: what is refused before it is published, and what is read back afterwards. Edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import ServerError, TransportError, UploadFailed
from mstr_arrow.upload.counts import Shown, row_counts, shown
from mstr_arrow.upload.verdict import check_counts, check_rows, check_sums, not_added, told
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.upload.options import UploadOptions
    from mstr_arrow.upload.tally import Tally


class Verification:
    """What the cube shows, before and after publishing; rows are counted also where a chunk is in doubt."""

    def __init__(self, http: ProjectHttp, dataset_id: str, options: UploadOptions, tally: Tally) -> None:
        self._http = http
        self._dataset_id = dataset_id
        self._options = options
        self._tally = tally
        self._counts: dict[str, int] = {}
        self._before = Shown()

    @property
    def _counted(self) -> bool:
        return self._options.verify or self._tally.in_doubt

    def refuse_merged(self) -> None:
        """Raise UploadFailed for rows that attributes do not tell apart, where it was asked to verify."""
        merged = self._tally.merged
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
            self._counts = await row_counts(self._http, self._dataset_id)
            if self._options.verify and self._counts:
                self._before = await self._shown(self._counts)
        except (ServerError, TransportError) as error:
            raise UploadFailed(
                f"the rows there are could not be counted: {error} Nothing was published."
            ) from error

    async def look_after(self) -> None:
        """Compare what the cube shows; errors: DataMismatch."""
        if not self._counted:
            return
        try:
            counts = await row_counts(self._http, self._dataset_id)
            after = await self._shown(counts) if self._options.verify else Shown()
        except (ServerError, TransportError) as error:
            error.hint = "The data are published; only their rows could not be counted."
            raise
        tally, policies = self._tally, self._options.policies
        tables = list(tally.tables.values())
        tally.verified, tally.verification = check_counts(tables, policies, self._counts, counts)
        fewer = {table.name: not_added(table, policies[table.name], self._counts, counts) for table in tables}
        known = {name: seen.sums for name, seen in tally.seen.items() if not fewer[name] and name in counts}
        sums = check_sums(known, policies, self._before, after)
        rows, there = check_rows(tables, policies, self._before, after, fewer=sum(fewer.values()))
        if tally.verified:
            tally.verification += told(rows, there, sums)

    async def _shown(self, counts: dict[str, int]) -> Shown:
        metrics = {metric for seen in self._tally.seen.values() for metric, due in seen.sums.items() if due.fits}
        return await shown(self._http, self._dataset_id, counts, metrics)
