"""The SQL of a cube or report."""

from __future__ import annotations

from mstr_arrow.instances.sql_view import sql_view
from mstr_arrow.scan.scan import Scan


class Sql(Scan):
    """A scan of an object for which the server writes SQL."""

    def sql_view(self) -> str:
        """Return the SQL that the server runs for the object, without a run.

        The SQL is that of the whole object: the server applies `Scan.aggregate` and `Scan.filter` afterwards. A
        report's prompts need answers first. Sends GET …/sqlView for a cube; for a report POST …/instances with
        ``executionStage=resolve_prompts``, then GET …/instances/{id}/sqlView. Raises PermissionDenied where the
        user may not see SQL, and PromptsOpen.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").sql_view().split()[0]
        'select'
        """
        return self._client.run(sql_view(self._resolver.session, self._resolver.source))

    async def sql_view_async(self) -> str:
        """Return the SQL of the object as `sql_view` does, without blocking the event loop."""
        return await self._client.bridge(sql_view(self._resolver.session, self._resolver.source))
