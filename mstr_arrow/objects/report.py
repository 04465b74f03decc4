"""A report: a scan of its own template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import ProtocolError
from mstr_arrow.objects.catalogue import fetch_definition, read_info
from mstr_arrow.scan.instance import Source
from mstr_arrow.scan.scan import Scan

if TYPE_CHECKING:
    from mstr_arrow.objects.catalogue import ObjectInfo
    from mstr_arrow.scan.options import ReadOptions
    from mstr_arrow.transport.client import Client

_PROBE_ROWS = 1000


class Report(Scan):
    """A report: a scan of what its own template shows, in any layout.

    Its instance runs the report, perhaps for minutes, and is created once per read; looking at the schema
    first costs no second one.
    """

    def __init__(self, connection: Client, report_id: str, name: str, options: ReadOptions) -> None:
        source = Source(
            f"v2/reports/{report_id}/instances",
            {},
            connection.server_version,
            totals=True,
            probe_rows=_PROBE_ROWS,
            runs=True,
        )
        super().__init__(connection, source, options)
        self.id = report_id
        self.name = name

    def __repr__(self) -> str:
        return f"<Report {self.name!r} {self.id}>"

    @property
    def info(self) -> ObjectInfo:
        """What the server says about the report without running it. GET /api/objects/{id}?type=3."""
        return self._connection.run(read_info(self._connection.http, self.id))

    async def info_async(self) -> ObjectInfo:
        """Return `info`."""
        return await self._connection.bridge(read_info(self._connection.http, self.id))


async def open_report(connection: Client, name_or_id: str, options: ReadOptions) -> Report:
    """Find a report and read its definition."""
    body = await fetch_definition(connection.http, name_or_id, "report")
    try:
        return Report(connection, body["id"], body["name"], options)
    except (KeyError, TypeError) as error:
        raise ProtocolError("The server's answer is no definition of a report.") from error
